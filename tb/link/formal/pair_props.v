// SPDX-License-Identifier: Apache-2.0
//
// pair_props: link_tx at one end and link_rx at the other, with a line between that delays as
//   long as it likes, loses and spoils, but keeps the order; nothing enters the line that was not
//   sent with a good CRC ("the CRC detects").
//
// Forward: the phits that reach link_rx are free. Whenever it finds a flit good, that flit is
//   assumed to be one that was sent. Any one flit on the line is followed, with its true number
//   and the number `bound` of flits numbered when it was sent; rules marked LINE are asserted of
//   it, and assumed of every other that arrives. That is induction over time: each flit could
//   have been the followed one.
// Backward: an acknowledgement that arrives is any number that link_rx has expected since the
//   last that arrived; the generation asked for, the credits and all else is free.
// Numbers have more bits than on the line and stand for numbers without end.
`default_nettype none

module pair_props #(
  // 0: numbers on the line; 1: cutting and waiting; 2: descriptors by number; 3: beats
  parameter PART = 0
) (
  input wire         clk,
  input wire         rst,
  // what enters the transmitter
  input wire         s_valid,
  input wire [127:0] s_data,
  input wire [15:0]  s_exps,
  input wire [15:0]  s_addr,
  input wire [15:0]  s_meta,
  input wire         s_first,
  input wire         s_last,
  input wire         s_empty,
  input wire         s_tail,
  input wire         g_valid,
  input wire [63:0]  g_data,
  input wire         back_valid,
  input wire [8:0]  back_ack,    // true number
  input wire         back_nak,
  input wire [25:0]  back_limits,
  input wire [42:0]  local,
  input wire         news,
  input wire         urgent,
  input wire         up,
  input wire         force_replay,
  input wire         down,
  // what enters the receiver
  input wire [63:0]  rx_data,
  input wire [7:0]   rx_frame,
  // choices
  input wire         pick_flit,   // follow the flit that is sent now
  input wire         pick_number, // follow this number's descriptor
  input wire         arrives_mine,
  input wire [8:0]  other_number,
  input wire [8:0]  other_bound
);
  `include "link_format.vh"

  localparam FLITS = 4;
  localparam [8:0] WINDOW = FLITS;
  localparam [2:0] S_FLIT = 3'd0;
  localparam [2:0] S_HALF = 3'd1;
  localparam [2:0] S_NEXT = 3'd2;
  localparam [2:0] S_CONT = 3'd3;
  localparam [2:0] S_FETCH = 3'd4;

  wire s_ready, g_ready, ack_error, progress, replay, outstanding, sent_flit, sent_beat;
  wire [7:0] sent_seq, ack;
  wire accept_bulk, accept_mgmt, good, beat_valid, type_error;
  wire [169:0] got;

  link_tx #(.BLOCK(16), .REPLAY_BEATS(8), .REPLAY_FLITS(FLITS)) tx (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),
    .s_exps(s_exps), .s_addr(s_addr), .s_meta(s_meta), .s_first(s_first), .s_last(s_last),
    .s_empty(s_empty), .s_tail(s_tail), .g_valid(g_valid), .g_ready(g_ready), .g_data(g_data),
    .peer_valid(back_valid), .peer_ack(back_ack[7:0]), .peer_nak(back_nak),
    .peer_beat_limit(back_limits[9:0]), .peer_flit_limit(back_limits[17:10]),
    .peer_mgmt_limit(back_limits[25:18]), .local_ack(local[7:0]), .local_nak(local[8]),
    .local_beat_limit(local[18:9]), .local_flit_limit(local[26:19]),
    .local_mgmt_limit(local[34:27]), .news(news), .urgent(urgent), .up(up),
    .force_replay(force_replay), .down(down), .outstanding(outstanding), .progress(progress),
    .replay(replay), .ack_error(ack_error), .sent_flit(sent_flit), .sent_seq(sent_seq),
    .sent_beat(sent_beat));

  link_rx #(.BLOCK(16)) rx (
    .clk(clk), .rst(rst), .rx_data(rx_data), .rx_frame(rx_frame), .beat_valid(beat_valid),
    .accept_bulk(accept_bulk), .accept_mgmt(accept_mgmt), .desc(got), .peer_valid(good),
    .ack(ack), .protocol_error(type_error));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the streams into the transmitter wait until they are taken
  reg s_waits, g_waits;
  reg [194:0] s_before;
  wire [194:0] s_now = {s_data, s_exps, s_addr, s_meta, s_first, s_last, s_empty};
  always @(posedge clk) begin
    s_waits <= s_valid && !s_ready && !rst;
    g_waits <= g_valid && !g_ready && !rst;
    s_before <= s_now;
  end
  always @* begin
    if (s_waits) assume (s_valid && s_now == s_before);
    if (g_waits) assume (g_valid);
  end

  // ---- room for beats, once there, stays until a beat is stored:
  //      acknowledgements only free
  (* hierconn *) wire \tx.beat_space ;
  reg had_space;
  always @(posedge clk) had_space <= \tx.beat_space && !sent_beat && !rst;
  always @* if (had_space) assume (\tx.beat_space );

  // ---- transmitter: what it sends
  (* hierconn *) wire [2:0] \tx.state_q ;
  (* hierconn *) wire \tx.compose_control ;
  (* hierconn *) wire \tx.send_control ;
  (* hierconn *) wire \tx.send_bulk ;
  (* hierconn *) wire \tx.send_mgmt ;
  (* hierconn *) wire \tx.new_flit ;
  (* hierconn *) wire \tx.rewind ;
  (* hierconn *) wire \tx.replaying ;
  (* hierconn *) wire \tx.close ;
  (* hierconn *) wire \tx.low_half ;
  (* hierconn *) wire \tx.flit_space ;
  (* hierconn *) wire \tx.beat_credit ;
  (* hierconn *) wire \tx.flit_credit ;
  (* hierconn *) wire \tx.mgmt_credit ;
  (* hierconn *) wire [223:0] \tx.control ;
  (* hierconn *) wire [169:0] \tx.desc ;

  reg [8:0] base, next, read;  // acknowledged, numbered, to be sent next
  reg [8:0] expected;          // of link_rx
  wire [8:0] kept = next - base;
  wire [8:0] to_read = next - read;
  wire numbered = \tx.compose_control && !\tx.send_control ;
  wire [8:0] next_now = next + {8'd0, \tx.new_flit };
  wire [8:0] ack_span = expected - base;
  wire [8:0] ack_back = expected - back_ack;

  always @* if (back_valid) assume (ack_back <= ack_span);

  always @(posedge clk) begin
    if (back_valid) base <= back_ack;
    next <= next_now;
    if (\tx.rewind ) read <= base;
    else if (numbered) read <= read + 9'd1;
    if (rst) begin
      base <= 0;
      next <= 0;
      read <= 0;
    end
  end

  // ---- one number, and what it stands for
  reg have_number;
  reg [8:0] number;
  reg [169:0] meaning;
  wire [8:0] number_age = next - number;
  always @(posedge clk) begin
    if (\tx.new_flit && pick_number && !have_number) begin
      have_number <= 1'b1;
      number <= next;
      meaning <= \tx.desc ;
    end else if (number_age >= 9'd16) have_number <= 1'b0;
    if (rst) have_number <= 1'b0;
  end

  // ---- one flit on the line
  reg have_flit;
  reg [8:0] flit_number, flit_bound;
  reg [223:0] flit_word;
  always @(posedge clk) begin
    if (have_flit && good && arrives_mine) have_flit <= 1'b0;
    else if (!have_flit && numbered && pick_flit) begin
      have_flit <= 1'b1;
      flit_number <= read;
      flit_bound <= next_now;
      flit_word <= \tx.control ;
    end
    if (rst) have_flit <= 1'b0;
  end

  // ---- what arrives
  (* hierconn *) wire [255:0] \rx.word_q ;
  wire [2:0]  kind = \rx.word_q [TYPE_LSB +: 3];
  wire        arrives = good && kind != TYPE_CONTROL;
  wire        mine = arrives && arrives_mine;
  wire [8:0] true_number = mine ? flit_number : other_number;
  wire [8:0] limit = have_flit ? flit_bound : next;  // flits ahead of the followed one
  wire        accept = accept_bulk || accept_mgmt;
  wire [169:0] flit_desc = {flit_word[TYPE_LSB +: 3], flit_word[COUNT_LSB +: 4],
                            flit_word[FIRST_BIT], flit_word[LAST_BIT], flit_word[EMPTY_BIT],
                            flit_word[ADDR_LSB +: 16], flit_word[META_LSB +: 16],
                            flit_word[127:0]};
  wire [8:0] other_depth = other_bound - other_number;
  wire [8:0] flit_depth = flit_bound - flit_number;
  wire [8:0] limit_span = limit - expected;
  wire [8:0] other_span = limit - other_bound;
  wire [8:0] next_span = next - expected;
  wire [8:0] flit_span = next - flit_bound;

  always @* begin
    if (good && arrives_mine) assume (have_flit && arrives);
    if (mine) assume (\rx.word_q [223:0] == flit_word);
    if (arrives && !mine) begin
      assume (\rx.word_q [SEQ_LSB +: 8] == other_number[7:0]);
      assume (kind == TYPE_BULK || kind == TYPE_MGMT);                        // LINE
      assume (other_depth >= 1 && other_depth <= WINDOW);                     // LINE
      assume (other_span <= limit_span);                                      // LINE
      if (have_number && other_number == number) assume (got == meaning);     // LINE
    end
  end

  always @(posedge clk) begin
    if (accept) expected <= expected + 9'd1;
    if (rst) expected <= 0;
  end

  always @* if (started && PART == 0) begin
    // Exactly once, in order: a flit is accepted when it is the next one, and only then.
    if (arrives) assert (accept == (true_number == expected));
    if (accept) assert (arrives);
    assert (!type_error && !ack_error);
    // Nothing is freed that was not accepted, and nothing accepted that was not sent.
    assert (ack_span <= kept && kept <= WINDOW);
    // Flits on the line.
    if (have_flit) begin
      assert (flit_word[SEQ_LSB +: 8] == flit_number[7:0]);
      assert (flit_word[TYPE_LSB +: 3] == TYPE_BULK || flit_word[TYPE_LSB +: 3] == TYPE_MGMT);
      assert (flit_depth >= 1 && flit_depth <= WINDOW);                       // LINE
      assert (flit_span <= next_span);                                        // LINE
    end
  end

  always @* if (started && PART == 2) begin
    // What is accepted under a number is what was first sent under it.
    if (accept && have_number && expected == number) assert (got == meaning);
    if (have_flit && have_number && flit_number == number) begin
      assert (flit_desc == meaning);                                          // LINE
    end
  end

  // The other parts build on part 0.
  always @* if (started && PART != 0) begin
    assume (ack_span <= kept && kept <= WINDOW);
    if (arrives) assume (accept == (true_number == expected));
    if (accept) assume (arrives);
    if (have_flit) assume (flit_span <= next_span && flit_depth >= 1 && flit_depth <= WINDOW);
  end

  always @* if (started && (PART == 1 || PART == 3)) begin
    // Credits are used only when they are there (their arithmetic: credit_props).
    if (\tx.low_half && !\tx.replaying ) assert (\tx.beat_credit );
    if (\tx.send_bulk ) assert (\tx.flit_credit );
    if (\tx.send_mgmt ) assert (\tx.mgmt_credit );
    // The replay buffer is used as replay_props assumes.
    if (\tx.new_flit || sent_beat) assert (!\tx.replaying && \tx.flit_space );
    if (sent_beat) assert (\tx.beat_space );
    // link_rx offers no beat in the cycle of a verdict, as rx_buffer_props assumes.
    if (accept) assert (!beat_valid);
    // What is taken is sent: a beat, a signal or a message.
    if (s_ready) assert (s_valid && (sent_beat != (\tx.send_bulk && s_empty)));
    if (sent_beat) assert (s_ready && !s_empty);
    if (g_ready) assert (g_valid && \tx.new_flit );
  end

  // ---- a flit's beats and what is said of them
  reg [3:0] halves;  // beats of the open flit that were sent
  (* anyconst *) wire [2:0] index;
  reg [15:0] index_exps, index_addr;
  always @(posedge clk) begin
    if (\tx.state_q == S_FLIT) halves <= 4'd0;
    else if (\tx.state_q == S_HALF) halves <= halves + 4'd1;
    if (sent_beat && halves == {1'b0, index}) begin
      index_exps <= s_exps;
      index_addr <= s_addr;
    end
  end
  wire [3:0] said = \tx.desc [166:163];
  always @* if (started && (PART == 1 || PART == 3)) begin
    // The count is that of the beats sent, new or again, at most eight.
    if (\tx.close ) assert (said == halves && halves >= 1 && halves <= 8);
    if (numbered && !\tx.close ) assert (said == 0);
    if (PART == 3 && \tx.close && \tx.new_flit && index < halves) begin
      assert (\tx.desc [16*index +: 16] == index_exps);
      assert (\tx.desc [159:144] + {13'd0, index} == index_addr);
    end
  end

  // ---- waiting
  (* hierconn *) wire \tx.peer_nak_q ;
  (* hierconn *) wire \tx.generation_q ;
  (* hierconn *) wire \tx.forced_q ;
  (* hierconn *) wire \tx.bulk_turn_q ;
  reg [5:0] inside;   // cycles since the last flit boundary
  reg [5:0] waited;   // cycles that a message has waited with nothing but flits in its way
  reg [1:0] overtook; // bulk flits that began while a message with its credit waited
  wire can = g_valid && \tx.mgmt_credit ;
  wire free_way = can && up && !down && \tx.flit_space && !\tx.replaying && !\tx.forced_q &&
                  \tx.peer_nak_q == \tx.generation_q ;
  always @(posedge clk) begin
    if (\tx.state_q == S_FLIT) inside <= 6'd1;
    else inside <= inside + 6'd1;
    if (!free_way || g_ready) waited <= 6'd0;
    else waited <= waited + 6'd1;
    if (!can || g_ready) overtook <= 2'd0;
    else if (\tx.send_bulk ) overtook <= overtook + 2'd1;
    if (rst) begin
      waited <= 6'd0;
      overtook <= 2'd0;
    end
  end
  wire [5:0] now = (\tx.state_q == S_FLIT) ? 6'd20 : inside;
  always @* if (started && (PART == 1 || PART == 3)) begin
    // Every flit ends: 16 data phits and four of control.
    if (\tx.state_q != S_FLIT) assert (inside <= 6'd19);
    // At most one bulk flit begins before a waiting message,
    assert (overtook <= 2'd1);
    // which goes within two flits when it has room and nothing is replayed.
    assert (waited <= 6'd40);
    // Induction.
    assert (waited <= now + ((overtook != 0) ? 6'd20 : 6'd0));
    if (overtook != 0) assert (!\tx.bulk_turn_q );
  end

  // ---- induction: registers and memories of the design
  (* hierconn *) wire [7:0] \tx.replay_buffer.base_q ;
  (* hierconn *) wire [7:0] \tx.replay_buffer.next_q ;
  (* hierconn *) wire [7:0] \tx.replay_buffer.read_q ;
  (* hierconn *) wire [7:0] \rx.expected_q ;
  (* hierconn *) wire [3:0] \tx.count_q ;
  (* hierconn *) wire [3:0] \tx.phit_q ;
  (* hierconn *) wire [15:0] \tx.addr_q ;
  (* hierconn *) wire [15:0] \tx.next_addr_q ;
  (* hierconn *) wire [127:0] \tx.exps_q ;
  (* hierconn *) wire [175:0] \tx.read_word ;
  (* hierconn *) wire [175:0] \tx.replay_buffer.desc_memory.mem[0] ;
  (* hierconn *) wire [175:0] \tx.replay_buffer.desc_memory.mem[1] ;
  (* hierconn *) wire [175:0] \tx.replay_buffer.desc_memory.mem[2] ;
  (* hierconn *) wire [175:0] \tx.replay_buffer.desc_memory.mem[3] ;
  reg [2:0] known;  // entries of the memory
  always @(posedge clk) begin
    if (rst) known <= 3'd0;
    else if (\tx.new_flit && known != FLITS) known <= known + 3'd1;
  end
  wire [703:0] descs = {\tx.replay_buffer.desc_memory.mem[3] ,
                        \tx.replay_buffer.desc_memory.mem[2] ,
                        \tx.replay_buffer.desc_memory.mem[1] ,
                        \tx.replay_buffer.desc_memory.mem[0] };
  wire [3:0] read_count = \tx.read_word [166:163];
  integer d;
  reg [8:0] n;
  reg [175:0] word;

  wire part_0 = started && PART == 0;
  wire part_1 = started && (PART == 1 || PART == 3);
  wire part_2 = started && PART == 2;
  wire open = \tx.state_q == S_HALF || \tx.state_q == S_NEXT;

  always @* if (started) begin
    assert (\tx.replay_buffer.base_q == base[7:0] && \tx.replay_buffer.next_q == next[7:0]);
    assert (\tx.replay_buffer.read_q == read[7:0]);
    if (part_0) assert (\rx.expected_q == expected[7:0]);
    assert (known <= FLITS && kept <= {6'd0, known} && to_read <= {6'd0, known});
    assert (\tx.state_q <= S_FETCH);
    if (open && to_read == 0) assert (kept != WINDOW);
    if (\tx.state_q == S_FETCH) assert (to_read != 0);
    if (to_read != 0 && \tx.state_q != S_FETCH) begin
      assert (\tx.read_word == descs[176*read[1:0] +: 176]);
    end
    for (d = 1; d <= FLITS; d = d + 1) if (d <= known) begin
      n = next - d;
      word = descs[176*n[1:0] +: 176];
      if (part_1) assert (word[166:163] <= 8);
      if (part_0) assert (word[169:167] == TYPE_BULK || word[169:167] == TYPE_MGMT);
      if (part_2 && have_number && n == number) assert (word[169:0] == meaning);
    end
    if (part_2 && have_number) assert (number_age >= 1 && number_age <= 9'd16);
  end

  always @* if (part_1) begin
    if (\tx.state_q == S_FETCH) assert (inside == 1);
    if (open) begin
      assert (\tx.count_q >= 1 && \tx.count_q <= 8);
      assert (halves == \tx.count_q - {3'd0, \tx.state_q == S_HALF});
      assert (inside == {1'b0, halves, 1'b0} + {5'd0, \tx.state_q == S_HALF});
      if (to_read != 0) assert (\tx.count_q <= read_count);
      else begin
        if (PART == 3 && index < halves) begin
          assert (\tx.exps_q [16*index +: 16] == index_exps);
          assert (\tx.addr_q + {13'd0, index} == index_addr);
        end
        assert (\tx.next_addr_q == \tx.addr_q + {12'd0, \tx.count_q });
      end
    end
    if (\tx.state_q == S_HALF && to_read == 0) begin
      assert (s_waits && s_valid && !s_empty && had_space);
      assert (s_addr + 16'd1 == \tx.next_addr_q );
      if (PART == 3 && {1'b0, index} == halves) assert (\tx.exps_q [16*index +: 16] == s_exps);
    end
    if (\tx.state_q == S_CONT) begin
      assert (\tx.phit_q >= 1 && \tx.phit_q <= 3 && inside <= 6'd16 + {2'd0, \tx.phit_q });
    end
  end
endmodule

`default_nettype wire
