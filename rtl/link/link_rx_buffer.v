// SPDX-License-Identifier: Apache-2.0
//
// link_rx_buffer: holds beats until their flit is good, then until they are taken.
//
// Contract: beats of the flit being received are written behind the last accepted one; `accept`
//   with the flit's descriptor makes them readable, and the next flit overwrites them otherwise.
//   A write into a full buffer (a flit that comes a second time has no credits) is left out.
// Credits: beat_limit and flit_limit are all that was ever made free, plus the size; `freed`
//   pulses when one of them grows.
// Output: valid/ready, payload stable while stalled; rx_data is meaningless with rx_empty.
// Latency: accept in cycle t, first beat on the output in cycle t + 2. Rate: one beat per cycle.
// Cost: BEATS x 8*BLOCK bits of two-port memory (one write, one read), a FIFO of FLITS
//   descriptors.
`default_nettype none

module link_rx_buffer #(
  parameter BLOCK = 64,
  parameter BEATS = 128,  // power of two, 8 to 256
  parameter FLITS = 32    // 1 to 64
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               beat_valid,
  input  wire [2:0]         beat_index,
  input  wire [8*BLOCK-1:0] beat_data,
  input  wire               accept,
  input  wire [169:0]       desc,

  output wire               rx_valid,
  input  wire               rx_ready,
  output wire [15:0]        rx_addr,
  output wire [8*BLOCK-1:0] rx_data,
  output wire [15:0]        rx_exps,
  output wire               rx_first,
  output wire               rx_last,
  output wire               rx_empty,
  output wire [15:0]        rx_meta,

  output wire [9:0]         beat_limit,
  output wire [7:0]         flit_limit,
  output wire               freed,
  output wire               overflow     // pulse: a flit without credits was accepted
);
  localparam INDEX = $clog2(BEATS);
  generate
    if (BEATS < 8 || BEATS > 256 || BEATS != (1 << INDEX)) begin : g_beats
      link_rx_buffer_BEATS_must_be_a_power_of_two_8_to_256 rule ();
    end
    if (FLITS < 1 || FLITS > 64) begin : g_flits
      link_rx_buffer_FLITS_must_be_1_to_64 rule ();
    end
  endgenerate

  localparam [31:0] BEATS_WORD = BEATS;
  localparam [31:0] FLITS_WORD = FLITS;
  localparam [INDEX:0] FULL = {1'b1, {INDEX{1'b0}}};
  localparam [INDEX:0] ONE = 1;

  reg [8*BLOCK-1:0] mem [0:BEATS-1];
  reg [INDEX:0]     write_q;       // behind the last accepted beat
  reg [INDEX:0]     read_q;
  reg [9:0]         beat_limit_q;
  reg [7:0]         flit_limit_q;

  // ---- write side
  wire [INDEX:0] place = write_q + {{(INDEX-2){1'b0}}, beat_index};
  wire [INDEX:0] used_at_place = place - read_q;
  wire           fits = used_at_place < FULL;
  wire [INDEX:0] write_next = write_q + {{(INDEX-3){1'b0}}, desc[166:163]};
  wire [INDEX:0] used_next = write_next - read_q;
  wire           list_ready;

  always @(posedge clk) begin
    if (beat_valid && fits) mem[place[INDEX-1:0]] <= beat_data;
  end

  // ---- list of accepted flits: {count, first, last, empty, addr, meta, exponents}
  wire         list_valid;
  wire         list_pop;
  wire [166:0] list;

  fifo #(.WIDTH(167), .DEPTH(FLITS)) flit_list (
    .clk(clk), .rst(rst),
    .s_valid(accept), .s_ready(list_ready), .s_data(desc[166:0]),
    .m_valid(list_valid), .m_ready(list_pop), .m_data(list));

  assign overflow = accept && (!list_ready || used_next > FULL);

  // ---- read side
  reg               valid_q;
  reg [2:0]         index_q;   // beat within the flit
  reg [8*BLOCK-1:0] data_q;
  reg [15:0]        exps_q;
  reg [15:0]        addr_q;
  reg [15:0]        meta_q;
  reg               first_q;
  reg               last_q;
  reg               empty_q;

  wire       load = list_valid && (!valid_q || rx_ready);
  wire       empty = list[160];
  wire       final_beat = empty || list[166:163] == {1'b0, index_q} + 4'd1;

  assign list_pop = load && final_beat;
  assign freed = load;
  assign rx_valid = valid_q;
  assign rx_addr = addr_q;
  assign rx_data = data_q;
  assign rx_exps = exps_q;
  assign rx_first = first_q;
  assign rx_last = last_q;
  assign rx_empty = empty_q;
  assign rx_meta = meta_q;
  assign beat_limit = beat_limit_q;
  assign flit_limit = flit_limit_q;

  always @(posedge clk) begin
    if (load && !empty) data_q <= mem[read_q[INDEX-1:0]];
    if (load) begin
      exps_q <= list[index_q*16 +: 16];
      addr_q <= list[159:144] + {13'd0, index_q};
      meta_q <= list[143:128];
      first_q <= list[162] && index_q == 3'd0;
      last_q <= list[161] && final_beat;
      empty_q <= empty;
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      write_q <= {(INDEX+1){1'b0}};
      read_q <= {(INDEX+1){1'b0}};
      beat_limit_q <= BEATS_WORD[9:0];
      flit_limit_q <= FLITS_WORD[7:0];
      valid_q <= 1'b0;
      index_q <= 3'd0;
    end else begin
      if (accept) write_q <= write_next;
      if (load) valid_q <= 1'b1;
      else if (rx_ready) valid_q <= 1'b0;
      if (load) index_q <= final_beat ? 3'd0 : index_q + 3'd1;
      if (load && !empty) begin
        read_q <= read_q + ONE;
        beat_limit_q <= beat_limit_q + 10'd1;
      end
      if (list_pop) flit_limit_q <= flit_limit_q + 8'd1;
    end
  end

  wire unused = &{1'b0, desc[169:167], place[INDEX]};
endmodule

`default_nettype wire
