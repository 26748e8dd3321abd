// SPDX-License-Identifier: Apache-2.0
//
// trace_checker: holds every completion record against the expected one, as it comes.
//
// The expectation is a $readmemh file (plusarg +expected=FILE, made by tb/package/expectation.py):
//   words of 36 bits. Word 64*c + 2*q is the index of the first record of queue q of chiplet c,
//   the next word the number of its records; records are {opcode[3:0], signature[31:0]}.
// An engine reset of a chiplet (`restart`) begins its expectation anew, as its sequence numbers
//   begin anew; `checked` counts the records since then.
// A record that differs, comes out of sequence or was not expected raises `failed` and latches the
//   first such record; the run decides what to do with it. +trace=FILE writes a line per record:
//   cycle, chiplet, queue, opcode, sequence, signature.
`default_nettype none

module trace_checker #(
  parameter N_CHIPLETS = 2,
  parameter DEPTH = 1 << 20
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire                     enable,
  input  wire [31:0]              cycle,
  input  wire [N_CHIPLETS-1:0]    restart,
  input  wire [N_CHIPLETS-1:0]    trace_valid,
  input  wire [5*N_CHIPLETS-1:0]  trace_queue,
  input  wire [4*N_CHIPLETS-1:0]  trace_opcode,
  input  wire [16*N_CHIPLETS-1:0] trace_sequence,
  input  wire [32*N_CHIPLETS-1:0] trace_signature,

  output reg  [31:0]              checked,
  output reg  [31:0]              mismatches,
  output reg                      failed,
  output reg  [2:0]               failed_chiplet,
  output reg  [4:0]               failed_queue,
  output reg  [3:0]               failed_opcode,
  output reg  [31:0]              failed_number,     // record of this queue, from 0
  output reg  [31:0]              failed_cycle,
  output reg  [31:0]              failed_signature,
  output reg  [31:0]              expected_signature
);
  reg [35:0] expected [0:DEPTH-1];
  reg [31:0] seen [0:32*N_CHIPLETS-1];
  reg [8*1024-1:0] name;
  integer file;
  integer c;
  integer slot;
  reg [31:0] at;
  reg [35:0] want;
  reg [35:0] got;
  reg        good;

  initial begin
    if ($value$plusargs("expected=%s", name)) $readmemh(name, expected);
    file = 0;
    if ($value$plusargs("trace=%s", name)) file = $fopen(name, "w");
  end

  // Verification code: blocking temporaries in a clocked block.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (rst) begin
      checked <= 0;
      mismatches <= 0;
      failed <= 1'b0;
      for (slot = 0; slot < 32 * N_CHIPLETS; slot = slot + 1) seen[slot] <= 0;
    end else if (|trace_valid || |restart) begin
      for (c = 0; c < N_CHIPLETS; c = c + 1) begin
        if (restart[c]) begin
          for (slot = 32 * c; slot < 32 * c + 32; slot = slot + 1) begin
            if (enable) checked = checked - seen[slot];
            seen[slot] = 0;
          end
        end else if (trace_valid[c]) begin
          slot = 32 * c + {27'd0, trace_queue[5*c +: 5]};
          got = {trace_opcode[4*c +: 4], trace_signature[32*c +: 32]};
          at = expected[2*slot][31:0] + seen[slot];
          good = seen[slot] < expected[2*slot + 1][31:0];
          want = good ? expected[at] : 36'd0;
          good = good && want === got && trace_sequence[16*c +: 16] === seen[slot][15:0];
          seen[slot] = seen[slot] + 1;
          if (file != 0) begin
            $fwrite(file, "%0d %0d %0d %0d %0d %08x\n", cycle, c, trace_queue[5*c +: 5],
                    trace_opcode[4*c +: 4], trace_sequence[16*c +: 16], got[31:0]);
          end
          if (enable) begin
            checked = checked + 1;
            if (!good) begin
              mismatches = mismatches + 1;
              if (!failed) begin
                failed = 1'b1;
                failed_chiplet = c[2:0];
                failed_queue = trace_queue[5*c +: 5];
                failed_opcode = trace_opcode[4*c +: 4];
                failed_number = seen[slot] - 1;
                failed_cycle = cycle;
                failed_signature = got[31:0];
                expected_signature = want[31:0];
              end
            end
          end
        end
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
