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
// Numbers have more bits than on the line and stand for numbers without end. Replays: link_replay
// as its stub has it. What the flits hold: send_props and check_props.
`default_nettype none

module pair_props (
  input wire        clk,
  input wire        rst,
  input wire [8:0]  back_ack,    // true number
  // what enters the receiver
  input wire [63:0] rx_data,
  input wire [7:0]  rx_frame,
  // choices
  input wire        pick_flit,   // follow the flit that is sent now
  input wire        arrives_mine,
  input wire [8:0]  other_number,
  input wire [8:0]  other_bound
);
  `include "link_format.vh"

  localparam [8:0] WINDOW = 4;
  localparam [2:0] S_FETCH = 3'd4;

  wire accept_bulk, accept_mgmt, good, type_error;

  tx_bench bench (.clk(clk), .rst(rst));

  link_rx #(.BLOCK(16)) rx (
    .clk(clk), .rst(rst), .rx_data(rx_data), .rx_frame(rx_frame), .accept_bulk(accept_bulk),
    .accept_mgmt(accept_mgmt), .peer_valid(good), .protocol_error(type_error));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;

  (* hierconn *) wire \bench.peer_valid ;
  (* hierconn *) wire [7:0] \bench.peer_ack ;
  (* hierconn *) wire \bench.ack_error ;
  (* hierconn *) wire [2:0] \bench.tx.state_q ;
  (* hierconn *) wire \bench.tx.compose_control ;
  (* hierconn *) wire \bench.tx.send_control ;
  (* hierconn *) wire \bench.tx.new_flit ;
  (* hierconn *) wire \bench.tx.rewind ;
  (* hierconn *) wire [223:0] \bench.tx.control ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.base ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.next ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.read ;
  (* hierconn *) wire [7:0] \rx.expected_q ;
  (* hierconn *) wire [255:0] \rx.word_q ;

  // ---- numbers
  reg [8:0] base, next, read;  // acknowledged, numbered, to be sent next
  reg [8:0] expected;          // of link_rx
  wire       back_valid = \bench.peer_valid ;
  wire       numbered = \bench.tx.compose_control && !\bench.tx.send_control ;
  wire       accept = accept_bulk || accept_mgmt;
  wire [8:0] kept = next - base;
  wire [8:0] to_read = next - read;
  wire [8:0] next_now = next + {8'd0, \bench.tx.new_flit };
  wire [8:0] ack_span = expected - base;
  wire [8:0] ack_back = expected - back_ack;

  always @* if (back_valid) assume (\bench.peer_ack == back_ack[7:0] && ack_back <= ack_span);

  always @(posedge clk) begin
    if (back_valid) base <= back_ack;
    next <= next_now;
    if (\bench.tx.rewind ) read <= base;
    else if (numbered) read <= read + 9'd1;
    if (accept) expected <= expected + 9'd1;
    if (rst) begin
      base <= 0;
      next <= 0;
      read <= 0;
      expected <= 0;
    end
  end

  // ---- one flit on the line
  reg         have_flit;
  reg [8:0]   flit_number, flit_bound;
  reg [223:0] flit_word;
  always @(posedge clk) begin
    if (have_flit && good && arrives_mine) have_flit <= 1'b0;
    else if (!have_flit && numbered && pick_flit) begin
      have_flit <= 1'b1;
      flit_number <= read;
      flit_bound <= next_now;
      flit_word <= \bench.tx.control ;
    end
    if (rst) have_flit <= 1'b0;
  end

  // ---- what arrives
  wire [2:0] kind = \rx.word_q [TYPE_LSB +: 3];
  wire       arrives = good && kind != TYPE_CONTROL;
  wire       mine = arrives && arrives_mine;
  wire [8:0] true_number = mine ? flit_number : other_number;
  wire [8:0] limit = have_flit ? flit_bound : next;  // flits ahead of the followed one
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
    end
  end

  always @* if (started) begin
    // Exactly once, in order: a flit is accepted when it is the next one, and only then.
    if (arrives) assert (accept == (true_number == expected));
    if (accept) assert (arrives);
    assert (!type_error && !\bench.ack_error );
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

  // ---- induction
  always @* if (started) begin
    assert (\bench.tx.replay_buffer.base == base[7:0] && \rx.expected_q == expected[7:0]);
    assert (\bench.tx.replay_buffer.next == next[7:0]);
    assert (\bench.tx.replay_buffer.read == read[7:0]);
    assert (to_read <= WINDOW && \bench.tx.state_q <= S_FETCH);
  end
endmodule

`default_nettype wire
