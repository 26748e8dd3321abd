// SPDX-License-Identifier: Apache-2.0
//
// Bulk evaluation of fp32_probe: reads operand pairs (two little-endian 32-bit words each) from
// standard input and writes one result word per pair; the first argument is the operation, plusargs
// may follow. It knows nothing of fp32: the comparison with numpy is tests/common/test_fp32.py.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vfp32_probe.h"
#include "verilated.h"

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vfp32_probe probe(&context);
    probe.op = std::atoi(argv[1]);
    std::vector<uint32_t> in(1 << 17), out(1 << 16);
    while (size_t pairs = std::fread(in.data(), 8, out.size(), stdin)) {
        for (size_t i = 0; i < pairs; ++i) {
            probe.a = in[2 * i];
            probe.b = in[2 * i + 1];
            probe.eval();
            out[i] = probe.y;
        }
        if (std::fwrite(out.data(), 4, pairs, stdout) != pairs) return 1;
    }
    return 0;
}
