// SPDX-License-Identifier: Apache-2.0
//
// front_props: what command_front promises, for any commands, base registers and stalls. The fields
//   that move are listed here again, from commands.yaml. KIND: the commands of one run, 0 mac,
//   1 ve, 2 load and store, 3 weights, 4 column and row, 5 send, 6 those of no known format.
`default_nettype none

module front_props #(
  parameter KIND = 0
) (
  input wire         clk,
  input wire         rst,
  input wire [511:0] base,
  input wire         list_valid,
  input wire [255:0] list_cmd,
  input wire         push_valid,
  input wire [255:0] push_cmd,
  input wire         m_ready
);
`include "commands.vh"
  wire list_ready, push_ready, m_valid;
  wire [255:0] m_cmd;
  command_front dut (
    .clk(clk), .rst(rst), .base(base), .list_valid(list_valid), .list_ready(list_ready),
    .list_cmd(list_cmd), .push_valid(push_valid), .push_ready(push_ready), .push_cmd(push_cmd),
    .m_valid(m_valid), .m_ready(m_ready), .m_cmd(m_cmd));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the command that is taken, and what it must become; parts of a word drop carries, so a
  // field moves mod 2^width
  wire take_push = push_valid && push_ready;
  wire take_list = list_valid && list_ready;
  wire [255:0] c = push_valid ? push_cmd : list_cmd;
  wire [3:0]   opcode = c[CMD_OPCODE_LSB +: CMD_OPCODE_W];
  wire [3:0]   queue = c[CMD_QUEUE_LSB +: CMD_QUEUE_W];
  wire mac = queue >= QUEUE_MACRO0 && opcode == CMD_MAC;
  wire ve = queue == QUEUE_VE && opcode == CMD_VE;
  wire load = queue == QUEUE_DMA && opcode == CMD_LOAD;
  wire store = queue == QUEUE_DMA && opcode == CMD_STORE;
  wire weights = queue == QUEUE_DMA && opcode == CMD_WEIGHTS;
  wire column = queue == QUEUE_MOVE && opcode == CMD_COLUMN;
  wire row = queue == QUEUE_MOVE && opcode == CMD_ROW;
  wire send = queue == QUEUE_SEND && opcode == CMD_SEND;
  wire [6:0] kinds = {!(mac || ve || load || store || weights || column || row || send), send,
                      column || row, weights, load || store, ve, mac};
  always @* if (take_push || take_list) assume (kinds[KIND]);

  function [31:0] added(input [3:0] f_number);  // base register 0 adds nothing
    added = (f_number == 4'd0) ? 32'd0 : base[32*f_number +: 32];
  endfunction
  reg [255:0] became;
  always @* begin
    became = c;
    if (KIND == 0 && mac) begin
      became[CMD_MAC_SRC_LSB +: CMD_MAC_SRC_W] = c[CMD_MAC_SRC_LSB +: CMD_MAC_SRC_W]
        + added(c[CMD_MAC_SRC_BASE +: 4]);
      became[CMD_MAC_DST_LSB +: CMD_MAC_DST_W] = c[CMD_MAC_DST_LSB +: CMD_MAC_DST_W]
        + added(c[CMD_MAC_DST_BASE +: 4]);
      became[CMD_MAC_SET_LSB +: CMD_MAC_SET_W] = c[CMD_MAC_SET_LSB +: CMD_MAC_SET_W]
        + added(c[CMD_MAC_SET_BASE +: 4]);
      became[CMD_MAC_COLS_LSB +: CMD_MAC_COLS_W] = c[CMD_MAC_COLS_LSB +: CMD_MAC_COLS_W]
        + added(c[CMD_MAC_COLS_BASE +: 4]);
      became[CMD_MAC_DEPTH_LSB +: CMD_MAC_DEPTH_W] = c[CMD_MAC_DEPTH_LSB +: CMD_MAC_DEPTH_W]
        + added(c[CMD_MAC_DEPTH_BASE +: 4]);
      became[CMD_MAC_OUTER_LSB +: CMD_MAC_OUTER_W] = c[CMD_MAC_OUTER_LSB +: CMD_MAC_OUTER_W]
        + added(c[CMD_MAC_OUTER_BASE +: 4]);
    end
    if (KIND == 1 && ve) begin
      became[CMD_VE_A_LSB +: CMD_VE_A_W] = c[CMD_VE_A_LSB +: CMD_VE_A_W]
        + added(c[CMD_VE_A_BASE +: 4]);
      became[CMD_VE_B_LSB +: CMD_VE_B_W] = c[CMD_VE_B_LSB +: CMD_VE_B_W]
        + added(c[CMD_VE_B_BASE +: 4]);
      became[CMD_VE_D_LSB +: CMD_VE_D_W] = c[CMD_VE_D_LSB +: CMD_VE_D_W]
        + added(c[CMD_VE_D_BASE +: 4]);
      became[CMD_VE_OUTER_LSB +: CMD_VE_OUTER_W] = c[CMD_VE_OUTER_LSB +: CMD_VE_OUTER_W]
        + added(c[CMD_VE_OUTER_BASE +: 4]);
      became[CMD_VE_LEN_LSB +: CMD_VE_LEN_W] = c[CMD_VE_LEN_LSB +: CMD_VE_LEN_W]
        + added(c[CMD_VE_LEN_BASE +: 4]);
    end
    if (KIND == 2 && load) begin
      became[CMD_LOAD_MEM_LSB +: CMD_LOAD_MEM_W] = c[CMD_LOAD_MEM_LSB +: CMD_LOAD_MEM_W]
        + added(c[CMD_LOAD_MEM_BASE +: 4]);
      became[CMD_LOAD_STASH_LSB +: CMD_LOAD_STASH_W] = c[CMD_LOAD_STASH_LSB +: CMD_LOAD_STASH_W]
        + added(c[CMD_LOAD_STASH_BASE +: 4]);
      became[CMD_LOAD_ROWS_LSB +: CMD_LOAD_ROWS_W] = c[CMD_LOAD_ROWS_LSB +: CMD_LOAD_ROWS_W]
        + added(c[CMD_LOAD_ROWS_BASE +: 4]);
      became[CMD_LOAD_COUNT_LSB +: CMD_LOAD_COUNT_W] = c[CMD_LOAD_COUNT_LSB +: CMD_LOAD_COUNT_W]
        + added(c[CMD_LOAD_COUNT_BASE +: 4]);
    end
    if (KIND == 2 && store) begin
      became[CMD_STORE_MEM_LSB +: CMD_STORE_MEM_W] = c[CMD_STORE_MEM_LSB +: CMD_STORE_MEM_W]
        + added(c[CMD_STORE_MEM_BASE +: 4]);
      became[CMD_STORE_STASH_LSB +: CMD_STORE_STASH_W] = c[CMD_STORE_STASH_LSB +: CMD_STORE_STASH_W]
        + added(c[CMD_STORE_STASH_BASE +: 4]);
      became[CMD_STORE_ROWS_LSB +: CMD_STORE_ROWS_W] = c[CMD_STORE_ROWS_LSB +: CMD_STORE_ROWS_W]
        + added(c[CMD_STORE_ROWS_BASE +: 4]);
      became[CMD_STORE_COUNT_LSB +: CMD_STORE_COUNT_W] = c[CMD_STORE_COUNT_LSB +: CMD_STORE_COUNT_W]
        + added(c[CMD_STORE_COUNT_BASE +: 4]);
    end
    if (KIND == 3 && weights) begin
      became[CMD_WEIGHTS_MEM_LSB +: CMD_WEIGHTS_MEM_W] = c[CMD_WEIGHTS_MEM_LSB +: CMD_WEIGHTS_MEM_W]
        + added(c[CMD_WEIGHTS_MEM_BASE +: 4]);
      became[CMD_WEIGHTS_SET_LSB +: CMD_WEIGHTS_SET_W] = c[CMD_WEIGHTS_SET_LSB +: CMD_WEIGHTS_SET_W]
        + added(c[CMD_WEIGHTS_SET_BASE +: 4]);
    end
    if (KIND == 4 && column) begin
      became[CMD_COLUMN_SRC_LSB +: CMD_COLUMN_SRC_W] = c[CMD_COLUMN_SRC_LSB +: CMD_COLUMN_SRC_W]
        + added(c[CMD_COLUMN_SRC_BASE +: 4]);
      became[CMD_COLUMN_ROWS_LSB +: CMD_COLUMN_ROWS_W] = c[CMD_COLUMN_ROWS_LSB +: CMD_COLUMN_ROWS_W]
        + added(c[CMD_COLUMN_ROWS_BASE +: 4]);
      became[CMD_COLUMN_POS_LSB +: CMD_COLUMN_POS_W] = c[CMD_COLUMN_POS_LSB +: CMD_COLUMN_POS_W]
        + added(c[CMD_COLUMN_POS_BASE +: 4]);
      became[CMD_COLUMN_SET_LSB +: CMD_COLUMN_SET_W] = c[CMD_COLUMN_SET_LSB +: CMD_COLUMN_SET_W]
        + added(c[CMD_COLUMN_SET_BASE +: 4]);
    end
    if (KIND == 4 && row) begin
      became[CMD_ROW_SRC_LSB +: CMD_ROW_SRC_W] = c[CMD_ROW_SRC_LSB +: CMD_ROW_SRC_W]
        + added(c[CMD_ROW_SRC_BASE +: 4]);
      became[CMD_ROW_ROWS_LSB +: CMD_ROW_ROWS_W] = c[CMD_ROW_ROWS_LSB +: CMD_ROW_ROWS_W]
        + added(c[CMD_ROW_ROWS_BASE +: 4]);
      became[CMD_ROW_POS_LSB +: CMD_ROW_POS_W] = c[CMD_ROW_POS_LSB +: CMD_ROW_POS_W]
        + added(c[CMD_ROW_POS_BASE +: 4]);
      became[CMD_ROW_SET_LSB +: CMD_ROW_SET_W] = c[CMD_ROW_SET_LSB +: CMD_ROW_SET_W]
        + added(c[CMD_ROW_SET_BASE +: 4]);
    end
    if (KIND == 5 && send) begin
      became[CMD_SEND_SRC_LSB +: CMD_SEND_SRC_W] = c[CMD_SEND_SRC_LSB +: CMD_SEND_SRC_W]
        + added(c[CMD_SEND_SRC_BASE +: 4]);
      became[CMD_SEND_DST_LSB +: CMD_SEND_DST_W] = c[CMD_SEND_DST_LSB +: CMD_SEND_DST_W]
        + added(c[CMD_SEND_DST_BASE +: 4]);
      became[CMD_SEND_ROWS_LSB +: CMD_SEND_ROWS_W] = c[CMD_SEND_ROWS_LSB +: CMD_SEND_ROWS_W]
        + added(c[CMD_SEND_ROWS_BASE +: 4]);
    end
  end
  reg [255:0] want, before;
  reg         taken, waited;
  always @(posedge clk) begin
    taken <= (take_push || take_list) && !rst;
    want <= became;
    waited <= m_valid && !m_ready && !rst;
    before <= m_cmd;
  end

  always @* if (started) begin
    // Never both in one cycle; the core's command first.
    assert (!(take_push && take_list));
    if (push_valid) assert (!list_ready);
    // Something comes out just when something was taken in the cycle before, or still waits.
    assert (m_valid == (taken || waited));
    // What waits stays as it is.
    if (waited) assert (m_cmd == before);
    // Each relocatable field is field + base register, all else as it came.
    if (taken) assert (m_cmd == want);
  end
endmodule

`default_nettype wire
