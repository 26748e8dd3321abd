// SPDX-License-Identifier: Apache-2.0
//
// macro_unit: a DIMC macro with its sequencer, and the choice between the two writers of its
// weights.
//
// Contract: mac_sequencer and dimc_macro. MOVE goes before DMA; a writer whose write was dropped
//   is told in the cycle after.
// Handshake: valid/ready; move_ready and dma_ready are combinational in the macro's write-ready.
// Latency: none of its own. Cost: a write multiplexer.
`default_nettype none

module macro_unit #(
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384
) (
  input  wire               clk,
  input  wire               rst,

  // commands
  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd,
  output wire               done_valid,
  output wire [31:0]        done_signature,
  output wire [3:0]         done_status,

  // stash: activations and results
  output wire               a_req_valid,
  input  wire               a_req_ready,
  output wire [15:0]        a_req_addr,
  input  wire               a_rsp_valid,
  input  wire [8*BLOCK-1:0] a_rsp_data,
  input  wire [15:0]        a_rsp_exps,
  output wire               r_req_valid,
  input  wire               r_req_ready,
  output wire               r_req_we,
  output wire [15:0]        r_req_addr,
  output wire [8*BLOCK-1:0] r_req_data,
  output wire [15:0]        r_req_exps,
  input  wire               r_rsp_valid,
  input  wire [8*BLOCK-1:0] r_rsp_data,

  // weight writes from MOVE (columns and rows) and DMA (columns)
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
  output wire               dma_conflict
);
  localparam DATA = 8 * BLOCK;

  wire            lock_valid, act_valid, act_ready, act_int4, act_first, act_preload, act_last;
  wire [15:0]     lock_first, lock_last, act_set;
  wire [DATA-1:0] act_data, pre_data, res_data;
  wire [7:0]      act_exp, act_rows, act_cols;
  wire            pre_valid, pre_ready, res_valid, res_ready, res_last;
  wire [2:0]      res_index;

  mac_sequencer #(.BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS)) u_sequencer (
    .clk(clk), .rst(rst),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd),
    .done_valid(done_valid), .done_signature(done_signature), .done_status(done_status),
    .act_req_valid(a_req_valid), .act_req_ready(a_req_ready), .act_req_addr(a_req_addr),
    .act_rsp_valid(a_rsp_valid), .act_rsp_data(a_rsp_data), .act_rsp_exps(a_rsp_exps),
    .res_req_valid(r_req_valid), .res_req_ready(r_req_ready), .res_req_we(r_req_we),
    .res_req_addr(r_req_addr), .res_req_data(r_req_data),
    .res_rsp_valid(r_rsp_valid), .res_rsp_data(r_rsp_data),
    .lock_valid(lock_valid), .lock_first(lock_first), .lock_last(lock_last),
    .act_valid(act_valid), .act_ready(act_ready), .act_data(act_data), .act_exp(act_exp),
    .act_set(act_set), .act_int4(act_int4), .act_rows(act_rows), .act_cols(act_cols),
    .act_first(act_first), .act_preload(act_preload), .act_last(act_last),
    .pre_valid(pre_valid), .pre_ready(pre_ready), .pre_data(pre_data),
    .res_valid(res_valid), .res_ready(res_ready), .res_data(res_data), .res_index(res_index),
    .res_last(res_last)
  );
  assign r_req_exps = 16'd0;

  wire        wr_ready, wr_conflict;
  wire        wr_move = move_valid;
  reg         wr_move_q;
  assign move_ready = wr_ready && move_valid;
  assign dma_ready = wr_ready && dma_valid && !move_valid;
  assign move_conflict = wr_conflict && wr_move_q;
  assign dma_conflict = wr_conflict && !wr_move_q;
  always @(posedge clk) wr_move_q <= wr_move;

  wire        unused_tag, unused_busy, unused_inf, unused_nan;
  wire [31:0] unused_vectors, unused_conflicts, unused_stalls;

  dimc_macro #(.ROWS(BLOCK), .COLS(BLOCK), .SETS(SETS), .TAG_BITS(1)) u_macro (
    .clk(clk), .rst(rst),
    .wr_valid(move_valid || dma_valid), .wr_ready(wr_ready), .wr_row(wr_move && move_row),
    .wr_set({4'd0, wr_move ? move_set : dma_set}),
    .wr_index(wr_move ? move_index : dma_index), .wr_data(wr_move ? move_data : dma_data),
    .wr_exps(wr_move ? move_exps : dma_exps), .wr_strb({BLOCK{1'b1}}),
    .wr_conflict(wr_conflict),
    .lock_valid(lock_valid), .lock_first(lock_first), .lock_last(lock_last),
    .act_valid(act_valid), .act_ready(act_ready), .act_data(act_data), .act_exp(act_exp),
    .act_set(act_set), .act_int4(act_int4), .act_rows(act_rows), .act_cols(act_cols),
    .act_first(act_first), .act_preload(act_preload), .act_last(act_last), .act_tag(1'b0),
    .pre_valid(pre_valid), .pre_ready(pre_ready), .pre_data(pre_data),
    .res_valid(res_valid), .res_ready(res_ready), .res_data(res_data), .res_index(res_index),
    .res_last(res_last), .res_tag(unused_tag),
    .clear(1'b0), .busy(unused_busy), .seen_inf(unused_inf), .seen_nan(unused_nan),
    .count_vectors(unused_vectors), .count_conflicts(unused_conflicts),
    .count_stalls(unused_stalls)
  );
endmodule

`default_nettype wire
