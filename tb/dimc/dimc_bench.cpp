// SPDX-License-Identifier: Apache-2.0
//
// Clock of dimc_bench: `dimc_bench <cycles> <int4>` prints one line of JSON.
#include <chrono>
#include <cstdio>
#include <cstdlib>

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
    const auto start = std::chrono::steady_clock::now();
    run(cycles);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("{\"cycles\": %ld, \"vectors\": %u, \"conflicts\": %u, \"checksum\": %u, "
                "\"cycles_per_second\": %.0f}\n",
                cycles, bench.vectors, bench.conflicts, bench.checksum, cycles / took.count());
    return 0;
}
