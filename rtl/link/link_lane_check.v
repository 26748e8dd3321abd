// SPDX-License-Identifier: Apache-2.0
//
// link_lane_check: reads aligned training sequences and judges the lanes by them.
//
// Contract: each byte is decided by the majority of the locked lanes. A sequence whose sync bytes
//   and CRC are right gives ts_good, one cycle after its last byte, with its fields; any other
//   ts_bad. Every lane whose byte differs from the majority counts a miss; `noisy` are the lanes
//   with LIMIT misses or more since `clear`: a lane that is dead, cut,
//   joined to a neighbour, or wrong in more than a few per cent of its bits.
// Input: word_q descrambled (bytes 0 and 1 as they are), `slot` its place in the sequence.
// Cost: a majority of LANES for each of 8 bits; per lane a byte comparator and 4 bits.
`default_nettype none

module link_lane_check #(
  parameter LANES = 34
) (
  input  wire               clk,
  input  wire               enable,
  input  wire               clear,
  input  wire [LANES-1:0]   locked,
  input  wire [8*LANES-1:0] word_q,
  input  wire [3:0]         slot,

  output reg                ts_good,
  output reg                ts_bad,
  output reg  [3:0]         ts_phase,
  output reg                ts_fresh,
  output reg  [7:0]         ts_ask,
  output reg  [7:0]         ts_skip,
  output wire [LANES-1:0]   noisy
);
  `include "link_lanes.vh"
  `include "link_scramble.vh"

  localparam [3:0] LIMIT = 4'd11;

  reg [4*LANES-1:0] miss_q;
  reg [15:0]        crc_q;
  reg               wrong_q;   // a sync or CRC byte of this sequence

  reg [7:0] vote;
  reg [7:0] ones;
  reg [7:0] total;
  integer   b;
  integer   i;
  always @* begin
    vote = 8'd0;
    ones = 8'd0;
    total = 8'd0;
    if (enable) begin
      for (i = 0; i < LANES; i = i + 1) total = total + {7'd0, locked[i]};
      for (b = 0; b < 8; b = b + 1) begin
        ones = 8'd0;
        for (i = 0; i < LANES; i = i + 1) ones = ones + {7'd0, locked[i] && word_q[8*i + b]};
        vote[b] = {ones[6:0], 1'b0} > total;
      end
    end
  end

  reg wrong;
  always @* begin
    case (slot)
      4'd0: wrong = vote != TS_SYNC0;
      4'd1: wrong = vote != TS_SYNC1;
      TS_CRC0: wrong = vote != crc_q[15:8];
      TS_CRC1: wrong = vote != crc_q[7:0];
      default: wrong = 1'b0;
    endcase
  end

  genvar l;
  generate
    for (l = 0; l < LANES; l = l + 1) begin : g_noisy
      assign noisy[l] = miss_q[4*l +: 4] >= LIMIT;
    end
  endgenerate

  always @(posedge clk) begin
    ts_good <= enable && slot == TS_CRC1 && !wrong && !wrong_q;
    ts_bad <= enable && slot == TS_CRC1 && (wrong || wrong_q);
    if (clear) begin
      miss_q <= {4*LANES{1'b0}};
      wrong_q <= 1'b1;  // the first sequence is seen from its middle
    end else if (enable) begin
      for (i = 0; i < LANES; i = i + 1) begin
        if (word_q[8*i +: 8] != vote && miss_q[4*i +: 4] != 4'd15) begin
          miss_q[4*i +: 4] <= miss_q[4*i +: 4] + 4'd1;
        end
      end
      wrong_q <= wrong || (wrong_q && slot != 4'd0);
      case (slot)
        TS_STATE: {ts_fresh, ts_phase} <= vote[4:0];
        TS_ASK: ts_ask <= vote;
        TS_SKIP: ts_skip <= vote;
        default: ;
      endcase
      if (slot == 4'd1) crc_q <= TS_CRC_START;
      else if (slot < TS_CRC0) crc_q <= training_crc(crc_q, vote);
    end
  end
endmodule

`default_nettype wire
