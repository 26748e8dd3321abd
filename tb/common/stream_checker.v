// SPDX-License-Identifier: Apache-2.0
// Protocol checker for one valid/ready stream; watches, drives nothing.
//
// Rules, from the first clock edge after reset:
//   1. valid, once raised, stays until ready takes the beat;
//   2. the payload does not change while it waits;
//   3. valid is never X or Z, nor is ready while valid is high (Icarus only);
//   4. a beat waits at most MAX_STALL cycles for ready (0: no limit).
// A broken rule prints the stream's name and stops the simulation with $fatal, which fails the
// test on both simulators. Under Yosys with -formal rules 1 and 2 are assertions.

`default_nettype none

module stream_checker #(
  parameter NAME = "stream",    // printed
  parameter WIDTH = 8,          // payload bits: all payload signals concatenated
  parameter MAX_STALL = 0
) (
  input wire             clk,
  input wire             rst,
  input wire             valid,
  input wire             ready,
  input wire [WIDTH-1:0] payload
);

  reg             waiting;
  reg [WIDTH-1:0] payload_q;

  initial waiting = 1'b0;

  always @(posedge clk) begin
    waiting <= !rst && valid && !ready;
    if (valid && !ready) payload_q <= payload;
  end

`ifdef FORMAL
  always @(posedge clk) begin
    if (waiting && !rst) begin
      assert (valid);
      assert (payload == payload_q);
    end
  end
`else
  reg [31:0] stalled;

  initial stalled = 32'd0;

  always @(posedge clk) begin
    if (!rst) begin
      if ((^valid) === 1'bx) begin
        $display("%0t stream_checker %0s: valid is X", $time, NAME);
        $fatal;
      end
      if (valid === 1'b1 && (^ready) === 1'bx) begin
        $display("%0t stream_checker %0s: ready is X", $time, NAME);
        $fatal;
      end
      if (waiting && !valid) begin
        $display("%0t stream_checker %0s: valid dropped before ready", $time, NAME);
        $fatal;
      end
      if (waiting && valid && payload !== payload_q) begin
        $display("%0t stream_checker %0s: payload changed from %h to %h while stalled", $time,
                 NAME, payload_q, payload);
        $fatal;
      end
    end
    if (valid && !ready && !rst) begin
      if (MAX_STALL != 0 && stalled == MAX_STALL) begin
        $display("%0t stream_checker %0s: not ready for %0d cycles", $time, NAME, MAX_STALL);
        $fatal;
      end
      stalled <= stalled + 32'd1;
    end else begin
      if (stalled != 32'd0) stalled <= 32'd0;
    end
  end
`endif

endmodule

`default_nettype wire
