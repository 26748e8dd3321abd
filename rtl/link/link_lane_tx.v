// SPDX-License-Identifier: Apache-2.0
//
// link_lane_tx: puts phits, training sequences, silence or raw bytes on the lanes.
//
// Contract: in MODE_DATA the phit of cycle t is on the lanes in cycle t + 1, scrambled, lane `skip`
//   left out; the data of an idle cycle are 0. In MODE_TRAIN the lanes carry training sequences
//   (docs/link/phy.md) of 16 cycles with the ts_ fields as they were when the sequence began. In
//   MODE_RAW a lane keeps its byte until it is written. MODE_SILENT drives 0.
// Boundary: `boundary` marks the last cycle of each 16; sequences begin after it, and so does data
//   after a sequence: change the mode to and from MODE_TRAIN there. ts_sent is the phase of the
//   sequence that ends.
// Map: data lane i is bits 8i+7..8i, the frame lane follows; physical lanes from `skip` on carry
//   the lane below. A lane left out carries the bare scrambler. `skip` counts from the next
//   boundary in MODE_TRAIN.
// Cost: 8 bits per lane of registers twice (lanes, map), a 2:1 multiplexer and two XOR per bit.
`default_nettype none

module link_lane_tx #(
  parameter PHIT = 256  // data bits per cycle, 8 per lane
) (
  input  wire               clk,
  input  wire               rst,

  input  wire [1:0]         mode,
  output wire               boundary,
  output wire [3:0]         ts_sent,

  // training sequence
  input  wire [3:0]         ts_phase,
  input  wire               ts_fresh,
  input  wire [7:0]         ts_ask,
  input  wire [7:0]         ts_skip,
  input  wire [3:0]         ts_cause,

  // data
  input  wire [7:0]         skip,
  input  wire [PHIT-1:0]    tx_data,
  input  wire [7:0]         tx_frame,

  // raw
  input  wire               raw_write,
  input  wire [7:0]         raw_lane,
  input  wire [7:0]         raw_byte,

  output wire [PHIT+15:0]   lane_tx
);
  `include "link_format.vh"
  `include "link_lanes.vh"
  `include "link_scramble.vh"

  localparam BITS = PHIT + 16;
  localparam LANES = BITS / 8;
  localparam GROUPS = (BITS + 63) / 64;
  localparam [22:0] SCRAMBLE_2 = scramble_next(scramble_next(SCRAMBLE_SEED));

  reg [BITS-1:0] lane_q;
  reg [BITS-1:0] below_q;    // bits of the lanes before the one left out
  reg            plain_q;    // the spare is left out
  reg [3:0]      slot_q;
  reg [22:0]     scramble_q;
  reg [15:0]     crc_q;
  reg [31:0]     fields_q;   // {cause, skip, ask, state}, as bytes

  wire [63:0]          key = scramble_bytes(scramble_q[21:0]);
  wire [GROUPS*64-1:0] keys = {GROUPS{key}};
  wire                 busy = tx_frame != FRAME_IDLE && tx_frame != FRAME_RETRAIN;
  wire [BITS-1:0]      phit = {8'd0, tx_frame, busy ? tx_data : {PHIT{1'b0}}};

  assign boundary = slot_q == TS_CRC1;
  assign ts_sent = fields_q[3:0];
  assign lane_tx = lane_q;

  reg [7:0] ts_byte;
  always @* begin
    case (slot_q)
      4'd0: ts_byte = TS_SYNC0;
      4'd1: ts_byte = TS_SYNC1;
      TS_STATE: ts_byte = fields_q[7:0];
      TS_ASK: ts_byte = fields_q[15:8];
      TS_SKIP: ts_byte = fields_q[23:16];
      TS_CAUSE: ts_byte = fields_q[31:24];
      TS_CRC0: ts_byte = crc_q[15:8];
      TS_CRC1: ts_byte = crc_q[7:0];
      default: ts_byte = 8'd0;
    endcase
  end

  integer i;
  always @(posedge clk) begin
    if (mode == MODE_DATA) begin
      if (plain_q) lane_q <= phit ^ keys[BITS-1:0];
      else lane_q <= ((phit & below_q) | ((phit & ~below_q) << 8)) ^ keys[BITS-1:0];
    end else if (mode == MODE_TRAIN) begin
      lane_q <= {LANES{ts_byte}} ^ ((slot_q < TS_STATE) ? {BITS{1'b0}} : keys[BITS-1:0]);
    end else if (mode == MODE_RAW) begin
      for (i = 0; i < LANES; i = i + 1) begin
        if (raw_write && raw_lane == i[7:0]) lane_q[8*i +: 8] <= raw_byte;
      end
    end else begin
      lane_q <= {BITS{1'b0}};
    end
  end

  always @(posedge clk) begin
    if (boundary) fields_q <= {4'd0, ts_cause, ts_skip, ts_ask, 3'd0, ts_fresh, ts_phase};
    if (boundary && mode != MODE_DATA) begin
      plain_q <= {24'd0, skip} == LANES - 1;
      for (i = 0; i < LANES; i = i + 1) below_q[8*i +: 8] <= {8{i[7:0] < skip}};
    end
    if (slot_q == 4'd1) crc_q <= TS_CRC_START;
    else if (slot_q < TS_CRC0) crc_q <= training_crc(crc_q, ts_byte);
  end

  always @(posedge clk) begin
    if (rst) begin
      slot_q <= 4'd0;
      scramble_q <= SCRAMBLE_SEED;
    end else begin
      slot_q <= slot_q + 4'd1;
      scramble_q <= (mode != MODE_DATA && boundary) ? SCRAMBLE_SEED :
                    (mode == MODE_TRAIN && slot_q == 4'd1) ? SCRAMBLE_2 :  // the first after data
                    scramble_next(scramble_q);
    end
  end

  wire unused = &{1'b0, keys};
endmodule

`default_nettype wire
