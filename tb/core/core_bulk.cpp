// SPDX-License-Identifier: Apache-2.0
// Runs core_tb freely and hands its retirement records on, for tests/core/test_bulk.py.
//
//   core_bulk key=value ... +plusarg ...
//     records=FD       gets the records, 64 bytes each, the oldest first
//     cycles=N         limit
//     regions=A,B,C,D  i_first, i_last, d_first, d_last of core_tb
//     behave=N,I,D,F,G,Q   for N cycles: i_stall, d_stall, i_fault, d_fault, irq_chance; the next
//                      behave= follows, behind the last one the first again
//
// Status: 0 the program ended with result 1, 2 with another, 3 still running after N cycles.
#include <cstdint>
#include <cstdio>

#include "Vcore_tb.h"
#include "../common/bulk_arguments.h"
#include "verilated.h"

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vcore_tb tb(&context);
  BulkArguments arguments(argc, argv);
  if (!arguments.complete()) return 1;
  if (arguments.given("regions")) {
    const BulkArguments::Numbers& n = arguments["regions"];
    tb.i_first = n[0], tb.i_last = n[1], tb.d_first = n[2], tb.d_last = n[3];
  }

  constexpr size_t kWords = 16;  // of a record
  const size_t batch = sizeof tb.batch / (4 * kWords);
  uint32_t seen = 0;
  bool ended = false;
  for (uint64_t cycle = 0; cycle < arguments.limit && !ended; cycle++) {
    if (const BulkArguments::Numbers* b = arguments.begins()) {
      tb.i_stall = (*b)[1], tb.d_stall = (*b)[2], tb.i_fault = (*b)[3], tb.d_fault = (*b)[4];
      tb.irq_chance = (*b)[5];
    }
    tb.rst = cycle < 3;
    tb.clk = 0;
    tb.eval();
    tb.clk = 1;
    tb.eval();
    if (tb.rst) continue;
    ended = tb.flushed;
    if (tb.batches != seen) {
      seen = tb.batches;
      const uint32_t* first = &tb.batch[0] + kWords * (batch - tb.batch_records);
      const size_t written = fwrite(first, 4 * kWords, tb.batch_records, arguments.records);
      if (written != tb.batch_records) return 1;
    }
  }
  tb.final();
  fclose(arguments.records);
  return !ended ? 3 : tb.result == 1 ? 0 : 2;
}
