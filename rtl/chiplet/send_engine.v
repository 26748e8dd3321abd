// SPDX-License-Identifier: Apache-2.0
//
// send_engine: executes `send` commands: multicasts stash beats to peers.
//
// Contract: docs/chiplet.md. Beats leave row by row; a beat leaves when every peer of the mask has
//   taken it, each at its own pace. All carry the consumers to signal in tx_meta; tx_first and
//   tx_last frame the command. count 0 sends one tx_empty beat. The
//   signature has one beat per beat sent, offset from dst, whatever the number of
//   peers.
// Handshake: cmd, req, tx are valid/ready. tx payload is shared by all peers and stable until the
//   last of them has taken it.
// Latency: command at t, first stash request at t+1, first beat offered at t+3; done one cycle
//   after the last beat left. Rate: one beat per cycle.
// Errors: zero rows, no peer, a peer that does not exist or is this chiplet, consumers beyond the
//   last queue -> ILLEGAL; source or destination beyond the stash -> ADDRESS. Nothing is sent then.
// Cost: DEPTH beats, a signature unit, four address multipliers of 12 x 12 bits.
`default_nettype none

module send_engine #(
  parameter BLOCK = 64,
  parameter STASH_BEATS = 16384,
  parameter N_CHIPLETS = 2,
  parameter N_QUEUES = 6,    // queues of the receivers
  parameter DEPTH = 4        // beats read ahead
) (
  input  wire                  clk,
  input  wire                  rst,
  input  wire [2:0]            chiplet_id,

  input  wire                  cmd_valid,
  output wire                  cmd_ready,
  input  wire [255:0]          cmd,
  output reg                   done_valid,
  output wire [31:0]           done_signature,
  output reg  [3:0]            done_status,

  // stash reads
  output wire                  req_valid,
  input  wire                  req_ready,
  output wire [15:0]           req_addr,
  input  wire                  rsp_valid,
  input  wire [8*BLOCK-1:0]    rsp_data,
  input  wire [15:0]           rsp_exps,

  // to the links, one valid/ready per peer
  output wire [N_CHIPLETS-1:0] tx_valid,
  input  wire [N_CHIPLETS-1:0] tx_ready,
  output wire [15:0]           tx_addr,
  output wire [8*BLOCK-1:0]    tx_data,
  output wire [15:0]           tx_exps,
  output wire                  tx_first,
  output wire                  tx_last,
  output wire                  tx_empty,
  output wire [15:0]           tx_meta
);
`include "commands.vh"

  generate
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      send_engine_STASH_BEATS_must_be_1_to_65536 rule ();
    end
    if (N_CHIPLETS < 1 || N_CHIPLETS > 8) begin : g_chiplets
      send_engine_N_CHIPLETS_must_be_1_to_8 rule ();
    end
    if (N_QUEUES < 1 || N_QUEUES > 16) begin : g_queues
      send_engine_N_QUEUES_must_be_1_to_16 rule ();
    end
  endgenerate

  // The command, checked as it is taken
  wire unused = &{1'b0, cmd};
  wire [15:0] c_src = cmd[CMD_SEND_SRC_LSB +: CMD_SEND_SRC_W];
  wire [15:0] c_dst = cmd[CMD_SEND_DST_LSB +: CMD_SEND_DST_W];
  wire [11:0] c_rows = cmd[CMD_SEND_ROWS_LSB +: CMD_SEND_ROWS_W];
  wire [11:0] c_count = cmd[CMD_SEND_COUNT_LSB +: CMD_SEND_COUNT_W];
  wire [11:0] c_src_stride = cmd[CMD_SEND_SRC_STRIDE_LSB +: CMD_SEND_SRC_STRIDE_W];
  wire [11:0] c_dst_stride = cmd[CMD_SEND_DST_STRIDE_LSB +: CMD_SEND_DST_STRIDE_W];
  wire [7:0]  c_peers = cmd[CMD_SEND_PEERS_LSB +: CMD_SEND_PEERS_W];
  wire [3:0]  c_first = cmd[CMD_SEND_REMOTE_FIRST_LSB +: CMD_SEND_REMOTE_FIRST_W];
  wire [3:0]  c_signals = cmd[CMD_SEND_REMOTE_COUNT_LSB +: CMD_SEND_REMOTE_COUNT_W];
  wire        c_nothing = c_count == 12'd0;
  wire [23:0] c_last_row = {12'd0, c_rows} - 24'd1;
  wire [31:0] c_src_end = {16'd0, c_src} + {8'd0, c_last_row} * {20'd0, c_src_stride}
                          + {20'd0, c_count};
  wire [31:0] c_dst_end = {16'd0, c_dst} + {8'd0, c_last_row} * {20'd0, c_dst_stride}
                          + {20'd0, c_count};
  wire [7:0]  c_allowed = (8'hFF >> (8 - N_CHIPLETS)) & ~(8'd1 << chiplet_id);
  wire        c_illegal = c_rows == 12'd0 || c_peers == 8'd0 || (c_peers & ~c_allowed) != 8'd0
                          || (c_signals != 4'd0
                              && {28'd0, c_first} + {28'd0, c_signals} > N_QUEUES);
  wire        c_beyond = !c_nothing && (c_src_end > STASH_BEATS || c_dst_end > STASH_BEATS);

  reg                  busy_q;      // beats are still to leave
  reg                  nothing_q;
  reg                  read_q;      // addresses are still to be asked for
  reg [15:0]           src_q;       // next address; row it belongs to; beats and rows left
  reg [15:0]           src_row_q;
  reg [11:0]           src_left_q;
  reg [11:0]           src_rows_q;
  reg [15:0]           dst_q;       // the same on the way out
  reg [15:0]           dst_row_q;
  reg [11:0]           dst_left_q;
  reg [11:0]           dst_rows_q;
  reg [15:0]           dst_base_q;
  reg                  first_q;
  reg [11:0]           count_q;
  reg [11:0]           src_stride_q;
  reg [11:0]           dst_stride_q;
  reg [N_CHIPLETS-1:0] peers_q;
  reg [N_CHIPLETS-1:0] taken_q;     // peers that have the current beat
  reg [7:0]            meta_q;

  wire accept = cmd_valid && cmd_ready;
  assign cmd_ready = !busy_q && !done_valid;

  wire read_ready;
  wire beat_valid;
  wire leave;
  stash_reader #(.BLOCK(BLOCK), .DEPTH(DEPTH)) reader (
    .clk(clk), .rst(rst),
    .s_valid(read_q), .s_ready(read_ready), .s_addr(src_q),
    .req_valid(req_valid), .req_ready(req_ready), .req_addr(req_addr),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps),
    .m_valid(beat_valid), .m_ready(leave), .m_data(tx_data), .m_exps(tx_exps)
  );

  wire offer = busy_q && (nothing_q || beat_valid);
  assign tx_valid = offer ? peers_q & ~taken_q : {N_CHIPLETS{1'b0}};
  assign leave = offer && (peers_q & ~taken_q & ~tx_ready) == {N_CHIPLETS{1'b0}};
  assign tx_addr = dst_q;
  assign tx_first = first_q;
  assign tx_last = nothing_q || (dst_left_q == 12'd1 && dst_rows_q == 12'd1);
  assign tx_empty = nothing_q;
  assign tx_meta = {8'd0, meta_q};

  wire [15:0] offset = dst_q - dst_base_q;
  signature #(.BLOCK(BLOCK)) sign (
    .clk(clk), .rst(rst), .clear(done_valid),
    .valid(leave && !nothing_q), .offset({16'd0, offset}), .data(tx_data), .exps(tx_exps),
    .sum(done_signature)
  );

  wire [15:0] src_next_row = src_row_q + {4'd0, src_stride_q};
  wire [15:0] dst_next_row = dst_row_q + {4'd0, dst_stride_q};
  always @(posedge clk) begin
    if (accept) begin
      nothing_q <= c_nothing;
      src_q <= c_src;
      src_row_q <= c_src;
      src_left_q <= c_count;
      src_rows_q <= c_rows;
      dst_q <= c_dst;
      dst_row_q <= c_dst;
      dst_left_q <= c_count;
      dst_rows_q <= c_rows;
      dst_base_q <= c_dst;
      first_q <= 1'b1;
      count_q <= c_count;
      src_stride_q <= c_src_stride;
      dst_stride_q <= c_dst_stride;
      peers_q <= c_peers[N_CHIPLETS-1:0];
      meta_q <= {c_signals, c_first};
      done_status <= c_illegal ? ERROR_ILLEGAL : c_beyond ? ERROR_ADDRESS : ERROR_NONE;
    end
    if (read_q && read_ready) begin
      src_q <= (src_left_q == 12'd1) ? src_next_row : src_q + 16'd1;
      src_left_q <= (src_left_q == 12'd1) ? count_q : src_left_q - 12'd1;
      if (src_left_q == 12'd1) begin
        src_row_q <= src_next_row;
        src_rows_q <= src_rows_q - 12'd1;
      end
    end
    if (leave) begin
      first_q <= 1'b0;
      dst_q <= (dst_left_q == 12'd1) ? dst_next_row : dst_q + 16'd1;
      dst_left_q <= (dst_left_q == 12'd1) ? count_q : dst_left_q - 12'd1;
      if (dst_left_q == 12'd1) begin
        dst_row_q <= dst_next_row;
        dst_rows_q <= dst_rows_q - 12'd1;
      end
    end
    if (rst) begin
      busy_q <= 1'b0;
      read_q <= 1'b0;
      taken_q <= {N_CHIPLETS{1'b0}};
      done_valid <= 1'b0;
    end else begin
      if (accept) busy_q <= !(c_illegal || c_beyond);
      else if (leave && tx_last) busy_q <= 1'b0;
      if (accept) read_q <= !(c_illegal || c_beyond || c_nothing);
      else if (read_ready && src_left_q == 12'd1 && src_rows_q == 12'd1) read_q <= 1'b0;
      if (leave) taken_q <= {N_CHIPLETS{1'b0}};
      else taken_q <= taken_q | (tx_valid & tx_ready);
      done_valid <= (accept && (c_illegal || c_beyond)) || (leave && tx_last);
    end
  end
endmodule

`default_nettype wire
