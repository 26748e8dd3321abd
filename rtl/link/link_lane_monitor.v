// SPDX-License-Identifier: Apache-2.0
//
// link_lane_monitor: finds lanes that have stopped, while they carry whatever they carry.
//
// Contract: every lane is scrambled and changes all the time. One word in PERIOD is compared with
//   the one before; after COUNT of these a lane that has never changed is `stuck` (a live one is
//   taken for stuck with probability 2^-64), and `signal` says whether more than half of the lanes
//   live. `clear` begins anew: nothing is stuck, signal is kept; `window` pulses with each verdict.
// Latency: a lane that stops is named within 2 x PERIOD x COUNT = 112 cycles.
// PERIOD has no common divisor with the 16 cycles of a training sequence.
// Cost: 9 bits and a byte comparator per lane; idle in six cycles of seven.
`default_nettype none

module link_lane_monitor #(
  parameter LANES = 34
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               clear,
  input  wire [8*LANES-1:0] word,
  output reg  [LANES-1:0]   stuck,
  output reg                signal,
  output reg                window
);
  localparam [2:0] PERIOD_LAST = 3'd6;
  localparam [2:0] COUNT_LAST = 3'd7;

  reg [2:0]         tick_q;
  reg [2:0]         sample_q;
  reg [8*LANES-1:0] before_q;
  reg [LANES-1:0]   alive_q;

  wire tick = tick_q == PERIOD_LAST;

  reg [LANES-1:0] alive;
  reg [7:0]       total;
  integer i;
  always @* begin
    alive = alive_q;
    total = 8'd0;
    if (tick) begin
      for (i = 0; i < LANES; i = i + 1) begin
        if (word[8*i +: 8] != before_q[8*i +: 8]) alive[i] = 1'b1;
        total = total + {7'd0, alive[i]};
      end
    end
  end

  always @(posedge clk) if (tick) before_q <= word;

  always @(posedge clk) begin
    window <= 1'b0;
    if (rst) begin
      tick_q <= 3'd0;
      sample_q <= 3'd0;
      alive_q <= {LANES{1'b1}};
      stuck <= {LANES{1'b0}};
      signal <= 1'b0;
    end else begin
      tick_q <= tick ? 3'd0 : tick_q + 3'd1;
      if (clear) begin
        sample_q <= 3'd0;
        alive_q <= {LANES{1'b0}};
        stuck <= {LANES{1'b0}};
      end else if (tick) begin
        sample_q <= sample_q + 3'd1;
        alive_q <= alive;
        if (sample_q == COUNT_LAST) begin
          alive_q <= {LANES{1'b0}};
          stuck <= ~alive;
          signal <= {23'd0, total, 1'b0} > LANES;
          window <= 1'b1;
        end
      end
    end
  end
endmodule

`default_nettype wire
