// SPDX-License-Identifier: Apache-2.0
//
// macro_unit_tb: macro_unit on a stash that the test reads and writes through a port of its own.
`default_nettype none

module macro_unit_tb #(
  parameter BLOCK = 16,
  parameter SETS = 16,
  parameter STASH_BEATS = 256
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd_word,
  output wire               done_valid,
  output wire [31:0]        done_signature,
  output wire [3:0]         done_status,

  input  wire               move_valid,
  output wire               move_ready,
  input  wire               move_row,
  input  wire [11:0]        move_set,
  input  wire [7:0]         move_index,
  input  wire [8*BLOCK-1:0] move_data,
  input  wire [15:0]        move_exps,
  output wire               move_conflict,
  input  wire               dma_valid,
  output wire               dma_ready,
  input  wire [11:0]        dma_set,
  input  wire [7:0]         dma_index,
  input  wire [8*BLOCK-1:0] dma_data,
  input  wire [15:0]        dma_exps,
  output wire               dma_conflict,

  input  wire               t_write,
  input  wire [15:0]        t_addr,
  input  wire [8*BLOCK-1:0] t_data,
  input  wire [15:0]        t_exps
);
  localparam W = 8 * BLOCK;

  wire         a_valid, r_valid, r_we;
  wire [15:0]  a_addr, r_addr, r_exps;
  wire [W-1:0] r_data;
  wire [2:0]     ready, rsp;
  wire [3*W-1:0] data;
  wire [47:0]    exps;
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(3)) u_stash (
    .clk(clk), .rst(rst), .req_valid({r_valid, a_valid, t_write}), .req_ready(ready),
    .req_we({r_we, 1'b0, 1'b1}), .req_addr({r_addr, a_addr, t_addr}),
    .req_data({r_data, {W{1'b0}}, t_data}), .req_exps({r_exps, 16'd0, t_exps}),
    .req_strb({3*BLOCK{1'b1}}), .rsp_valid(rsp), .rsp_data(data), .rsp_exps(exps)
  );
  wire unused = &{1'b0, ready[0], rsp[0], data[W-1:0], exps[15:0], exps[47:32]};

  macro_unit #(.BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS)) u_unit (
    .clk(clk), .rst(rst),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd_word), .done_valid(done_valid),
    .done_signature(done_signature), .done_status(done_status),
    .a_req_valid(a_valid), .a_req_ready(ready[1]), .a_req_addr(a_addr), .a_rsp_valid(rsp[1]),
    .a_rsp_data(data[W +: W]), .a_rsp_exps(exps[31:16]),
    .r_req_valid(r_valid), .r_req_ready(ready[2]), .r_req_we(r_we), .r_req_addr(r_addr),
    .r_req_data(r_data), .r_req_exps(r_exps), .r_rsp_valid(rsp[2]), .r_rsp_data(data[2*W +: W]),
    .move_valid(move_valid), .move_ready(move_ready), .move_row(move_row), .move_set(move_set),
    .move_index(move_index), .move_data(move_data), .move_exps(move_exps),
    .move_conflict(move_conflict), .dma_valid(dma_valid), .dma_ready(dma_ready),
    .dma_set(dma_set), .dma_index(dma_index), .dma_data(dma_data), .dma_exps(dma_exps),
    .dma_conflict(dma_conflict)
  );
endmodule

`default_nettype wire
