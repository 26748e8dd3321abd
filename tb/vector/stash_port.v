// SPDX-License-Identifier: Apache-2.0
//
// stash_port: the reading side of one stash port for tests. A request is accepted in a cycle with a
// random number at or above `stall`; its beat is read at that moment and answered in order, at the
// earliest one cycle later, again when the random number allows. Without an answer the data is X.
`default_nettype none

module stash_port #(
  parameter BLOCK = 16
) (
  input  wire               clk,
  input  wire               rst,
  input  wire [31:0]        seed,   // not 0; sampled while rst is high
  input  wire [7:0]         stall,  // of 256 cycles, how many refuse
  input  wire               req_valid,
  output wire               req_ready,
  input  wire [8*BLOCK-1:0] read_data,
  output wire               rsp_valid,
  output wire [8*BLOCK-1:0] rsp_data,
  output wire [15:0]        rsp_exps
);
  reg [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? seed : r2 ^ (r2 << 5);

  wire room, waiting;
  wire [8*BLOCK-1:0] data;
  assign req_ready = room && random_q[7:0] >= stall;
  assign rsp_valid = waiting && random_q[15:8] >= stall;
  assign rsp_data = rsp_valid ? data : {8*BLOCK{1'bx}};
  assign rsp_exps = 16'hxxxx;

  fifo #(.WIDTH(8*BLOCK), .DEPTH(16)) answers (
    .clk(clk), .rst(rst), .s_valid(req_valid && req_ready), .s_ready(room), .s_data(read_data),
    .m_valid(waiting), .m_ready(rsp_valid), .m_data(data)
  );
endmodule

`default_nettype wire
