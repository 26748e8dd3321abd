// SPDX-License-Identifier: Apache-2.0
//
// wait_props: link_tx takes nothing that it does not send, and lets nothing wait: every flit ends,
//   a message waits for one bulk flit at most, a replay that is asked for begins, a replay that
//   begins ends, and news reaches the line.
//
// Replays: link_replay as its stub has it. All limits are cycles at BLOCK 16: 16 phits of data and
// four of control.
`default_nettype none

module wait_props (
  input wire clk,
  input wire rst
);
  localparam [2:0] S_FLIT = 3'd0;
  localparam [2:0] S_HALF = 3'd1;
  localparam [2:0] S_NEXT = 3'd2;
  localparam [2:0] S_CONT = 3'd3;
  localparam [2:0] S_FETCH = 3'd4;
  localparam [7:0] FLIT = 20;
  localparam [7:0] WINDOW = 4;
  localparam [7:0] HOLDOFF = 16;

  tx_bench bench (.clk(clk), .rst(rst));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;

  (* hierconn *) wire \bench.s_valid ;
  (* hierconn *) wire \bench.s_ready ;
  (* hierconn *) wire \bench.s_empty ;
  (* hierconn *) wire \bench.g_valid ;
  (* hierconn *) wire \bench.g_ready ;
  (* hierconn *) wire \bench.up ;
  (* hierconn *) wire \bench.down ;
  (* hierconn *) wire \bench.sent_beat ;
  (* hierconn *) wire [2:0] \bench.tx.state_q ;
  (* hierconn *) wire \bench.tx.compose_control ;
  (* hierconn *) wire \bench.tx.send_control ;
  (* hierconn *) wire \bench.tx.send_bulk ;
  (* hierconn *) wire \bench.tx.send_mgmt ;
  (* hierconn *) wire \bench.tx.new_flit ;
  (* hierconn *) wire \bench.tx.rewind ;
  (* hierconn *) wire \bench.tx.replaying ;
  (* hierconn *) wire \bench.tx.close ;
  (* hierconn *) wire \bench.tx.low_half ;
  (* hierconn *) wire \bench.tx.flit_space ;
  (* hierconn *) wire \bench.tx.beat_credit ;
  (* hierconn *) wire \bench.tx.flit_credit ;
  (* hierconn *) wire \bench.tx.mgmt_credit ;
  (* hierconn *) wire \bench.tx.peer_nak_q ;
  (* hierconn *) wire \bench.tx.generation_q ;
  (* hierconn *) wire \bench.tx.forced_q ;
  (* hierconn *) wire \bench.tx.bulk_turn_q ;
  (* hierconn *) wire \bench.tx.news_q ;
  (* hierconn *) wire \bench.tx.urgent_q ;
  (* hierconn *) wire [10:0] \bench.tx.since_q ;
  (* hierconn *) wire [3:0] \bench.tx.count_q ;
  (* hierconn *) wire [3:0] \bench.tx.phit_q ;
  (* hierconn *) wire [169:0] \bench.tx.desc ;
  (* hierconn *) wire [7:0] \bench.tx.replay_buffer.to_read ;

  wire [2:0] state = \bench.tx.state_q ;
  wire at_flit = state == S_FLIT;
  wire open = state == S_HALF || state == S_NEXT;
  wire usable = \bench.up && !\bench.down ;
  wire composes = \bench.tx.compose_control ;
  wire [7:0] to_read = \bench.tx.replay_buffer.to_read ;
  wire asked = \bench.tx.forced_q || \bench.tx.peer_nak_q != \bench.tx.generation_q ;
  wire can = \bench.g_valid && \bench.tx.mgmt_credit ;
  wire free_way = can && usable && \bench.tx.flit_space && !\bench.tx.replaying && !asked;

  reg [3:0] halves;   // beats of the open flit that were sent
  reg [7:0] inside;   // cycles since the last flit boundary
  reg [7:0] waited;   // cycles that a message has waited with nothing but flits in its way
  reg [1:0] overtook; // bulk flits that began while a message with its credit waited
  reg [7:0] asking;   // cycles that a replay has been asked for
  reg [7:0] going;    // cycles of a replay that nothing cuts short
  reg [7:0] quiet;    // cycles that news has waited, with no replay between
  always @(posedge clk) begin
    if (at_flit) halves <= 4'd0;
    else if (state == S_HALF) halves <= halves + 4'd1;
    inside <= at_flit ? 8'd1 : inside + 8'd1;
    waited <= (!free_way || \bench.g_ready ) ? 8'd0 : waited + 8'd1;
    if (!can || \bench.g_ready ) overtook <= 2'd0;
    else if (\bench.tx.send_bulk ) overtook <= overtook + 2'd1;
    asking <= (!asked || \bench.tx.rewind ) ? 8'd0 : asking + 8'd1;
    going <= (!\bench.tx.replaying || !usable || \bench.tx.rewind ) ? 8'd0 : going + 8'd1;
    quiet <= (!(\bench.tx.news_q || \bench.tx.urgent_q ) || !\bench.up || \bench.tx.rewind ||
              composes) ? 8'd0 : quiet + 8'd1;
    if (rst) begin
      waited <= 0;
      overtook <= 0;
      asking <= 0;
      going <= 0;
      quiet <= 0;
    end
  end

  wire [3:0] said = \bench.tx.desc [166:163];
  always @* if (started) begin
    // Credits are used only when they are there (their arithmetic: credit_props).
    if (\bench.tx.low_half && !\bench.tx.replaying ) assert (\bench.tx.beat_credit );
    if (\bench.tx.send_bulk ) assert (\bench.tx.flit_credit );
    if (\bench.tx.send_mgmt ) assert (\bench.tx.mgmt_credit );
    // What is taken is sent: a beat, a signal or a message.
    if (\bench.s_ready ) begin
      assert (\bench.s_valid );
      assert (\bench.sent_beat != (\bench.tx.send_bulk && \bench.s_empty ));
    end
    if (\bench.sent_beat ) assert (\bench.s_ready && !\bench.s_empty );
    if (\bench.g_ready ) assert (\bench.g_valid && \bench.tx.new_flit );
    // The count of a flit is that of the beats sent, new or again, at most eight.
    if (\bench.tx.close ) assert (said == halves && halves >= 1 && halves <= 8);
    if (composes && !\bench.tx.close && !\bench.tx.send_control ) assert (said == 0);
    // Every flit ends.
    if (!at_flit) assert (inside < FLIT);
    // At most one bulk flit begins before a waiting message,
    assert (overtook <= 2'd1);
    // which goes within two flits when it has room and nothing is replayed.
    assert (waited <= 2 * FLIT);
    // A replay that is asked for begins when the flit in hand has ended,
    assert (asking <= FLIT);
    // and nothing cuts short ends, all flits of the window sent.
    assert (going <= WINDOW * FLIT + 4);
    // News reaches the line within the holdoff and two flits.
    assert (quiet <= HOLDOFF + 2 * FLIT);
  end

  // ---- induction
  wire [7:0] now = at_flit ? FLIT : inside;
  // The flits of a replay that have gone, behind three phits of a control flit.
  wire [7:0] begun = 8'd4 + FLIT * (WINDOW - to_read);
  always @* if (started) begin
    if (state == S_FETCH) assert (inside == 1 && quiet == 0);
    if (open) begin
      assert (halves == \bench.tx.count_q - {3'd0, state == S_HALF});
      assert (inside == {3'd0, halves, 1'b0} + {7'd0, state == S_HALF});
    end
    if (state == S_CONT) begin
      assert (inside <= 8'd16 + {4'd0, \bench.tx.phit_q });
      assert (\bench.tx.since_q < {7'd0, \bench.tx.phit_q });
    end
    assert (waited <= now + ((overtook != 0) ? FLIT : 8'd0));
    if (overtook != 0) assert (!\bench.tx.bulk_turn_q );
    assert (asking <= now);
    // A flit that ends takes its share of the replay with it.
    if (\bench.tx.replaying ) begin
      if (at_flit) assert (going <= begun);
      else if (state == S_FETCH) assert (going == 0);
      else if (state == S_CONT) begin
        assert (going + FLIT <= begun + inside || going < {4'd0, \bench.tx.phit_q });
      end
      else assert (going <= begun + inside);
    end else assert (going <= WINDOW * FLIT + 4);
    assert ({3'd0, quiet} <= \bench.tx.since_q + 11'd1);
    assert (\bench.tx.since_q <= 11'd1024);
    if (at_flit) assert (quiet <= HOLDOFF + 1);
    else assert (quiet <= HOLDOFF + 1 + inside);
  end
endmodule

`default_nettype wire
