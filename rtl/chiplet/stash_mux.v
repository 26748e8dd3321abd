// SPDX-License-Identifier: Apache-2.0
//
// stash_mux: one stash port for a writer and a reader of the same engine.
//
// Contract: the writer goes first; a read that was offered and not taken stays, so that the request
//   is stable while stalled. A continuous writer starves the reader: for engines whose writes are
//   few or depend on the reads.
// Handshake: valid/ready, combinational through. Latency: 0. Cost: an address multiplexer, 1 bit.
`default_nettype none

module stash_mux (
  input  wire        clk,
  input  wire        rst,
  input  wire        w_valid,
  output wire        w_ready,
  input  wire [15:0] w_addr,
  input  wire        r_valid,
  output wire        r_ready,
  input  wire [15:0] r_addr,
  output wire        req_valid,
  input  wire        req_ready,
  output wire        req_we,
  output wire [15:0] req_addr
);
  reg  hold_q;
  wire read = r_valid && (hold_q || !w_valid);
  assign req_valid = w_valid || r_valid;
  assign req_we = !read;
  assign req_addr = read ? r_addr : w_addr;
  assign r_ready = read && req_ready;
  assign w_ready = !read && req_ready;

  always @(posedge clk) begin
    if (rst) hold_q <= 1'b0;
    else hold_q <= read && !req_ready;
  end
endmodule

`default_nettype wire
