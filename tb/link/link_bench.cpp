// SPDX-License-Identifier: Apache-2.0
//
// Clock of link_bench: `link_bench <beats> <error threshold> <seed> <single>` prints one line of
// JSON: at full rate what link_bench counts, or with single 1 the latency of beats that are sent
// one at a time, at random distances.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include "Vlink_bench.h"
#include "verilated.h"

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    VerilatedContext context;
    Vlink_bench bench(&context);
    bench.beats = std::strtoul(argv[1], nullptr, 0);
    bench.error_threshold = std::strtoul(argv[2], nullptr, 0);
    bench.seed = std::strtoul(argv[3], nullptr, 0);
    const bool single = std::atoi(argv[4]) != 0;
    unsigned long long spent = 0;
    // Outputs are those of the cycle that the rising edge ends.
    bool taken = false, got = false;
    auto cycle = [&] {
        bench.clk = 0;
        bench.eval();
        taken = bench.taken;
        got = bench.got;
        bench.clk = 1;
        bench.eval();
        ++spent;
    };
    auto ok = [&bench] { return !bench.down && !bench.wrong; };
    bench.offer = 0;
    bench.rst = 1;
    for (int i = 0; i < 4; ++i) cycle();
    bench.rst = 0;
    while (!bench.ready) cycle();
    for (int i = 0; i < 100; ++i) cycle();
    if (single) {
        std::mt19937 random(bench.seed);
        std::vector<int> latency;
        while (!bench.done && ok()) {
            for (unsigned wait = 60 + random() % 100; wait > 0; --wait) cycle();
            bench.offer = 1;
            do cycle(); while (!taken);
            bench.offer = 0;
            int cycles = 0;
            do { cycle(); ++cycles; } while (!got && ok());
            latency.push_back(cycles);
        }
        std::sort(latency.begin(), latency.end());
        std::printf("{\"min\": %d, \"median\": %d, \"max\": %d}\n", latency.front(),
                    latency[latency.size() / 2], latency.back());
        return ok() ? 0 : 1;
    }
    const std::clock_t start = std::clock();
    spent = 0;
    bench.offer = 1;
    while (!bench.done && ok()) cycle();
    const double took = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("{\"cycles\": %llu, \"wrong\": %u, \"down\": %u, \"flits\": %u, \"errors\": %u, "
                "\"replays\": %u, \"trips\": %u, \"trip_cycles\": %llu, "
                "\"cycles_per_second\": %.0f}\n",
                static_cast<unsigned long long>(bench.cycles), bench.wrong, bench.down,
                bench.flits, bench.errors, bench.replays, bench.trips,
                static_cast<unsigned long long>(bench.trip_cycles), double(spent) / took);
    return 0;
}
