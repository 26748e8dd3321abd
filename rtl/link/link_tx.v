// SPDX-License-Identifier: Apache-2.0
//
// link_tx: cuts beats and messages into flits, sends them, and sends them again when asked.
//
// Contract: every beat, signal and message taken is sent in order within its channel, in flits
//   numbered in sequence, until it is acknowledged. Nothing is taken without a credit of the peer
//   and room in the replay buffer. A flit is contiguous on the line; a new one may follow without
//   a gap.
// Choice at a flit boundary: rewind if asked, then replay, then management and bulk in turn, then
//   a control flit if there is news for the peer. Management waits for one bulk flit at most.
// A bulk flit starts with its first beat (cut-through) and closes when no beat is waiting, at
//   eight beats, at an address that does not follow, at the last beat of a command, and without
//   credit or room. The end of a command goes in a flit of at most four: the receiver holds a flit
//   until it is checked, so that the last one costs its length once more.
// Latency: a beat in cycle t is on tx_data in cycle t + 2. Rate: one phit per cycle.
// Cost: link_replay (REPLAY_BEATS, REPLAY_FLITS), a phit and a control word of registers, three
//   link_credit, a link_tx_crc.
`default_nettype none

module link_tx #(
  parameter BLOCK = 64,
  parameter REPLAY_BEATS = 128,
  parameter REPLAY_FLITS = 32,
  parameter HOLDOFF = 16,   // cycles between control flits with mere credits
  parameter REFRESH = 1024  // cycles without any flit after which a control flit is sent
) (
  input  wire               clk,
  input  wire               rst,

  // bulk beats (VC0): payload is stable while stalled
  input  wire               s_valid,
  output wire               s_ready,
  input  wire [8*BLOCK-1:0] s_data,
  input  wire [15:0]        s_exps,
  input  wire [15:0]        s_addr,
  input  wire [15:0]        s_meta,
  input  wire               s_first,
  input  wire               s_last,
  input  wire               s_empty,
  input  wire               s_tail,       // the command ends within four beats, s_ among them

  // management messages (VC1)
  input  wire               g_valid,
  output wire               g_ready,
  input  wire [63:0]        g_data,

  // from the peer's last good control word
  input  wire               peer_valid,
  input  wire [7:0]         peer_ack,
  input  wire               peer_nak,
  input  wire [9:0]         peer_beat_limit,
  input  wire [7:0]         peer_flit_limit,
  input  wire [7:0]         peer_mgmt_limit,

  // for the peer: the state of the local receiver
  input  wire [7:0]         local_ack,
  input  wire               local_nak,
  input  wire [9:0]         local_beat_limit,
  input  wire [7:0]         local_flit_limit,
  input  wire [7:0]         local_mgmt_limit,
  input  wire               news,         // pulse: the above has changed or must be repeated
  input  wire               urgent,       // pulse: the peer is to replay

  // retry control
  input  wire               up,           // the lanes carry data; nothing begins otherwise
  input  wire               force_replay, // pulse: timeout
  input  wire               down,         // no flits with a sequence number
  output wire               outstanding,
  output wire               progress,
  output wire               replay,       // pulse: a rewind with flits outstanding
  output wire               ack_error,

  // phits
  output wire [4*BLOCK-1:0] tx_data,
  output wire [7:0]         tx_frame,

  // events for the counters
  output wire               sent_flit,    // new flit with a sequence number
  output wire [7:0]         sent_seq,     // that number
  output wire               sent_beat,    // new beat
  output wire               stalled       // a beat waits for credit or room
);
  `include "link_format.vh"

  localparam PHIT = 4 * BLOCK;
  localparam CONTROL_PHITS = (CONTROL_BITS + PHIT - 1) / PHIT;
  localparam [31:0] LAST_PHIT_WORD = CONTROL_PHITS - 1;
  localparam [3:0] LAST_PHIT = LAST_PHIT_WORD[3:0];
  localparam SINCE_BITS = $clog2(REFRESH + 1);
  localparam [31:0] HOLDOFF_WORD = HOLDOFF;
  localparam [31:0] REFRESH_WORD = REFRESH;
  localparam [SINCE_BITS-1:0] HOLDOFF_CYCLES = HOLDOFF_WORD[SINCE_BITS-1:0];
  localparam [SINCE_BITS-1:0] REFRESH_CYCLES = REFRESH_WORD[SINCE_BITS-1:0];
  localparam [SINCE_BITS-1:0] SINCE_ONE = 1;
  localparam PAYLOAD_BITS = CRC_LSB;

  localparam [2:0] S_FLIT = 3'd0;   // at a flit boundary
  localparam [2:0] S_HALF = 3'd1;   // second phit of a beat
  localparam [2:0] S_NEXT = 3'd2;   // next beat, or close
  localparam [2:0] S_CONT = 3'd3;   // further control phits
  localparam [2:0] S_FETCH = 3'd4;  // load the replay buffer's outputs

  reg [2:0]   state_q;
  reg         generation_q;
  reg         peer_nak_q;
  reg         forced_q;
  reg         news_q;
  reg         urgent_q;
  reg         bulk_turn_q;
  reg         up_q;
  reg [SINCE_BITS-1:0] since_q; // cycles since the last control word, saturates at REFRESH
  reg [3:0]   phit_q;        // control phit to send in S_CONT

  // the flit being sent
  reg [3:0]   count_q;
  reg         last_q;
  reg         first_q;
  reg [15:0]  addr_q;
  reg [15:0]  next_addr_q;
  reg [15:0]  meta_q;
  reg [127:0] exps_q;
  reg [PAYLOAD_BITS-1:0] control_q;

  // the phit on its way to the CRC
  reg [PHIT-1:0] a_data_q;
  reg [7:0]      a_frame_q;
  reg            a_first_q;
  reg            a_last_q;

  wire [8*BLOCK-1:0]   read_beat;
  wire [175:0]         read_word;
  wire [7:0]           read_seq;
  wire                 replaying;
  wire                 behind;
  wire                 beat_space;
  wire                 flit_space;
  wire                 beat_credit;
  wire                 flit_credit;
  wire                 mgmt_credit;

  wire [DESC_BITS-1:0] read_desc = read_word[DESC_BITS-1:0];

  // What was sent while the lanes were down is lost: replay, and tell the peer all anew.
  wire resume = up && !up_q;

  // ---- choice at the flit boundary
  wire boundary = state_q == S_FLIT;
  wire rewind = boundary && (peer_nak_q != generation_q || forced_q || behind);
  wire resend = boundary && up && !rewind && !down && replaying;
  wire fresh = boundary && up && !rewind && !down && !replaying && flit_space;
  wire beat_ok = beat_credit && beat_space;
  wire bulk_can = s_valid && flit_credit && (s_empty || beat_ok);
  wire mgmt_can = g_valid && mgmt_credit;
  wire send_mgmt = fresh && mgmt_can && !(bulk_can && bulk_turn_q);
  wire send_bulk = fresh && bulk_can && !send_mgmt;
  wire control_due = urgent_q || (news_q && since_q >= HOLDOFF_CYCLES) || since_q == REFRESH_CYCLES;
  wire send_control = boundary && up && !rewind && !resend && !send_mgmt && !send_bulk &&
                      control_due;

  // ---- descriptor of a flit: {type, count, first, last, empty, addr, meta, exponents}
  wire [3:0]   read_count = read_desc[DESC_BITS-4 -: 4];
  wire read_none = read_count == 4'd0;

  wire next_ok = s_valid && !s_empty && !s_first && s_addr == next_addr_q && !last_q &&
                 count_q != 4'd8 && beat_ok && !(s_tail && count_q >= 4'd4);
  wire more = replaying ? count_q != read_count : next_ok;

  wire start_data = (resend && !read_none) || (send_bulk && !s_empty);
  wire start_solo = (resend && read_none) || send_mgmt || (send_bulk && s_empty) || send_control;
  wire another = state_q == S_NEXT && more;
  wire close = state_q == S_NEXT && !more;
  wire compose_control = start_solo || close;
  wire low_half = start_data || another;
  wire high_half = state_q == S_HALF;

  // A replayed flit is taken from its descriptor, a new one from the registers or from its source.
  wire new_flit = (close && !replaying) || send_mgmt || (send_bulk && s_empty);
  wire [DESC_BITS-1:0] new_desc =
    close     ? {TYPE_BULK, count_q, first_q, last_q, 1'b0, addr_q, meta_q, exps_q} :
    send_mgmt ? {TYPE_MGMT, 4'd0, 3'b000, 32'd0, 64'd0, g_data} :
    send_bulk ? {TYPE_BULK, 4'd0, 3'b111, s_addr, s_meta, 128'd0} :
                {DESC_BITS{1'b0}};

  assign s_ready = (high_half && !replaying) || (send_bulk && s_empty);
  assign g_ready = send_mgmt;
  assign replay = rewind && outstanding && (peer_nak_q != generation_q || forced_q);
  assign sent_flit = new_flit;
  assign sent_seq = read_seq;
  assign sent_beat = high_half && !replaying;
  assign stalled = fresh && s_valid && !bulk_can && !send_mgmt;

  link_credit #(.WIDTH(10)) beat_credits (
    .clk(clk), .rst(rst), .limit_valid(peer_valid), .limit(peer_beat_limit),
    .take(low_half && !replaying), .available(beat_credit));

  link_credit #(.WIDTH(8)) flit_credits (
    .clk(clk), .rst(rst), .limit_valid(peer_valid), .limit(peer_flit_limit),
    .take(send_bulk), .available(flit_credit));

  link_credit #(.WIDTH(8)) mgmt_credits (
    .clk(clk), .rst(rst), .limit_valid(peer_valid), .limit(peer_mgmt_limit),
    .take(send_mgmt), .available(mgmt_credit));

  link_replay #(
    .BEAT_BITS(8 * BLOCK), .DESC_WIDTH(176), .BEATS(REPLAY_BEATS), .FLITS(REPLAY_FLITS)
  ) replay_buffer (
    .clk(clk), .rst(rst),
    .ack_valid(peer_valid), .ack(peer_ack), .ack_error(ack_error), .progress(progress),
    .push_beat(sent_beat), .beat(s_data),
    .push_flit(new_flit), .desc({6'd0, new_desc}),
    .beat_space(beat_space), .flit_space(flit_space),
    .rewind(rewind), .fetch(state_q == S_FETCH),
    .next_beat(high_half && replaying), .next_flit(compose_control && replaying && !send_control),
    .read_beat(read_beat), .read_desc(read_word), .read_seq(read_seq),
    .replaying(replaying), .behind(behind), .outstanding(outstanding));

  // ---- control word
  wire [DESC_BITS-1:0] desc = (replaying && !send_control) ? read_desc : new_desc;
  wire [2:0] kind = desc[DESC_BITS-1 -: 3];
  wire [PAYLOAD_BITS-1:0] control = {
    desc[128 +: 16],                                      // meta
    desc[144 +: 16],                                      // addr
    6'd0, local_mgmt_limit, local_flit_limit, local_beat_limit,
    local_ack, read_seq,
    3'd0, desc[160], desc[161], desc[162],                // empty, last, first
    (kind == TYPE_MGMT) ? 2'd1 : 2'd0, desc[163 +: 4], local_nak, kind,
    desc[127:0]};                                         // exponents or message
  wire [CONTROL_BITS-1:0] control_first = {32'd0, control};
  wire [CONTROL_BITS-1:0] control_rest = {32'd0, control_q};  // the CRC comes later

  always @(posedge clk) begin
    if (low_half) a_data_q <= replaying ? read_beat[PHIT-1:0] : s_data[PHIT-1:0];
    else if (high_half) a_data_q <= replaying ? read_beat[2*PHIT-1:PHIT] : s_data[2*PHIT-1:PHIT];
    else if (compose_control) a_data_q <= control_first[PHIT-1:0];
    else if (state_q == S_CONT) a_data_q <= control_rest[phit_q*PHIT +: PHIT];
    if (compose_control && CONTROL_PHITS > 1) control_q <= control;

    a_first_q <= start_data || start_solo;
    a_last_q <= (compose_control && CONTROL_PHITS == 1) ||
                (state_q == S_CONT && phit_q == LAST_PHIT);
  end

  // ---- the open flit
  always @(posedge clk) begin
    if (start_data) begin
      count_q <= 4'd1;
      exps_q <= {112'd0, s_exps};
      first_q <= s_first;
      addr_q <= s_addr;
      meta_q <= s_meta;
    end else if (another) begin
      count_q <= count_q + 4'd1;
      exps_q[count_q[2:0]*16 +: 16] <= s_exps;
    end
    if (low_half) begin
      last_q <= s_last;
      next_addr_q <= s_addr + 16'd1;
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      state_q <= S_FLIT;
      generation_q <= 1'b0;
      peer_nak_q <= 1'b0;
      forced_q <= 1'b0;
      news_q <= 1'b1;
      urgent_q <= 1'b0;
      bulk_turn_q <= 1'b0;
      up_q <= 1'b0;
      since_q <= {SINCE_BITS{1'b0}};
      phit_q <= 4'd0;
      a_frame_q <= FRAME_IDLE;
    end else begin
      if (peer_valid) peer_nak_q <= peer_nak;
      up_q <= up;
      if (force_replay || resume) forced_q <= 1'b1;
      else if (rewind) forced_q <= 1'b0;
      if (rewind) generation_q <= peer_nak_q;
      if (send_mgmt || send_bulk) bulk_turn_q <= send_mgmt;

      if (news || resume) news_q <= 1'b1;
      else if (compose_control) news_q <= 1'b0;
      if (urgent || resume) urgent_q <= 1'b1;
      else if (compose_control) urgent_q <= 1'b0;
      if (compose_control) since_q <= {SINCE_BITS{1'b0}};
      else if (since_q != REFRESH_CYCLES) since_q <= since_q + SINCE_ONE;

      case (state_q)
        S_FLIT: begin
          if (rewind) state_q <= outstanding ? S_FETCH : S_FLIT;
          else if (start_data) state_q <= S_HALF;
          else if (start_solo && CONTROL_PHITS > 1) state_q <= S_CONT;
        end
        S_HALF: state_q <= S_NEXT;
        S_NEXT: begin
          if (more) state_q <= S_HALF;
          else state_q <= (CONTROL_PHITS > 1) ? S_CONT : S_FLIT;
        end
        S_CONT: if (phit_q == LAST_PHIT) state_q <= S_FLIT;
        default: state_q <= S_FLIT;
      endcase
      phit_q <= (state_q == S_CONT) ? phit_q + 4'd1 : 4'd1;

      if (start_data) a_frame_q <= generation_q ? FRAME_HEAD1 : FRAME_HEAD0;
      else if (start_solo) a_frame_q <= generation_q ? FRAME_SOLO1 : FRAME_SOLO0;
      else if (another || high_half) a_frame_q <= FRAME_BODY;
      else if (close) a_frame_q <= FRAME_CTRL;
      else if (state_q == S_CONT) a_frame_q <= FRAME_CONT;
      else a_frame_q <= FRAME_IDLE;
    end
  end

  // ---- CRC into the last 32 bits of the flit
  link_tx_crc #(.PHIT(PHIT)) crc_stage (
    .clk(clk), .rst(rst), .s_first(a_first_q), .s_last(a_last_q), .s_data(a_data_q),
    .s_frame(a_frame_q), .m_data(tx_data), .m_frame(tx_frame));

  wire unused = &{1'b0, control_first, read_word[175:DESC_BITS]};
endmodule

`default_nettype wire
