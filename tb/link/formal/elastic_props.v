// SPDX-License-Identifier: Apache-2.0
//
// elastic_props: link_elastic with both clocks on the same edge: after recentre every word comes
//   out once, in order, two cycles after it was written, `age` words later and `slip` bits late
//   lane by lane.
`default_nettype none

module elastic_props #(
  parameter LANES = 2
) (
  input wire               clk,
  input wire               rst,
  input wire [8*LANES-1:0] lane_rx,
  input wire               recentre,
  input wire               plain,
  input wire [2*LANES-1:0] age,
  input wire [3*LANES-1:0] slip
);
  wire [8*LANES-1:0] word;

  link_elastic #(.LANES(LANES)) dut (
    .clk(clk), .rst(rst), .rx_clk(clk), .lane_rx(lane_rx), .recentre(recentre), .plain(plain),
    .age(age), .slip(slip), .word(word));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // Words of the last cycles, newest first; and whether the pointers have met since the reset.
  reg [8*LANES-1:0] w1, w2, w3, w4, w5, w6, w7;
  reg [2:0] since_reset;
  reg centred;
  always @(posedge clk) begin
    {w7, w6, w5, w4, w3, w2, w1} <= {w6, w5, w4, w3, w2, w1, lane_rx};
    since_reset <= rst ? 3'd0 : (since_reset == 3'd7) ? 3'd7 : since_reset + 3'd1;
    if (rst) centred <= 1'b0;
    else if (recentre && since_reset >= 3'd3) centred <= 1'b1;
    else if (recentre) centred <= 1'b0;
  end
  always @* if (plain) assume (age == 0 && slip == 0);

  (* hierconn *) wire [2:0] \dut.write_q ;
  (* hierconn *) wire [2:0] \dut.gray_q ;
  (* hierconn *) wire [2:0] \dut.gray_1_q ;
  (* hierconn *) wire [2:0] \dut.gray_2_q ;
  (* hierconn *) wire [2:0] \dut.read_q ;
  wire [2:0] step = \dut.write_q - \dut.read_q ;
  wire [2:0] w_1 = \dut.write_q - 3'd1;
  wire [2:0] w_2 = \dut.write_q - 3'd2;

  integer i;
  reg [15:0] pair;
  always @* if (started && centred && since_reset == 3'd7) begin
    for (i = 0; i < LANES; i = i + 1) begin
      case (age[2*i +: 2])
        2'd0: pair = {w2[8*i +: 8], w3[8*i +: 8]};
        2'd1: pair = {w3[8*i +: 8], w4[8*i +: 8]};
        2'd2: pair = {w4[8*i +: 8], w5[8*i +: 8]};
        default: pair = {w5[8*i +: 8], w6[8*i +: 8]};
      endcase
      // Bits slip to slip + 7 of the older byte and the newer one; the newer one for slip 0.
      if (slip[3*i +: 3] == 0) assert (word[8*i +: 8] == pair[15:8]);
      else assert (word[8*i +: 8] == ((pair >> slip[3*i +: 3]) & 8'hFF));
    end
  end

  // ---- induction: the pointers
  always @* if (started && since_reset != 0) begin
    assert (\dut.gray_q == (\dut.write_q ^ (\dut.write_q >> 1)));
    if (since_reset >= 2) assert (\dut.gray_1_q == (w_1 ^ (w_1 >> 1)));
    if (since_reset >= 3) assert (\dut.gray_2_q == (w_2 ^ (w_2 >> 1)));
    if (centred) assert (step == 3'd2 && since_reset >= 4);
  end
endmodule

`default_nettype wire
