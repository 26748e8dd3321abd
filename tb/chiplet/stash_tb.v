// SPDX-License-Identifier: Apache-2.0
//
// stash_tb: the stash as it is, one level below the top, where a netlist of it has no signals that
// the simulator has to name.
`default_nettype none

module stash_tb #(
  parameter BLOCK = 64,
  parameter STASH_BEATS = 256,
  parameter N_PORTS = 4
) (
  input  wire                       clk,
  input  wire                       rst,
  input  wire [N_PORTS-1:0]         req_valid,
  output wire [N_PORTS-1:0]         req_ready,
  input  wire [N_PORTS-1:0]         req_we,
  input  wire [16*N_PORTS-1:0]      req_addr,
  input  wire [8*BLOCK*N_PORTS-1:0] req_data,
  input  wire [16*N_PORTS-1:0]      req_exps,
  input  wire [BLOCK*N_PORTS-1:0]   req_strb,
  output wire [N_PORTS-1:0]         rsp_valid,
  output wire [8*BLOCK*N_PORTS-1:0] rsp_data,
  output wire [16*N_PORTS-1:0]      rsp_exps
);
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(N_PORTS)) dut (
    .clk(clk), .rst(rst), .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we),
    .req_addr(req_addr), .req_data(req_data), .req_exps(req_exps), .req_strb(req_strb),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps)
  );
endmodule

`default_nettype wire
