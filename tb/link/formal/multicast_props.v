// SPDX-License-Identifier: Apache-2.0
//
// multicast_props: send_engine offers each beat to every peer of its mask until that one takes it,
//   to each once, waits for no peer outside of the mask, and goes on as soon as the last has it.
//
// Commands, stash and peers are free; only peers of the mask are assumed to take what they are
// offered within PATIENCE cycles.
`default_nettype none

module multicast_props #(
  parameter PATIENCE = 3
) (
  input wire         clk,
  input wire         rst,
  input wire         cmd_valid,
  input wire [255:0] cmd,
  input wire         req_ready,
  input wire         rsp_valid,
  input wire [47:0]  rsp_word,
  input wire [3:0]   tx_ready
);
  localparam N = 4;

  wire [N-1:0] tx_valid;
  wire [15:0] tx_addr, tx_meta;
  wire tx_first, tx_last, tx_empty;

  send_engine #(.BLOCK(4), .STASH_BEATS(16), .N_CHIPLETS(N), .N_QUEUES(6), .DEPTH(2)) dut (
    .clk(clk), .rst(rst), .chiplet_id(3'd0), .cmd_valid(cmd_valid), .cmd(cmd),
    .req_ready(req_ready), .rsp_valid(rsp_valid), .rsp_data(rsp_word[31:0]),
    .rsp_exps(rsp_word[47:32]), .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr),
    .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty), .tx_meta(tx_meta));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  (* hierconn *) wire \dut.leave ;
  (* hierconn *) wire \dut.offer ;
  (* hierconn *) wire [N-1:0] \dut.peers_q ;
  (* hierconn *) wire [N-1:0] \dut.taken_q ;

  reg [N-1:0]   had;      // peers that have the beat
  reg [N-1:0]   waits;
  reg [34:0]    before;
  reg [7:0]     offered;  // cycles that the beat has been offered
  reg [8*N-1:0] asked;    // the same, by peer
  wire [34:0]  now = {tx_addr, tx_meta, tx_first, tx_last, tx_empty};
  wire [N-1:0] takes = tx_valid & tx_ready;
  integer i;
  always @(posedge clk) begin
    had <= (rst || \dut.leave ) ? {N{1'b0}} : had | takes;
    waits <= rst ? {N{1'b0}} : tx_valid & ~tx_ready;
    before <= now;
    offered <= (rst || \dut.leave || !\dut.offer ) ? 8'd0 : offered + 8'd1;
    for (i = 0; i < N; i = i + 1) begin
      asked[8*i +: 8] <= (rst || !tx_valid[i] || tx_ready[i]) ? 8'd0 : asked[8*i +: 8] + 8'd1;
    end
  end
  always @* begin
    for (i = 0; i < N; i = i + 1) if (asked[8*i +: 8] >= PATIENCE && tx_valid[i]) begin
      assume (tx_ready[i]);
    end
  end

  always @* if (started) begin
    // An offer stays, as it is, until it is taken, whatever the other peers do.
    assert ((waits & ~tx_valid) == 0);
    if (waits != 0) assert (now == before);
    // To each peer of the mask, and to no other, once per beat.
    assert ((takes & had) == 0 && (tx_valid & ~\dut.peers_q ) == 0);
    if (\dut.leave ) assert ((had | takes) == \dut.peers_q );
    // The slowest peer of the mask sets the pace.
    assert (offered <= PATIENCE);
    if (\dut.offer && !\dut.leave ) assert ((tx_valid & ~tx_ready) != 0);
  end

  // ---- induction: every peer of the mask that has not the beat has been asked since it is offered
  (* hierconn *) wire [1:0] \dut.reader.beats.count_q ;
  always @* if (started) begin
    assert (\dut.reader.beats.count_q <= 2);
    assert (\dut.taken_q == had && (had & ~\dut.peers_q ) == 0);
    if (!\dut.offer ) assert (had == 0 && offered == 0 && waits == 0);
    if (waits != 0) assert (\dut.offer );
    for (i = 0; i < N; i = i + 1) begin
      if (tx_valid[i]) assert (asked[8*i +: 8] == offered);
      else assert (asked[8*i +: 8] == 0);
    end
  end
endmodule

`default_nettype wire
