// SPDX-License-Identifier: Apache-2.0
//
// link_elastic: takes the lanes from the sender's clock to the local one, and every lane to the
// same bit.
//
// Contract: a word written at an edge of rx_clk is read two clk edges after the latest clk edge at
//   or before it, whatever the phase between the two clocks; `recentre` finds that phase. Lane l
//   is read age[l] words later than the newest one, and slip[l] (0 to 7) bits late: the byte out
//   is bits slip to slip + 7 of the older byte and the newer one, or the newer one for slip 0.
// Clocks: rx_clk comes with the lanes and has the frequency of clk; the phase is unknown but
//   steady (mesochronous). The write pointer crosses as a Gray code through two registers; after
//   recentre the read pointer runs by itself.
// Alignment: `plain` says that every age and slip is 0. Lanes that arrive up to 24 bits
//   apart can be brought together.
// Cost: eight words of 8 bits per lane, five read, and per lane a 5:1 and an 8:1 multiplexer of 8
//   bits. In simulation nothing is done lane by lane while `plain` is high.
`default_nettype none

module link_elastic #(
  parameter LANES = 34
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               rx_clk,
  input  wire [8*LANES-1:0] lane_rx,   // on rx_clk

  input  wire               recentre,
  input  wire               plain,
  input  wire [2*LANES-1:0] age,       // 0 to 3
  input  wire [3*LANES-1:0] slip,
  output wire [8*LANES-1:0] word
);
  reg [8*LANES-1:0] mem [0:7];

  // ---- sender's clock
  reg [2:0] write_q;
  reg [2:0] gray_q;
  wire [2:0] write_next = write_q + 3'd1;

  always @(posedge rx_clk) begin
    mem[write_q] <= lane_rx;
    if (rst) begin
      write_q <= 3'd0;
      gray_q <= 3'd0;
    end else begin
      write_q <= write_next;
      gray_q <= write_next ^ (write_next >> 1);
    end
  end

  // ---- local clock
  reg [2:0] gray_1_q;
  reg [2:0] gray_2_q;
  reg [2:0] read_q;
  wire [2:0] seen = {gray_2_q[2], gray_2_q[2] ^ gray_2_q[1], ^gray_2_q};

  always @(posedge clk) begin
    gray_1_q <= gray_q;
    gray_2_q <= gray_1_q;
    // The word at `seen` was not yet written when the pointer was caught, but is by now.
    if (recentre) read_q <= seen + 3'd1;
    else read_q <= read_q + 3'd1;
  end

  wire [2:0] read_1 = read_q - 3'd1;
  wire [2:0] read_2 = read_q - 3'd2;
  wire [2:0] read_3 = read_q - 3'd3;
  wire [2:0] read_4 = read_q - 3'd4;
  wire [8*LANES-1:0] word_0 = mem[read_q];
  wire [8*LANES-1:0] word_1 = mem[read_1];
  wire [8*LANES-1:0] word_2 = mem[read_2];
  wire [8*LANES-1:0] word_3 = mem[read_3];
  wire [8*LANES-1:0] word_4 = mem[read_4];

  reg [8*LANES-1:0] out;
  reg [15:0]        pair;
  integer i;
  always @* begin
    out = word_0;
    pair = 16'd0;
    if (!plain) begin
      for (i = 0; i < LANES; i = i + 1) begin
        case (age[2*i +: 2])
          2'd0: pair = {word_0[8*i +: 8], word_1[8*i +: 8]};
          2'd1: pair = {word_1[8*i +: 8], word_2[8*i +: 8]};
          2'd2: pair = {word_2[8*i +: 8], word_3[8*i +: 8]};
          default: pair = {word_3[8*i +: 8], word_4[8*i +: 8]};
        endcase
        if (slip[3*i +: 3] == 3'd0) out[8*i +: 8] = pair[15:8];
        else out[8*i +: 8] = pair[{1'b0, slip[3*i +: 3]} +: 8];
      end
    end
  end

  assign word = out;
endmodule

`default_nettype wire
