// SPDX-License-Identifier: Apache-2.0
//
// dma: executes load, store and weights commands between memory, stash and macros.
//
// Contract: docs/chiplet.md. MX tensors carry their exponents in memory (groups of BLOCK/2 data
//   beats, then a beat of exponents); a read takes the exponent beat of a group first. Raw beats
//   have exponents 0.
// Handshake: engine command interface, stash port and macro write port of docs/architecture.md.
// Errors: zero counts, unknown opcode -> ILLEGAL; stash, set or macro beyond the end -> ADDRESS
//   (nothing is done); an AXI error -> MEMORY and a dropped macro write -> CONFLICT, after the
//   command has run to its end.
// cancel: the command at work stops writing and ends as soon as no memory access is outstanding;
// no done pulse.
// Rate: one beat per cycle in reads, less one cycle per group; stores one beat per cycle less the
//   address and response cycles of each burst.
// Cost: STORE_BURST beats of buffer; one exponent beat.
`default_nettype none

module dma #(
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter N_MACROS = 2,
  parameter STORE_BURST = 16  // beats per write burst, at most 16; buffer of a store
) (
  input  wire                 clk,
  input  wire                 rst,
  input  wire                 cancel,
  output wire                 busy,

  // commands
  input  wire                 cmd_valid,
  output wire                 cmd_ready,
  input  wire [255:0]         cmd,
  output reg                  done_valid,
  output wire [31:0]          done_signature,
  output reg  [3:0]           done_status,

  // memory reads, through memory_port
  output wire                 rd_valid,
  input  wire                 rd_ready,
  output wire [31:0]          rd_addr,
  output wire [7:0]           rd_beats,
  input  wire                 rsp_valid,
  output wire                 rsp_ready,
  input  wire [8*BLOCK-1:0]   rsp_data,
  input  wire                 rsp_err,

  // AXI4 write channel
  output wire                 m_axi_awvalid,
  input  wire                 m_axi_awready,
  output wire [39:0]          m_axi_awaddr,
  output wire [7:0]           m_axi_awlen,
  output wire                 m_axi_wvalid,
  input  wire                 m_axi_wready,
  output wire [8*BLOCK-1:0]   m_axi_wdata,
  output wire                 m_axi_wlast,
  input  wire                 m_axi_bvalid,
  output wire                 m_axi_bready,
  input  wire [1:0]           m_axi_bresp,

  // stash
  output wire                 stash_req_valid,
  input  wire                 stash_req_ready,
  output wire                 stash_req_we,
  output wire [15:0]          stash_req_addr,
  output wire [8*BLOCK-1:0]   stash_req_data,
  output wire [15:0]          stash_req_exps,
  input  wire                 stash_rsp_valid,
  input  wire [8*BLOCK-1:0]   stash_rsp_data,
  input  wire [15:0]          stash_rsp_exps,

  // macro column writes
  output wire                 mw_valid,
  input  wire                 mw_ready,
  output wire [3:0]           mw_macro,
  output wire [11:0]          mw_set,
  output wire [7:0]           mw_index,
  output wire [8*BLOCK-1:0]   mw_data,
  output wire [15:0]          mw_exps,
  input  wire                 mw_conflict
);
`include "commands.vh"

  localparam GROUP = BLOCK / 2;  // data beats per exponent beat
  localparam OFFSET_BITS = $clog2(BLOCK);
  localparam COLUMN_BITS = $clog2(BLOCK);
  localparam PAGE_BITS = 12 - OFFSET_BITS;
  localparam [19:0] GROUP_BEATS = GROUP[19:0];
  localparam [19:0] BURST_BEATS = STORE_BURST[19:0];

  generate
    if (BLOCK < 4 || BLOCK > 64 || (1 << OFFSET_BITS) != BLOCK) begin : g_block
      dma_BLOCK_must_be_a_power_of_two_from_4_to_64 rule ();
    end
    if (SETS < 1 || SETS > 4096) begin : g_sets
      dma_SETS_must_be_1_to_4096 rule ();
    end
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      dma_STASH_BEATS_must_be_1_to_65536 rule ();
    end
    if (N_MACROS < 1 || N_MACROS > 12) begin : g_macros
      dma_N_MACROS_must_be_1_to_12 rule ();
    end
    if (STORE_BURST < 1 || STORE_BURST > 16) begin : g_burst
      dma_STORE_BURST_must_be_1_to_16 rule ();
    end
  endgenerate

  // The command, unpacked; weights is one row of count beats.
  wire [3:0]  c_opcode = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W];
  wire        c_weights = c_opcode == CMD_WEIGHTS;
  wire [31:0] c_mem = c_weights ? cmd[CMD_WEIGHTS_MEM_LSB +: 32] : cmd[CMD_LOAD_MEM_LSB +: 32];
  wire [15:0] c_stash = cmd[CMD_LOAD_STASH_LSB +: CMD_LOAD_STASH_W];
  wire [11:0] c_rows = c_weights ? 12'd1 : cmd[CMD_LOAD_ROWS_LSB +: CMD_LOAD_ROWS_W];
  wire [19:0] c_count = c_weights ? cmd[CMD_WEIGHTS_COUNT_LSB +: CMD_WEIGHTS_COUNT_W]
                                  : {4'd0, cmd[CMD_LOAD_COUNT_LSB +: CMD_LOAD_COUNT_W]};
  wire [19:0] c_mem_stride = cmd[CMD_LOAD_MEM_STRIDE_LSB +: CMD_LOAD_MEM_STRIDE_W];
  wire [11:0] c_stash_stride = cmd[CMD_LOAD_STASH_STRIDE_LSB +: CMD_LOAD_STASH_STRIDE_W];
  wire        c_mx = c_weights || cmd[CMD_LOAD_MX_LSB];
  wire [11:0] c_set = cmd[CMD_WEIGHTS_SET_LSB +: CMD_WEIGHTS_SET_W];
  wire [7:0]  c_index = cmd[CMD_WEIGHTS_INDEX_LSB +: CMD_WEIGHTS_INDEX_W];
  wire [3:0]  c_macro = cmd[CMD_WEIGHTS_MACRO_LSB +: CMD_WEIGHTS_MACRO_W];

  wire [31:0] c_stash_last = {16'd0, c_stash} + ({20'd0, c_rows} - 32'd1) * {20'd0, c_stash_stride}
                             + {12'd0, c_count} - 32'd1;
  wire [31:0] c_set_last = {20'd0, c_set}
                           + (({24'd0, c_index} + {12'd0, c_count} - 32'd1) >> COLUMN_BITS);
  wire c_illegal = c_rows == 0 || c_count == 0
                   || !(c_opcode == CMD_LOAD || c_opcode == CMD_STORE || c_weights);
  wire c_beyond = c_weights
    ? (c_set_last >= SETS || {28'd0, c_macro} >= N_MACROS || {24'd0, c_index} >= BLOCK)
    : c_stash_last >= STASH_BEATS;

  localparam [1:0] S_IDLE = 2'd0, S_READ = 2'd1, S_STORE = 2'd2, S_END = 2'd3;
  reg [1:0]  state_q;
  reg        cancelled_q;
  reg        weights_q;
  reg        mx_q;
  reg [31:0] mem_q;           // memory beat of the current row
  reg [15:0] stash_q;         // stash beat of the current row
  reg [15:0] stash_base_q;
  reg [11:0] rows_q;          // rows left, the current one included
  reg [19:0] count_q;
  reg [19:0] mem_stride_q;
  reg [11:0] stash_stride_q;
  reg [3:0]  macro_q;
  reg [3:0]  status_q;
  wire       accept = cmd_valid && cmd_ready;

  assign cmd_ready = state_q == S_IDLE && !done_valid;
  assign busy = state_q != S_IDLE;

  // Read requests run ahead of the responses: two walkers over the same rows and groups.
  reg        ask_q;            // requests remain
  reg [31:0] ask_mem_q;
  reg [31:0] ask_row_mem_q;
  reg [11:0] ask_rows_q;
  reg [19:0] ask_left_q;       // data beats left in the row
  reg        ask_exps_q;       // the next request is the group's exponent beat
  wire [19:0] ask_data = (ask_left_q > GROUP_BEATS) ? GROUP_BEATS : ask_left_q;

  assign rd_valid = ask_q;
  assign rd_addr = ask_exps_q ? ask_mem_q + {12'd0, ask_data} : ask_mem_q;
  assign rd_beats = ask_exps_q ? 8'd1 : ask_data[7:0];
  wire asked = rd_valid && rd_ready;
  reg [19:0] expected_q;       // beats asked for and not yet answered

  // Responses.
  reg [19:0] left_q;           // data beats left in the row
  reg [19:0] group_left_q;     // data beats left in the group
  reg        exps_next_q;
  reg [8*BLOCK-1:0] group_exps_q;
  reg [15:0] write_addr_q;
  reg [11:0] set_q;
  reg [COLUMN_BITS-1:0] index_q;
  reg [31:0] beat_q;           // running number of data beats
  wire is_data = state_q == S_READ && rsp_valid && !exps_next_q;
  wire [15:0] exps = mx_q ? group_exps_q[15:0] : 16'd0;
  wire drop = cancelled_q;
  wire write_ready = drop || (weights_q ? mw_ready : stash_req_ready);
  wire take_exps = state_q == S_READ && rsp_valid && exps_next_q;
  wire take_data = is_data && write_ready;
  wire last_of_row = left_q == 20'd1;

  assign rsp_ready = state_q == S_READ && (exps_next_q || write_ready);
  assign mw_valid = is_data && weights_q && !drop;
  assign mw_macro = macro_q;
  assign mw_set = set_q;
  assign mw_index = {{(8-COLUMN_BITS){1'b0}}, index_q};
  assign mw_data = rsp_data;
  assign mw_exps = exps;

  // Stores: fill the buffer from the stash, then one burst; an MX group ends with its exponents.
  localparam [2:0] T_FILL = 3'd0, T_ADDRESS = 3'd1, T_DATA = 3'd2, T_RESPONSE = 3'd3,
                   T_EXPS_ADDRESS = 3'd4, T_EXPS_DATA = 3'd5, T_EXPS_RESPONSE = 3'd6;
  reg [2:0]  store_q;
  reg [8*BLOCK-1:0] buffer [0:STORE_BURST-1];
  reg [4:0]  fill_asked_q;
  reg [4:0]  filled_q;
  reg [4:0]  sent_q;
  reg [31:0] store_mem_q;
  reg [$clog2(GROUP)-1:0] exps_at_q;
  wire [19:0] to_boundary = (20'd1 << PAGE_BITS)
                            - {{(20-PAGE_BITS){1'b0}}, store_mem_q[PAGE_BITS-1:0]};
  wire [19:0] in_group = (mx_q && group_left_q < left_q) ? group_left_q : left_q;
  wire [19:0] short = (in_group < BURST_BEATS) ? in_group : BURST_BEATS;
  wire [19:0] chunk = (short < to_boundary) ? short : to_boundary;
  wire filling = state_q == S_STORE && store_q == T_FILL;
  wire stash_read = filling && {15'd0, fill_asked_q} < chunk;
  wire exps_phase = store_q == T_EXPS_ADDRESS || store_q == T_EXPS_DATA;

  assign m_axi_awvalid = state_q == S_STORE && (store_q == T_ADDRESS || store_q == T_EXPS_ADDRESS);
  assign m_axi_awaddr = {{(8-OFFSET_BITS){1'b0}}, store_mem_q, {OFFSET_BITS{1'b0}}};
  assign m_axi_awlen = exps_phase ? 8'd0 : chunk[7:0] - 8'd1;
  assign m_axi_wvalid = state_q == S_STORE && (store_q == T_DATA || store_q == T_EXPS_DATA);
  assign m_axi_wdata = exps_phase ? group_exps_q : buffer[sent_q[3:0]];
  assign m_axi_wlast = exps_phase || {15'd0, sent_q} + 20'd1 == chunk;
  assign m_axi_bready = state_q == S_STORE && (store_q == T_RESPONSE || store_q == T_EXPS_RESPONSE);
  wire responded = m_axi_bvalid && m_axi_bready;
  wire unused_bresp = m_axi_bresp[0];  // OKAY and EXOKAY, SLVERR and DECERR are one to us
  wire store_group_ends = mx_q && in_group == chunk;
  // The last response of a row: of its last chunk, or of the exponents behind that.
  wire store_row_done = responded && (store_q == T_EXPS_RESPONSE
                                      ? left_q == 20'd0 : !store_group_ends && left_q == chunk);

  assign stash_req_valid = (is_data && !weights_q && !drop) || stash_read;
  assign stash_req_we = state_q == S_READ;
  assign stash_req_addr = write_addr_q;
  assign stash_req_data = rsp_data;
  assign stash_req_exps = exps;
  wire stash_taken = stash_req_valid && stash_req_ready;

  // One signature unit: data beats of loads as they are written, of stores as they are read.
  wire        sign = (take_data && !drop) || (filling && stash_rsp_valid);
  wire [31:0] sign_offset = (state_q == S_READ && !weights_q)
                            ? {16'd0, write_addr_q - stash_base_q} : beat_q;
  wire [8*BLOCK-1:0] sign_data = (state_q == S_READ) ? rsp_data : stash_rsp_data;
  wire [15:0] sign_exps = (state_q == S_READ) ? exps : (mx_q ? stash_rsp_exps : 16'd0);
  signature #(.BLOCK(BLOCK)) u_signature (
    .clk(clk), .rst(rst), .clear(accept), .valid(sign), .offset(sign_offset), .data(sign_data),
    .exps(sign_exps), .sum(done_signature)
  );

  wire [31:0] next_mem = mem_q + {12'd0, mem_stride_q};
  wire [15:0] next_stash = stash_q + {4'd0, stash_stride_q};

  always @(posedge clk) begin
    done_valid <= 1'b0;
    if (rst) begin
      state_q <= S_IDLE;
      cancelled_q <= 1'b0;
      ask_q <= 1'b0;
    end else begin
      if (cancel && state_q != S_IDLE) cancelled_q <= 1'b1;

      case (state_q)
        S_IDLE: begin
          cancelled_q <= 1'b0;
          if (accept) begin
            weights_q <= c_weights;
            mx_q <= c_mx;
            mem_q <= c_mem;
            stash_q <= c_stash;
            stash_base_q <= c_stash;
            rows_q <= c_rows;
            count_q <= c_count;
            mem_stride_q <= c_mem_stride;
            stash_stride_q <= c_stash_stride;
            macro_q <= c_macro;
            set_q <= c_set;
            index_q <= c_index[COLUMN_BITS-1:0];
            beat_q <= 32'd0;
            left_q <= c_count;
            group_left_q <= GROUP_BEATS;
            exps_next_q <= c_mx;
            write_addr_q <= c_stash;
            store_mem_q <= c_mem;
            store_q <= T_FILL;
            fill_asked_q <= 5'd0;
            filled_q <= 5'd0;
            sent_q <= 5'd0;
            exps_at_q <= 0;
            ask_q <= !c_illegal && !c_beyond && c_opcode != CMD_STORE;
            ask_mem_q <= c_mem;
            ask_row_mem_q <= c_mem;
            ask_rows_q <= c_rows;
            ask_left_q <= c_count;
            ask_exps_q <= c_mx;
            expected_q <= 20'd0;
            status_q <= c_illegal ? ERROR_ILLEGAL : c_beyond ? ERROR_ADDRESS : ERROR_NONE;
            if (c_illegal || c_beyond) state_q <= S_END;
            else state_q <= (c_opcode == CMD_STORE) ? S_STORE : S_READ;
            if (c_opcode == CMD_STORE) group_exps_q <= {8*BLOCK{1'b0}};
          end
        end

        S_READ: begin
          if (asked) begin
            ask_exps_q <= mx_q && !ask_exps_q;
            if (cancelled_q) ask_q <= 1'b0;
            if (!ask_exps_q) begin
              if (ask_left_q != ask_data) begin
                ask_left_q <= ask_left_q - ask_data;
                ask_mem_q <= ask_mem_q + {12'd0, ask_data} + {31'd0, mx_q};
              end else begin
                ask_left_q <= count_q;
                ask_mem_q <= ask_row_mem_q + {12'd0, mem_stride_q};
                ask_row_mem_q <= ask_row_mem_q + {12'd0, mem_stride_q};
                ask_rows_q <= ask_rows_q - 12'd1;
                if (ask_rows_q == 12'd1) ask_q <= 1'b0;
              end
            end
          end
          expected_q <= expected_q + (asked ? {12'd0, rd_beats} : 20'd0)
                        - {19'd0, take_exps || take_data};

          if ((take_exps || take_data) && rsp_err) status_q <= ERROR_MEMORY;
          if (take_exps) begin
            group_exps_q <= rsp_data;
            exps_next_q <= 1'b0;
          end
          if (take_data) begin
            beat_q <= beat_q + 32'd1;
            group_exps_q <= group_exps_q >> 16;
            write_addr_q <= write_addr_q + 16'd1;
            index_q <= index_q + 1'b1;
            if (&index_q) set_q <= set_q + 12'd1;
            left_q <= left_q - 20'd1;
            group_left_q <= group_left_q - 20'd1;
            if (group_left_q == 20'd1 || last_of_row) begin
              group_left_q <= GROUP_BEATS;
              exps_next_q <= mx_q;
            end
            if (last_of_row) begin
              left_q <= count_q;
              rows_q <= rows_q - 12'd1;
              stash_q <= next_stash;
              write_addr_q <= next_stash;
              if (rows_q == 12'd1) state_q <= S_END;
            end
          end
          if (cancelled_q && !ask_q && expected_q == 20'd0) state_q <= S_IDLE;
        end

        S_STORE: begin
          if (stash_taken) begin
            fill_asked_q <= fill_asked_q + 5'd1;
            write_addr_q <= write_addr_q + 16'd1;
          end
          case (store_q)
            T_FILL: begin
              if (stash_rsp_valid) begin
                buffer[filled_q[3:0]] <= stash_rsp_data;
                filled_q <= filled_q + 5'd1;
                beat_q <= beat_q + 32'd1;
                exps_at_q <= exps_at_q + 1'b1;
                if (mx_q) group_exps_q[16*exps_at_q +: 16] <= stash_rsp_exps;
              end
              if ({15'd0, filled_q} == chunk) begin
                store_q <= T_ADDRESS;
                if (cancelled_q) state_q <= S_IDLE;
              end
            end
            T_ADDRESS: if (m_axi_awready) store_q <= T_DATA;
            T_DATA: if (m_axi_wready) begin
              sent_q <= sent_q + 5'd1;
              if (m_axi_wlast) store_q <= T_RESPONSE;
            end
            T_RESPONSE: if (responded) begin
              if (m_axi_bresp[1]) status_q <= ERROR_MEMORY;
              fill_asked_q <= 5'd0;
              filled_q <= 5'd0;
              sent_q <= 5'd0;
              store_mem_q <= store_mem_q + {12'd0, chunk};
              left_q <= left_q - chunk;
              group_left_q <= group_left_q - chunk;
              store_q <= store_group_ends ? T_EXPS_ADDRESS : T_FILL;
            end
            T_EXPS_ADDRESS: if (m_axi_awready) store_q <= T_EXPS_DATA;
            T_EXPS_DATA: if (m_axi_wready) store_q <= T_EXPS_RESPONSE;
            default: if (responded) begin
              if (m_axi_bresp[1]) status_q <= ERROR_MEMORY;
              group_exps_q <= {8*BLOCK{1'b0}};
              exps_at_q <= 0;
              group_left_q <= GROUP_BEATS;
              store_mem_q <= store_mem_q + 32'd1;
              store_q <= T_FILL;
            end
          endcase
          if (store_row_done) begin
            left_q <= count_q;
            rows_q <= rows_q - 12'd1;
            mem_q <= next_mem;
            store_mem_q <= next_mem;
            stash_q <= next_stash;
            write_addr_q <= next_stash;
            if (rows_q == 12'd1) state_q <= S_END;
          end
          if (responded && cancelled_q) state_q <= S_IDLE;
        end

        default: begin
          // One cycle for the signature's last beat and for a late conflict pulse.
          state_q <= S_IDLE;
          done_valid <= !cancelled_q && !cancel;
          done_status <= mw_conflict ? ERROR_CONFLICT : status_q;
        end
      endcase

      if (mw_conflict && status_q == ERROR_NONE && state_q == S_READ) status_q <= ERROR_CONFLICT;
    end
  end
endmodule

`default_nettype wire
