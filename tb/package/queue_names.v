// SPDX-License-Identifier: Apache-2.0
//
// queue_names: what a queue of the dispatcher does, in ASCII for waveform viewers.
//
// Contract: simulation only; drives nothing. Show `command` and `state` as ASCII. `command` is the
//   command that the engine works on, or the one that is offered to it; `state` is
//   idle   nothing queued that could go     wait   the next command waits for semaphores
//   offer  the engine does not take it      run    the engine works
`default_nettype none

module queue_names #(
  parameter QUEUE = 0
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        cmd_valid,
  input  wire        cmd_ready,
  input  wire [3:0]  cmd_opcode,
  input  wire        done_valid,
  input  wire        waiting
);
`include "command_names.vh"

  localparam [31:0] WIDE = QUEUE;
  reg [63:0] command;
  reg [39:0] state;
  reg [15:0] opcodes;  // in flight, the oldest lowest
  reg [2:0]  count;

  always @* begin
    command = command_name(WIDE[3:0], count != 3'd0 ? opcodes[3:0] : cmd_opcode);
    if (count != 3'd0) state = "run";
    else if (cmd_valid) state = "offer";
    else if (waiting) state = "wait";
    else begin
      state = "idle";
      command = "";
    end
  end

  // Verification code: blocking temporaries in a clocked block.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (rst) begin
      count = 3'd0;
    end else begin
      if (done_valid && count != 3'd0) begin
        opcodes = opcodes >> 4;
        count = count - 3'd1;
      end
      if (cmd_valid && cmd_ready) begin
        opcodes[4*count +: 4] = cmd_opcode;
        count = count + 3'd1;
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
