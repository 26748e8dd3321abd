// SPDX-License-Identifier: Apache-2.0
//
// arbiter: chooses one of N requesters.
//
// Contract: at most one grant, only to a requester, and one whenever anybody requests. A grant that
//   was not accepted stays where it is while its request stands, so a stalled payload is stable.
//   ROUND_ROBIN 1: after an accepted grant the requester behind the winner comes first, so each
//   waits for at most N-1 others. ROUND_ROBIN 0: the lowest number comes first. Without a request
//   grant_index is 0.
// Handshake: grant, grant_index and grant_valid are combinational in req; accept says that the
//   granted transfer happens at this edge.
// Latency: 0. Reset: requester 0 comes first, no grant is held.
// Cost: N: a priority chain over the requests, N flip-flops. ROUND_ROBIN 1: a second chain and
//   log2(N) + 1 flip-flops.
`default_nettype none

module arbiter #(
  parameter N = 2,           // requesters, 1 to 256
  parameter ROUND_ROBIN = 1  // 0 or 1
) (
  input  wire         clk,
  input  wire         rst,
  input  wire [N-1:0] req,
  input  wire         accept,
  output reg  [N-1:0] grant,
  output reg  [7:0]   grant_index,
  output wire         grant_valid
);
  generate
    if (N < 1 || N > 256) begin : g_n
      arbiter_N_must_be_1_to_256 rule ();
    end
    if (ROUND_ROBIN != 0 && ROUND_ROBIN != 1) begin : g_round_robin
      arbiter_ROUND_ROBIN_must_be_0_or_1 rule ();
    end
  endgenerate

  reg [7:0] first_q;     // round robin: requester that comes first
  reg [N-1:0] held_q;    // grant that was offered and not accepted

  integer i;

  assign grant_valid = req != {N{1'b0}};

  always @* begin
    grant = {N{1'b0}};
    grant_index = 8'd0;
    // The last hit wins: lowest number, then lowest number from first_q on, then the held one.
    for (i = N - 1; i >= 0; i = i - 1) begin
      if (req[i]) grant_index = i[7:0];
    end
    if (ROUND_ROBIN != 0) begin
      for (i = N - 1; i >= 0; i = i - 1) begin
        if (req[i] && i[7:0] >= first_q) grant_index = i[7:0];
      end
    end
    for (i = 0; i < N; i = i + 1) begin
      if (req[i] && held_q[i]) grant_index = i[7:0];
    end
    for (i = 0; i < N; i = i + 1) begin
      grant[i] = req[i] && grant_index == i[7:0];
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      first_q <= 8'd0;
      held_q <= {N{1'b0}};
    end else begin
      held_q <= accept ? {N{1'b0}} : grant;
      if (ROUND_ROBIN != 0 && grant_valid && accept) first_q <= grant_index + 8'd1;
    end
  end
endmodule

`default_nettype wire
