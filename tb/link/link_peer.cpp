// SPDX-License-Identifier: Apache-2.0
//
// One end of a link against a peer and a model written from docs/link: `link_peer <seed> <cycles>`.
// Two ends of the same design hide a fault that both have; here every phit, header, stream,
// counter and register of the end is compared with what peer_model.h expects of it in that cycle,
// and every training sequence with its definition. Prints one line of JSON, or what was wrong first.
#include "peer_states.h"

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    context.commandArgs(argc, argv);
    context.randReset(2);
    context.randSeed(std::atoi(argv[1]));
    generator.seed(std::strtoull(argv[1], nullptr, 0));
    now = 64;
    const uint64_t cycles_each = std::strtoull(argv[2], nullptr, 0);
    traffic_cases(cycles_each);
    watchdogs();
    broken_rules();
    long_counts();
    training_cases(40);
    state_cases();
    reset();
    std::printf("{\"cycles\": %llu, \"flits\": %u, \"received\": %u, \"replays\": %u, \"errors\": %u}\n",
                static_cast<unsigned long long>(now), total[0], total[1], total[2], total[3]);
    return 0;
}
