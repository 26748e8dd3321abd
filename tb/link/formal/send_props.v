// SPDX-License-Identifier: Apache-2.0
//
// send_props: what link_tx puts on the line, at its outputs. One beat, signal or message is
//   followed from the cycle in which it is taken; whenever its flit goes over the line, the first
//   time or again, it is there: the beat in its two phits, its exponents, address, flags and meta
//   in the control word, under the flit's number.
//
// Replays: link_replay as its stub has it, which also picks what is followed. The place of a beat
// in its flit is its rank among the beats taken since the flit before, so the flits in the order
// of their numbers are the stream.
`default_nettype none

module send_props (
  input wire clk,
  input wire rst
);
  `include "link_format.vh"

  localparam [2:0] S_FLIT = 3'd0;
  localparam [2:0] S_HALF = 3'd1;
  localparam [2:0] S_NEXT = 3'd2;
  localparam [2:0] S_CONT = 3'd3;

  tx_bench bench (.clk(clk), .rst(rst));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;

  (* hierconn *) wire [127:0] \bench.s_data ;
  (* hierconn *) wire [15:0] \bench.s_exps ;
  (* hierconn *) wire [15:0] \bench.s_addr ;
  (* hierconn *) wire [15:0] \bench.s_meta ;
  (* hierconn *) wire [15:0] \bench.meta_before ;
  (* hierconn *) wire \bench.s_first ;
  (* hierconn *) wire \bench.s_last ;
  (* hierconn *) wire [63:0] \bench.g_data ;
  (* hierconn *) wire [63:0] \bench.tx_data ;
  (* hierconn *) wire [7:0] \bench.tx_frame ;
  (* hierconn *) wire [2:0] \bench.tx.state_q ;
  (* hierconn *) wire \bench.tx.low_half ;
  (* hierconn *) wire \bench.tx.high_half ;
  (* hierconn *) wire \bench.tx.compose_control ;
  (* hierconn *) wire \bench.tx.send_control ;
  (* hierconn *) wire \bench.tx.send_mgmt ;
  (* hierconn *) wire \bench.tx.replaying ;
  (* hierconn *) wire \bench.tx.generation_q ;
  (* hierconn *) wire [3:0] \bench.tx.phit_q ;
  (* hierconn *) wire [3:0] \bench.tx.count_q ;
  (* hierconn *) wire \bench.tx.first_q ;
  (* hierconn *) wire \bench.tx.last_q ;
  (* hierconn *) wire [15:0] \bench.tx.addr_q ;
  (* hierconn *) wire [15:0] \bench.tx.meta_q ;
  (* hierconn *) wire [127:0] \bench.tx.exps_q ;
  (* hierconn *) wire [223:0] \bench.tx.control_q ;
  (* hierconn *) wire [63:0] \bench.tx.a_data_q ;
  (* hierconn *) wire [7:0] \bench.tx.a_frame_q ;
  (* hierconn *) wire \bench.tx.a_last_q ;
  (* hierconn *) wire \bench.tx.replay_buffer.picks ;
  (* hierconn *) wire \bench.tx.replay_buffer.have ;
  (* hierconn *) wire \bench.tx.replay_buffer.has_beat ;
  (* hierconn *) wire \bench.tx.replay_buffer.closed ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.number ;
  (* hierconn *) wire [2:0] \bench.tx.replay_buffer.index ;
  (* hierconn *) wire [127:0] \bench.tx.replay_buffer.value ;
  (* hierconn *) wire [175:0] \bench.tx.replay_buffer.meaning ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.next ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.read ;

  wire [2:0] state = \bench.tx.state_q ;
  wire       open = state == S_HALF || state == S_NEXT;
  wire       again = \bench.tx.replaying ;
  wire [3:0] count = \bench.tx.count_q ;
  wire [7:0] next = \bench.tx.replay_buffer.next ;

  // ---- what is followed, as it was taken
  wire       have = \bench.tx.replay_buffer.have ;
  wire       closed = \bench.tx.replay_buffer.closed ;
  wire       is_beat = \bench.tx.replay_buffer.has_beat ;
  wire [7:0] number = \bench.tx.replay_buffer.number ;
  wire [2:0] index = \bench.tx.replay_buffer.index ;
  wire [3:0] place = {1'b0, index};
  reg         is_message, first, last;
  reg [127:0] data;
  reg [63:0]  message;
  reg [15:0]  exps, addr, meta;
  always @(posedge clk) if (\bench.tx.replay_buffer.picks ) begin
    is_message <= \bench.tx.send_mgmt ;
    message <= \bench.g_data ;
    data <= \bench.s_data ;
    exps <= \bench.s_exps ;
    addr <= \bench.s_addr ;
    meta <= \bench.s_meta ;
    first <= \bench.s_first ;
    last <= \bench.s_last ;
  end

  // ---- each phit on its way to the line: which one of its flit, and of which flit
  reg [4:0] sent;               // data phits of the flit in hand
  reg [7:0] hand;               // number of the flit in hand
  reg       hand_numbered;
  reg       a_data, a_control, b_data, b_control, a_numbered, b_numbered, hand_gen, a_gen, b_gen;
  reg [4:0] a_place, b_place;   // data phit, or data phits before the control word
  reg [1:0] a_part, b_part;     // of the control word
  reg [7:0] a_number, b_number;
  wire is_data = \bench.tx.low_half || \bench.tx.high_half ;
  wire composes = \bench.tx.compose_control ;
  wire begins = state == S_FLIT;
  wire [4:0] sent_now = begins ? 5'd0 : sent;
  wire       gen_now = begins ? \bench.tx.generation_q : hand_gen;
  always @(posedge clk) begin
    sent <= sent_now + {4'd0, is_data};
    hand_gen <= gen_now;
    if (composes) begin
      hand <= \bench.tx.replay_buffer.read ;
      hand_numbered <= !\bench.tx.send_control ;
    end
    a_data <= is_data;
    a_control <= composes || state == S_CONT;
    a_place <= sent_now;
    a_part <= composes ? 2'd0 : \bench.tx.phit_q [1:0];
    a_number <= (state == S_CONT) ? hand : \bench.tx.replay_buffer.read ;
    a_numbered <= (state == S_CONT) ? hand_numbered : !\bench.tx.send_control ;
    a_gen <= gen_now;
    b_data <= a_data;
    b_control <= a_control;
    b_place <= a_place;
    b_part <= a_part;
    b_number <= a_number;
    b_numbered <= a_numbered;
    b_gen <= a_gen;
    if (rst) begin
      a_data <= 1'b0;
      a_control <= 1'b0;
      b_data <= 1'b0;
      b_control <= 1'b0;
    end
  end

  // The frame code that a phit must have.
  function [7:0] code(input f_data, input f_control, input [4:0] f_place, input [1:0] f_part,
                      input f_gen);
    code = f_data ? ((f_place == 0) ? (f_gen ? FRAME_HEAD1 : FRAME_HEAD0) : FRAME_BODY) :
           !f_control ? FRAME_IDLE : (f_part != 0) ? FRAME_CONT :
           (f_place != 0) ? FRAME_CTRL : f_gen ? FRAME_SOLO1 : FRAME_SOLO0;
  endfunction

  // First and last of the flit say what those of the item were: first counts for beat 0 only, last
  // for the last beat only; of any other beat neither was set.
  function flags(input f_first, input f_last, input [3:0] f_count);
    flags = is_message || !is_beat && f_count == 0 && f_first && f_last ||
            is_beat && place < f_count && (index == 0 ? f_first == first : !first) &&
            (f_count == place + 4'd1 ? f_last == last : !last);
  endfunction

  // A phit of the followed item's flit is as it must be.
  function right(input [63:0] f_phit, input f_data, input [4:0] f_place, input [1:0] f_part);
    if (f_data) begin
      right = !is_beat || f_place[4:1] != place ||
              f_phit == (f_place[0] ? data[127:64] : data[63:0]);
    end else begin
      case (f_part)
        2'd0: right = is_message ? f_phit == message :
                      !is_beat || index[2] || f_phit[16*index[1:0] +: 16] == exps;
        2'd1: right = !is_beat || !index[2] || f_phit[16*index[1:0] +: 16] == exps;
        2'd2: right = f_phit[TYPE_LSB-128 +: 3] == (is_message ? TYPE_MGMT : TYPE_BULK) &&
                      f_phit[COUNT_LSB-128 +: 4] == f_place[4:1] && !f_place[0] &&
                      f_phit[SEQ_LSB-128 +: 8] == number &&
                      f_phit[EMPTY_BIT-128] == (!is_beat && !is_message) &&
                      flags(f_phit[FIRST_BIT-128], f_phit[LAST_BIT-128], f_place[4:1]);
        default: right = is_message || (f_phit[ADDR_LSB-192 +: 16] + {13'd0, index} == addr &&
                                        f_phit[META_LSB-192 +: 16] == meta);
      endcase
    end
  endfunction

  always @* if (started) begin
    // Frame codes: HEAD and BODY, CTRL or SOLO, CONT.
    assert (\bench.tx_frame == code(b_data, b_control, b_place, b_part, b_gen));
    // Whatever goes over the line under the number is what was taken.
    if (have && (b_data || b_control) && b_numbered && b_number == number) begin
      assert (right(\bench.tx_data , b_data, b_place, b_part));
    end
  end
  // ---- induction
  wire half = state == S_HALF;
  wire [3:0] whole = count - {3'd0, half};  // beats of the flit in hand that were sent
  wire [7:0] a_age = next - a_number;
  wire [7:0] b_age = next - b_number;
  wire [7:0] hand_age = next - hand;
  wire [255:0] control = {32'd0, \bench.tx.control_q };
  wire [175:0] meaning = \bench.tx.replay_buffer.meaning ;
  integer k;

  always @* if (started) begin
    assert (\bench.tx.a_frame_q == code(a_data, a_control, a_place, a_part, a_gen));
    if (have && (a_data || a_control) && a_numbered && a_number == number) begin
      assert (right(\bench.tx.a_data_q , a_data, a_place, a_part));
    end
    // Phits on their way are of the flit in hand or of one that is closed.
    assert (!(a_data && a_control) && !(b_data && b_control));
    if (a_data || a_control && a_numbered) begin
      assert (a_age <= 5);
      if (a_age == 0) assert (a_data && open && !again && a_place + 5'd1 == sent);
    end
    if (b_data || b_control && b_numbered) begin
      assert (b_age <= 6);
      if (b_age == 0) assert (b_data && open && !again && b_place + 5'd2 == sent);
    end
    if (a_data || a_control) assert (\bench.tx.a_last_q == (a_control && a_part == 3));
    if (a_data) assert (a_numbered);
    if (b_data) assert (b_numbered);

    if (open) assert (sent == {count, 1'b0} - {4'd0, half});
    if (have && is_beat) assert (\bench.tx.replay_buffer.value == data);

    // The new flit in hand, with the followed beat in it.
    if (open && !again) begin
      if (whole != 0) assert (\bench.meta_before == \bench.tx.meta_q );
      if (have && !closed) begin
        assert (\bench.tx.exps_q [16*index +: 16] == exps && \bench.tx.meta_q == meta);
        assert (\bench.tx.addr_q + {13'd0, index} == addr && !is_message);
        assert (flags(\bench.tx.first_q , \bench.tx.last_q , count));
      end
    end
    if (half && !again) begin
      assert (\bench.tx.exps_q [16*whole[2:0] +: 16] == \bench.s_exps );
      assert (\bench.tx.last_q == \bench.s_last && \bench.s_meta == \bench.tx.meta_q );
      assert (whole == 0 ? \bench.tx.first_q == \bench.s_first : !\bench.s_first );
      assert (a_data && a_age == 0 && \bench.tx.a_data_q == \bench.s_data [63:0]);
    end

    // The followed flit in the replay buffer, and its control word on the way out.
    if (have && closed) begin
      assert (meaning[169:167] == (is_message ? TYPE_MGMT : TYPE_BULK));
      assert (!is_message || !is_beat);
      assert (flags(meaning[162], meaning[161], meaning[166:163]));
      assert (meaning[160] == (!is_beat && !is_message));
      if (is_message) assert (meaning[63:0] == message);
      else assert (meaning[159:144] + {13'd0, index} == addr && meaning[143:128] == meta);
      if (is_beat) assert (meaning[16*index +: 16] == exps);
    end
    if (state == S_CONT) begin
      if (hand_numbered) assert (hand_age >= 1 && hand_age <= 5);
      if (have && hand_numbered && hand == number) begin
        for (k = 1; k < 4; k = k + 1) assert (right(control[64*k +: 64], 1'b0, sent, k[1:0]));
      end
    end
  end
endmodule

`default_nettype wire
