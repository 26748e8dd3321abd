// SPDX-License-Identifier: Apache-2.0
//
// stash_reader: turns a stream of addresses into a stream of beats.
//
// Contract: beats leave in the order of their addresses. An address is passed to the stash only
//   when there is room for its beat, so responses are never stalled.
// Handshake: s_, req_, m_ are valid/ready; s_ready is combinational in req_ready.
// Latency: with a stash that answers in the next cycle a beat is on m_ two cycles after its address
//   was taken. Rate: one beat per cycle for DEPTH >= 3.
// Cost: DEPTH beats.
`default_nettype none

module stash_reader #(
  parameter BLOCK = 64,
  parameter DEPTH = 4   // 1 to 255
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               s_valid,
  output wire               s_ready,
  input  wire [15:0]        s_addr,

  output wire               req_valid,
  input  wire               req_ready,
  output wire [15:0]        req_addr,
  input  wire               rsp_valid,
  input  wire [8*BLOCK-1:0] rsp_data,
  input  wire [15:0]        rsp_exps,

  output wire               m_valid,
  input  wire               m_ready,
  output wire [8*BLOCK-1:0] m_data,
  output wire [15:0]        m_exps
);
  localparam [31:0] LIMIT_WORD = DEPTH;
  localparam [7:0] LIMIT = LIMIT_WORD[7:0];
  generate
    if (DEPTH < 1 || DEPTH > 255) begin : g_depth
      stash_reader_DEPTH_must_be_1_to_255 rule ();
    end
  endgenerate

  reg [7:0] used_q;  // beats asked for and not yet taken
  wire room = used_q != LIMIT;
  assign req_valid = s_valid && room;
  assign req_addr = s_addr;
  assign s_ready = req_ready && room;

  wire never_low;  // credits keep the buffer from filling up
  wire unused = &{1'b0, never_low};
  fifo #(.WIDTH(8*BLOCK + 16), .DEPTH(DEPTH)) beats (
    .clk(clk), .rst(rst),
    .s_valid(rsp_valid), .s_ready(never_low), .s_data({rsp_exps, rsp_data}),
    .m_valid(m_valid), .m_ready(m_ready), .m_data({m_exps, m_data})
  );

  always @(posedge clk) begin
    if (rst) used_q <= 8'd0;
    else used_q <= used_q + {7'd0, req_valid && req_ready} - {7'd0, m_valid && m_ready};
  end
endmodule

`default_nettype wire
