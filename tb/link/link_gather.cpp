// SPDX-License-Identifier: Apache-2.0
//
// Clock of link_gather: `link_gather <chiplets> <beats> ...` prints, as a JSON list, the cycles of
// an all-gather for each number of beats.
#include <cstdio>
#include <cstdlib>

#include "Vlink_gather.h"
#include "verilated.h"

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    VerilatedContext context;
    Vlink_gather bench(&context);
    auto run = [&bench](long cycles) {
        for (; cycles > 0; --cycles) {
            bench.clk = 0;
            bench.eval();
            bench.clk = 1;
            bench.eval();
        }
    };
    bench.peers = (1 << std::atoi(argv[1])) - 2;
    bench.start = 0;
    bench.rst = 1;
    run(4);
    bench.rst = 0;
    run(600);  // training
    for (int i = 2; i < argc; ++i) {
        bench.beats = std::atoi(argv[i]);
        bench.start = 1;
        run(1);
        bench.start = 0;
        long limit = 100 + 10L * bench.beats;
        while (!bench.idle && !bench.wrong && --limit > 0) run(1);
        if (bench.wrong || limit == 0) return 1;
        // Cycles are counted up to the one in which the last beat is written.
        std::printf("%s%u", i == 2 ? "[" : ", ", bench.cycles - 1);
        run(2000);  // all buffers are empty again
    }
    std::printf("]\n");
    return 0;
}
