// SPDX-License-Identifier: Apache-2.0
//
// tx_bench: link_tx with any inputs, under the handshake of its streams, and what every induction
//   over it needs. The harnesses that instantiate it read its wires.
`default_nettype none

module tx_bench (
  input wire clk,
  input wire rst
);
  (* anyseq *) wire         s_valid;
  (* anyseq *) wire [127:0] s_data;
  (* anyseq *) wire [15:0]  s_exps;
  (* anyseq *) wire [15:0]  s_addr;
  (* anyseq *) wire [15:0]  s_meta;
  (* anyseq *) wire         s_first;
  (* anyseq *) wire         s_last;
  (* anyseq *) wire         s_empty;
  (* anyseq *) wire         s_tail;
  (* anyseq *) wire         g_valid;
  (* anyseq *) wire [63:0]  g_data;
  (* anyseq *) wire         peer_valid;
  (* anyseq *) wire [7:0]   peer_ack;
  (* anyseq *) wire         peer_nak;
  (* anyseq *) wire [25:0]  peer_limits;
  (* anyseq *) wire [34:0]  local_state;
  (* anyseq *) wire         news;
  (* anyseq *) wire         urgent;
  (* anyseq *) wire         up;
  (* anyseq *) wire         force_replay;
  (* anyseq *) wire         down;

  wire s_ready, g_ready, outstanding, progress, replay, ack_error, sent_flit, sent_beat, stalled;
  wire [7:0] sent_seq, tx_frame;
  wire [63:0] tx_data;

  link_tx #(.BLOCK(16), .REPLAY_BEATS(8), .REPLAY_FLITS(4)) tx (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),
    .s_exps(s_exps), .s_addr(s_addr), .s_meta(s_meta), .s_first(s_first), .s_last(s_last),
    .s_empty(s_empty), .s_tail(s_tail), .g_valid(g_valid), .g_ready(g_ready), .g_data(g_data),
    .peer_valid(peer_valid), .peer_ack(peer_ack), .peer_nak(peer_nak),
    .peer_beat_limit(peer_limits[9:0]), .peer_flit_limit(peer_limits[17:10]),
    .peer_mgmt_limit(peer_limits[25:18]), .local_ack(local_state[7:0]),
    .local_nak(local_state[8]), .local_beat_limit(local_state[18:9]),
    .local_flit_limit(local_state[26:19]), .local_mgmt_limit(local_state[34:27]), .news(news),
    .urgent(urgent), .up(up), .force_replay(force_replay), .down(down),
    .outstanding(outstanding), .progress(progress), .replay(replay), .ack_error(ack_error),
    .tx_data(tx_data), .tx_frame(tx_frame), .sent_flit(sent_flit), .sent_seq(sent_seq),
    .sent_beat(sent_beat), .stalled(stalled));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // The streams wait until they are taken.
  reg s_waits, g_waits;
  reg [194:0] s_before;
  reg [63:0]  g_before;
  wire [194:0] s_now = {s_data, s_exps, s_addr, s_meta, s_first, s_last, s_empty};
  always @(posedge clk) begin
    s_waits <= s_valid && !s_ready && !rst;
    g_waits <= g_valid && !g_ready && !rst;
    s_before <= s_now;
    g_before <= g_data;
  end
  always @* begin
    if (s_waits) assume (s_valid && s_now == s_before);
    if (g_waits) assume (g_valid && g_data == g_before);
  end

  // A signal is a whole command; meta is constant over a command.
  reg [15:0] meta_before;
  always @(posedge clk) if (s_valid && s_ready) meta_before <= s_meta;
  always @* if (s_valid) begin
    if (s_empty) assume (s_first && s_last);
    if (!s_first) assume (s_meta == meta_before);
  end
  // ---- induction: link_tx and the stub of link_replay agree on the flit in hand
  localparam [2:0] S_HALF = 3'd1;
  localparam [2:0] S_NEXT = 3'd2;
  localparam [2:0] S_CONT = 3'd3;
  localparam [2:0] S_FETCH = 3'd4;
  (* hierconn *) wire [2:0] \tx.state_q ;
  (* hierconn *) wire [3:0] \tx.phit_q ;
  (* hierconn *) wire [3:0] \tx.count_q ;
  (* hierconn *) wire [15:0] \tx.addr_q ;
  (* hierconn *) wire [15:0] \tx.next_addr_q ;
  (* hierconn *) wire \tx.flit_space ;
  (* hierconn *) wire \tx.replaying ;
  (* hierconn *) wire [3:0] \tx.replay_buffer.open ;
  (* hierconn *) wire [3:0] \tx.replay_buffer.place ;
  (* hierconn *) wire [3:0] \tx.replay_buffer.last_place ;
  (* hierconn *) wire \tx.replay_buffer.rewound ;
  (* hierconn *) wire \tx.replay_buffer.loaded ;
  (* hierconn *) wire \tx.replay_buffer.had_space ;

  wire half = \tx.state_q == S_HALF;
  wire open = half || \tx.state_q == S_NEXT;
  wire again = \tx.replaying ;
  wire [3:0] whole = \tx.count_q - {3'd0, half};  // beats of the flit in hand that were sent
  always @* if (started) begin
    assert (\tx.state_q <= S_FETCH);
    assert ((\tx.state_q == S_FETCH) == \tx.replay_buffer.rewound );
    if (\tx.state_q == S_CONT) assert (\tx.phit_q >= 1 && \tx.phit_q <= 3);
    if (again && \tx.state_q != S_FETCH) assert (\tx.replay_buffer.loaded );
    if (open) assert (\tx.count_q >= 1 && \tx.count_q <= 8);
    if (open && again) begin
      assert (\tx.replay_buffer.place == whole);
      assert (\tx.count_q <= \tx.replay_buffer.last_place );
    end
    if (open && !again) begin
      assert (\tx.flit_space && \tx.replay_buffer.open == whole);
      assert (\tx.next_addr_q == \tx.addr_q + {12'd0, \tx.count_q });
    end
    if (!open || again) assert (\tx.replay_buffer.open == 0);
    if (!open && again) assert (\tx.replay_buffer.place == 0);
    if (half && !again) begin
      assert (s_waits && !s_empty && \tx.replay_buffer.had_space );
      assert (s_addr + 16'd1 == \tx.next_addr_q );
    end
  end
endmodule

`default_nettype wire
