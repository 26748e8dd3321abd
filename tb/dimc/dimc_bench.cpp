// SPDX-License-Identifier: Apache-2.0
//
// Clock of dimc_bench: `dimc_bench <cycles> <int4>` prints one line of JSON.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "Vdimc_bench.h"
#include "verilated.h"

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const long cycles = std::atol(argv[1]);
    VerilatedContext context;
    Vdimc_bench bench(&context);
    bench.int4 = std::atoi(argv[2]);
    auto run = [&bench](long n) {
        for (long i = 0; i < n; ++i) {
            bench.clk = 0;
            bench.eval();
            bench.clk = 1;
            bench.eval();
        }
    };
    bench.rst = 1;
    run(4);
    bench.rst = 0;
    while (!bench.filled) run(1);
    // Time of this process, which has one thread: other load on the machine counts less.
    const std::clock_t start = std::clock();
    run(cycles);
    const double took = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("{\"cycles\": %ld, \"span\": %llu, \"macs\": %llu, \"vectors\": %u, \"writes\": %u, "
                "\"conflicts\": %u, \"stalls\": %u, \"checksum\": %u, \"cycles_per_second\": %.0f}\n",
                cycles, static_cast<unsigned long long>(bench.span),
                static_cast<unsigned long long>(bench.macs), bench.vectors, bench.writes,
                bench.conflicts, bench.stalls, bench.checksum, cycles / took);
    return 0;
}
