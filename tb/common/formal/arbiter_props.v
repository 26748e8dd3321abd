// SPDX-License-Identifier: Apache-2.0
//
// arbiter_props: what arbiter promises, for any requests, withdrawals, accepts and resets.
`default_nettype none

module arbiter_props #(
  parameter N = 3,
  parameter ROUND_ROBIN = 1
) (
  input wire         clk,
  input wire         rst,
  input wire [N-1:0] req,
  input wire         accept
);
  wire [N-1:0] grant;
  wire [7:0] grant_index;
  wire grant_valid;

  arbiter #(
    .N(N),
    .ROUND_ROBIN(ROUND_ROBIN)
  ) dut (
    .clk(clk),
    .rst(rst),
    .req(req),
    .accept(accept),
    .grant(grant),
    .grant_index(grant_index),
    .grant_valid(grant_valid)
  );

  // A reset comes first.
  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- what was granted before
  reg [N-1:0] standing;  // grant of the last cycle, if it was not accepted
  reg [7:0] next;        // round robin: behind the last winner, 0 after a reset

  always @(posedge clk) begin
    standing <= (rst || accept) ? {N{1'b0}} : grant;
    if (rst) next <= 8'd0;
    else if (grant_valid && accept) next <= (grant_index == N - 1) ? 8'd0 : grant_index + 8'd1;
  end

  // ---- the requester that comes first, by the rule
  integer k;
  reg [7:0] place;
  reg [7:0] chosen;

  always @* begin
    chosen = 8'd0;
    for (k = N - 1; k >= 0; k = k - 1) begin
      place = (ROUND_ROBIN == 0) ? k : (next + k < N) ? next + k : next + k - N;
      if (req[place]) chosen = place;
    end
  end

  always @* if (started) begin
    // One grant, to a requester, whenever anybody requests.
    assert (grant_valid == (req != 0));
    assert ((grant & ~req) == 0 && (grant & (grant - 1'b1)) == 0 && grant_valid == (grant != 0));
    // Its number is that of the grant.
    if (grant_valid) assert (grant_index < N && grant[grant_index]);
    // A grant that was not accepted stays while its request stands.
    if ((standing & req) != 0) assert (grant == standing);
    // Otherwise the one that comes first gets it: the lowest number, or the first behind the
    // winner.
    else if (grant_valid) assert (grant_index == chosen);
  end

  // ---- waiting: any one requester, and the grants to others that it has seen
  (* anyconst *) wire [7:0] me;
  reg [7:0] others;

  always @* assume (me < N);

  always @(posedge clk) begin
    if (rst || !req[me] || (accept && grant[me])) others <= 8'd0;
    else if (accept) others <= others + 8'd1;
  end

  // Who keeps requesting waits for at most N-1 others (round robin).
  always @* if (started && ROUND_ROBIN != 0) assert (others <= N - 1);

  // ---- induction: the others that can still come first
  (* hierconn *) wire [7:0] \dut.first_q ;
  (* hierconn *) wire [N-1:0] \dut.held_q ;
  integer j;
  wire [7:0] distance = (me >= next) ? me - next : me + N - next;

  always @* if (started) begin
    assert (\dut.held_q == standing);
    assert ((standing & (standing - 1'b1)) == 0);
    if (ROUND_ROBIN != 0) begin
      assert (next < N);
      assert (\dut.first_q == next || (next == 0 && \dut.first_q == N));
      assert (others + distance <= N - 1);
      for (j = 0; j < N; j = j + 1) begin
        // After the standing grant those behind it come.
        if (standing[j] && j != me) begin
          assert (others + 1 + ((me > j) ? me - j - 1 : me + N - j - 1) <= N - 1);
        end
      end
    end
  end
endmodule

`default_nettype wire
