// SPDX-License-Identifier: Apache-2.0
// Runs chiplet_tb freely and hands its records on, for tests/chiplet/test_random.py.
//
//   chiplet_bulk key=value ... +folder=F
//     records=FD        gets the records, six 32-bit words each: step, chiplet, queue | opcode << 8
//                       | idle << 16 | full << 17, busy queues, sequence, signature
//     cycles=N          limit
//     link=L,E,S        latency of the link, error threshold, seed
//     behave=N,R,W,B    for N cycles: read_latency, write_latency, bandwidth; the next behave=
//                       follows, behind the last one the first again
//
// Status: 0 both scripts are done, 2 one has failed (its line says where), 3 still running.
#include <cstdint>
#include <cstdio>

#include "Vchiplet_tb.h"
#include "../common/bulk_arguments.h"
#include "verilated.h"

static constexpr uint32_t kDone = 0xD0DE, kFailed = 0xFA11;  // tb/chiplet/script.c

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vchiplet_tb tb(&context);
  BulkArguments arguments(argc, argv);
  if (!arguments.complete()) return 1;
  if (arguments.given("link")) {
    const BulkArguments::Numbers& n = arguments["link"];
    tb.link_latency = n[0], tb.error_threshold = n[1], tb.seed = n[2];
  }

  tb.dump = 0;
  uint64_t cycle = 0;
  int status = 3;
  for (; cycle < arguments.limit && status == 3; cycle++) {
    if (const BulkArguments::Numbers* b = arguments.begins()) {
      tb.read_latency = (*b)[1], tb.write_latency = (*b)[2], tb.bandwidth = (*b)[3];
    }
    tb.rst = cycle < 5;
    tb.load = cycle > 0;
    tb.clk = 0;
    tb.eval();
    tb.clk = 1;
    tb.eval();
    if (tb.rst) continue;
    bool done = true;
    for (int c = 0; c < 2; c++) {
      const uint32_t step = uint32_t(tb.host_status >> 32 * c);
      done = done && step == kDone;
      if (step == kFailed) {
        status = 2;
        printf("cycle %lu: the script of chiplet %d failed at 0x%08x, read 0x%08x\n", cycle, c,
               uint32_t(tb.host_error >> 32 * c), uint32_t(tb.host_error_info >> 32 * c));
      }
      if (!(tb.trace_valid >> c & 1)) continue;
      const uint32_t queue = tb.trace_queue >> 5 * c & 31, opcode = tb.trace_opcode >> 4 * c & 15;
      const uint32_t busy = tb.queue_busy >> 16 * c & 0xFFFF;
      const uint32_t full = tb.queue_full >> 16 * c & 0xFFFF;
      const uint32_t idle = queue < 16 ? !(busy >> queue & 1) : 0;
      const uint32_t word[6] = {step, uint32_t(c),
                                queue | opcode << 8 | idle << 16
                                    | (queue < 16 ? full >> queue & 1 : 0) << 17,
                                busy, tb.trace_sequence >> 16 * c & 0xFFFF,
                                uint32_t(tb.trace_signature >> 32 * c)};
      if (fwrite(word, sizeof word, 1, arguments.records) != 1) return 1;
    }
    if (done) status = 0;
  }
  printf("%lu cycles\n", cycle);
  if (status == 0) tb.dump = 1, tb.eval();
  tb.final();
  fclose(arguments.records);
  return status;
}
