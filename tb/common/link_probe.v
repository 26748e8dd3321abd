// SPDX-License-Identifier: Apache-2.0
//
// link_probe: reads the frame lane of a link from its lanes, as docs/link/phy.md defines them.
//   Simulation only; shares nothing with rtl/link.
//
// Contract: watches undisturbed lanes from reset on. Data end with three RETRAIN codes or with what
//   is no frame code: an end that goes down, is reset or goes into raw mode says no more. `phit` is
//   high in each cycle in which the lanes carry a phit, not in idle cycles nor in training. `code`
//   is its frame code in the place of the lane that brings it, all other bits 0.
// Cost: with `enable` low nothing is done.
`default_nettype none

module link_probe #(
  parameter LANE_BITS = 272
) (
  input  wire                 clk,
  input  wire                 rst,
  input  wire                 enable,
  input  wire [LANE_BITS-1:0] lanes,
  output wire                 phit,
  output wire [LANE_BITS-1:0] code
);
  localparam LANES = LANE_BITS / 8;
  localparam FRAME = LANES - 2;
  localparam [31:0] FRAME_WORD = FRAME;
  localparam [31:0] SPARE_WORD = FRAME + 1;
  localparam [22:0] SEED = 23'h2EDF23;

  reg [22:0] key_q;       // b[n] to b[n+22] of b[n] = b[n-18] ^ b[n-23]
  reg [3:0]  slot_q;
  reg        synced_q;
  reg        data_q;
  reg [7:0]  before_q;    // byte of lane 0 in the last cycle
  reg [3:0]  phase_q;
  reg [7:0]  skip_q;
  reg [1:0]  codes_q;

  function [7:0] lane_key(input [22:0] f_key, input [2:0] f_lane);
    lane_key = f_key[7:0] ^ f_key[5'd7 + {2'd0, f_lane} +: 8];
  endfunction

  function [22:0] later(input [22:0] f_key);
    integer f_i;
    begin
      later = f_key;
      for (f_i = 0; f_i < 8; f_i = f_i + 1) later = {later[0] ^ later[5], later[22:1]};
    end
  endfunction

  wire        moved = {24'd0, skip_q} <= FRAME;
  wire [2:0]  place = moved ? SPARE_WORD[2:0] : FRAME_WORD[2:0];
  wire [7:0]  raw = moved ? lanes[8*(FRAME+1) +: 8] : lanes[8*FRAME +: 8];
  wire [7:0]  frame = raw ^ lane_key(key_q, place);
  wire [7:0]  first = lanes[7:0];
  wire [7:0]  text = first ^ lane_key(key_q, 3'd0);

  reg known;
  always @* begin
    case (frame)
      8'h00, 8'h0F, 8'hF0, 8'h33, 8'h55, 8'h3C, 8'hC3, 8'h5A, 8'hFF: known = 1'b1;
      default: known = 1'b0;
    endcase
  end

  assign code = moved ? {frame, {8*FRAME+8{1'b0}}} : {8'd0, frame, {8*FRAME{1'b0}}};
  assign phit = enable && data_q && known && frame != 8'h00 && frame != 8'hFF;

  always @(posedge clk) begin
    if (rst || !enable) begin
      synced_q <= 1'b0;
      data_q <= 1'b0;
      before_q <= 8'd0;
      codes_q <= 2'd0;
      slot_q <= 4'd0;
      key_q <= SEED;
    end else begin
      before_q <= first;
      slot_q <= slot_q + 4'd1;
      key_q <= later(key_q);
      if (data_q) begin
        codes_q <= (frame == 8'hFF) ? codes_q + 2'd1 : 2'd0;
        if ((codes_q == 2'd2 && frame == 8'hFF) || !known) begin
          data_q <= 1'b0;
          synced_q <= 1'b0;
        end
      end else if (!synced_q) begin
        codes_q <= 2'd0;
        if (before_q == 8'hD7 && first == 8'h0B) begin
          synced_q <= 1'b1;
          slot_q <= 4'd2;
          key_q <= later(later(SEED));
        end
      end else begin
        case (slot_q)
          4'd0: if (first != 8'hD7) synced_q <= 1'b0;
          4'd2: phase_q <= text[3:0];
          4'd4: skip_q <= text;
          4'd15: begin
            key_q <= SEED;
            data_q <= phase_q == 4'd3;
          end
          default: ;
        endcase
      end
    end
  end
endmodule

`default_nettype wire
