// SPDX-License-Identifier: Apache-2.0
//
// link_rx: finds the flits in the phits, checks them, and decides what becomes of each.
//
// Contract: a flit is accepted once, in sequence order, and only when its CRC, its number of data
//   phits and its sequence number are right. Anything else leaves no trace above; an error or a
//   gap asks the peer once to replay, by turning `nak` over. Flits that still carry the old
//   generation were sent before the peer knew, so they ask for nothing.
// Beats: each is offered with beat_valid and its place in the flit while the flit is still
//   unchecked; the buffer keeps them when accept_bulk follows. The header of a good flit, in or
//   out of sequence, brings acknowledgement and credits to the transmitter (peer_*).
// Latency: a control phit in cycle t is judged in cycle t + 2. Rate: one phit per cycle.
// Cost: two phits and a control word of registers, a link_crc.
`default_nettype none

module link_rx #(
  parameter BLOCK = 64
) (
  input  wire                 clk,
  input  wire                 rst,

  // phits
  input  wire [4*BLOCK-1:0]   rx_data,
  input  wire [7:0]           rx_frame,

  // unchecked beats
  output wire                 beat_valid,
  output wire [2:0]           beat_index,
  output wire [8*BLOCK-1:0]   beat_data,

  // accepted flits; desc as in link_format.vh, stable with the pulse
  output wire                 accept_bulk,
  output wire                 accept_mgmt,
  output wire [169:0]         desc,

  // header of a good flit
  output wire                 peer_valid,
  output wire [7:0]           peer_ack,
  output wire                 peer_nak,
  output wire [9:0]           peer_beat_limit,
  output wire [7:0]           peer_flit_limit,
  output wire [7:0]           peer_mgmt_limit,

  // for the local transmitter
  output wire [7:0]           ack,            // next sequence number expected
  output wire                 nak,            // generation asked for
  output wire                 news,           // pulse
  output wire                 urgent,         // pulse: nak has turned over

  // events
  output wire                 error_event,    // a flit, or noise, was dropped
  output wire                 protocol_error  // a good flit of an unknown type
);
  `include "link_format.vh"

  localparam PHIT = 4 * BLOCK;
  localparam CONTROL_PHITS = (CONTROL_BITS + PHIT - 1) / PHIT;
  localparam [31:0] LAST_PHIT_WORD = CONTROL_PHITS - 1;
  localparam [3:0] LAST_PHIT = LAST_PHIT_WORD[3:0];

  // ---- the phit beside its CRC
  wire head_in = rx_frame == FRAME_HEAD0 || rx_frame == FRAME_HEAD1;
  wire solo_in = rx_frame == FRAME_SOLO0 || rx_frame == FRAME_SOLO1;

  reg [PHIT-1:0] data_q;
  reg [7:0]      frame_q;
  wire [31:0]    crc;
  wire           crc_valid;

  link_crc #(.PHIT(PHIT)) crc_unit (
    .clk(clk), .rst(rst),
    .s_valid(rx_frame != FRAME_IDLE), .s_first(head_in || solo_in), .s_data(rx_data),
    .m_valid(crc_valid), .m_crc(crc));

  // ---- deframing
  reg         data_phase_q;    // inside a flit, data phits so far
  reg         control_phase_q; // inside a flit, control phits so far
  reg         lost_q;          // after a broken flit, until the next one or an idle cycle
  reg         flit_gen_q;      // generation of the flit that was begun last
  reg [4:0]   phits_q;         // data phits of the flit, saturates at 17
  reg [3:0]   control_q;       // control phits seen
  reg [PHIT-1:0] half_q;
  reg [CONTROL_PHITS*PHIT-1:0] word_q;

  wire is_idle = frame_q == FRAME_IDLE;
  wire is_head = frame_q == FRAME_HEAD0 || frame_q == FRAME_HEAD1;
  wire is_solo = frame_q == FRAME_SOLO0 || frame_q == FRAME_SOLO1;
  wire is_body = frame_q == FRAME_BODY && data_phase_q && phits_q != 5'd16;
  wire is_ctrl = frame_q == FRAME_CTRL && data_phase_q;
  wire is_cont = frame_q == FRAME_CONT && control_phase_q;
  wire generation = frame_q == FRAME_HEAD1 || frame_q == FRAME_SOLO1;
  wire in_flit = data_phase_q || control_phase_q;
  wire begins = is_head || is_solo;
  // A flit cut short, or a phit where none of its kind can be; once per flit.
  wire broken = (begins && in_flit) || (is_idle && in_flit) ||
                (!(is_idle || begins || is_body || is_ctrl || is_cont) && !lost_q);
  wire control_first = is_ctrl || is_solo;
  wire complete = (control_first && CONTROL_PHITS == 1) || (is_cont && control_q == LAST_PHIT);

  assign beat_valid = is_body && phits_q[0];
  assign beat_index = phits_q[3:1];
  assign beat_data = {data_q, half_q};

  // ---- verdict
  reg       done_q;
  reg       good_q;      // CRC
  reg       done_gen_q;
  reg [4:0] done_phits_q;
  reg       broken_q;
  reg       broken_gen_q;
  reg [7:0] expected_q;
  reg       nak_q;

  wire [CRC_LSB-1:0] word = word_q[CRC_LSB-1:0];
  wire [2:0] kind = word[TYPE_LSB +: 3];
  wire       counted = done_phits_q == {word[COUNT_LSB +: 4], 1'b0};
  wire       good = done_q && good_q && counted;
  wire       bad = done_q && !(good_q && counted);
  wire       numbered = good && (kind == TYPE_BULK || kind == TYPE_MGMT);
  wire [7:0] distance = word[SEQ_LSB +: 8] - expected_q;
  wire       accept = numbered && distance == 8'd0;
  wire       gap = numbered && distance != 8'd0 && !distance[7];
  wire       ask = (broken_q && broken_gen_q == nak_q) || ((bad || gap) && done_gen_q == nak_q);

  assign accept_bulk = accept && kind == TYPE_BULK;
  assign accept_mgmt = accept && kind == TYPE_MGMT;
  assign desc = {kind, word[COUNT_LSB +: 4], word[FIRST_BIT], word[LAST_BIT], word[EMPTY_BIT],
                 word[ADDR_LSB +: 16], word[META_LSB +: 16], word[127:0]};
  assign peer_valid = good;
  assign peer_ack = word[ACK_LSB +: 8];
  assign peer_nak = word[NAK_BIT];
  assign peer_beat_limit = word[BEAT_LIMIT_LSB +: 10];
  assign peer_flit_limit = word[FLIT_LIMIT_LSB +: 8];
  assign peer_mgmt_limit = word[MGMT_LIMIT_LSB +: 8];
  assign ack = expected_q;
  assign nak = nak_q;
  // Every numbered flit is answered: a duplicate means that the last answer was lost.
  assign news = numbered;
  assign urgent = ask;
  assign error_event = broken_q || bad;
  assign protocol_error = good && kind != TYPE_CONTROL && !numbered;

  always @(posedge clk) begin
    if (rx_frame != FRAME_IDLE) data_q <= rx_data;
    if (is_head || (is_body && !phits_q[0])) half_q <= data_q;
    if (control_first) word_q[PHIT-1:0] <= data_q;
    else if (is_cont) word_q[control_q*PHIT +: PHIT] <= data_q;
    if (complete) begin
      good_q <= crc == 32'd0;
      done_gen_q <= is_solo ? generation : flit_gen_q;
      done_phits_q <= is_solo ? 5'd0 : phits_q;
    end
    if (broken) broken_gen_q <= flit_gen_q;
  end

  always @(posedge clk) begin
    if (rst) begin
      frame_q <= FRAME_IDLE;
      data_phase_q <= 1'b0;
      control_phase_q <= 1'b0;
      lost_q <= 1'b0;
      flit_gen_q <= 1'b0;
      phits_q <= 5'd0;
      control_q <= 4'd0;
      done_q <= 1'b0;
      broken_q <= 1'b0;
      expected_q <= 8'd0;
      nak_q <= 1'b0;
    end else begin
      frame_q <= rx_frame;
      done_q <= complete;
      broken_q <= broken;
      if (is_head) data_phase_q <= 1'b1;
      else if (!is_body) data_phase_q <= 1'b0;
      control_phase_q <= (control_first || is_cont) && !complete;
      if (begins || is_idle) lost_q <= 1'b0;
      else if (broken) lost_q <= 1'b1;
      if (begins) flit_gen_q <= generation;
      if (is_head) phits_q <= 5'd1;
      else if (is_solo) phits_q <= 5'd0;
      else if (is_body) phits_q <= phits_q + 5'd1;
      if (control_first) control_q <= 4'd1;
      else if (is_cont) control_q <= control_q + 4'd1;
      if (accept) expected_q <= expected_q + 8'd1;
      if (ask) nak_q <= !nak_q;
    end
  end

  wire unused = &{1'b0, crc_valid, word_q[CONTROL_PHITS*PHIT-1:CRC_LSB]};
endmodule

`default_nettype wire
