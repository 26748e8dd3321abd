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

  localparam [8*LANES-1:0] LOWEST = {LANES{8'd1}};  // one bit per lane

  reg [2:0]         tick_q;
  reg [2:0]         sample_q;
  reg [8*LANES-1:0] before_q;
  reg [8*LANES-1:0] alive_q;    // in the lowest bit of each lane

  wire tick = tick_q == PERIOD_LAST;
  wire last = tick && sample_q == COUNT_LAST;

  // All lanes at once: any bit of a byte is folded into its lowest one.
  reg [8*LANES-1:0] alive;
  reg [LANES-1:0]   dead;
  reg [7:0]         total;
  integer i;
  always @* begin
    alive = alive_q;
    dead = {LANES{1'b0}};
    total = 8'd0;
    if (tick) begin
      alive = word ^ before_q;
      alive = alive | (alive >> 4);
      alive = alive | (alive >> 2);
      alive = alive_q | ((alive | (alive >> 1)) & LOWEST);
      if (last) begin
        for (i = 0; i < LANES; i = i + 1) begin
          dead[i] = !alive[8*i];
          total = total + {7'd0, alive[8*i]};
        end
      end
    end
  end

  always @(posedge clk) if (tick) before_q <= word;

  always @(posedge clk) begin
    window <= 1'b0;
    if (rst) begin
      tick_q <= 3'd0;
      sample_q <= 3'd0;
      alive_q <= LOWEST;
      stuck <= {LANES{1'b0}};
      signal <= 1'b0;
    end else begin
      tick_q <= tick ? 3'd0 : tick_q + 3'd1;
      if (clear) begin
        sample_q <= 3'd0;
        alive_q <= {8*LANES{1'b0}};
        stuck <= {LANES{1'b0}};
      end else if (tick) begin
        sample_q <= sample_q + 3'd1;
        alive_q <= last ? {8*LANES{1'b0}} : alive;
        if (last) begin
          stuck <= dead;
          signal <= {23'd0, total, 1'b0} > LANES;
          window <= 1'b1;
        end
      end
    end
  end
endmodule

`default_nettype wire
