// SPDX-License-Identifier: Apache-2.0
//
// retry_props: link_retry never lets a link hang in silence. While the lanes are up and something
//   is outstanding, an acknowledgement comes, or the link goes down with a cause, within a number
//   of cycles that holds for every line and every peer. A link that is down stays so until
//   `clear`.
//
// All inputs are free.
`default_nettype none

module retry_props #(
  parameter TIMEOUT = 8,
  parameter MAX_TIMEOUTS = 2,
  parameter MAX_REPLAYS = 3,
  parameter MAX_RETRAINS = 2,
  parameter BAD_RUN = 3,
  parameter SILENCE = 50
) (
  input wire       clk,
  input wire       rst,
  input wire       clear,
  input wire       outstanding,
  input wire       progress,
  input wire       replay,
  input wire       heard,
  input wire       error_event,
  input wire       protocol_error,
  input wire       up,
  input wire       fail,
  input wire [3:0] fail_cause
);
  `include "link_format.vh"

  wire force_replay, retrain, restart, down;
  wire [3:0] cause;

  link_retry #(
    .TIMEOUT(TIMEOUT), .MAX_TIMEOUTS(MAX_TIMEOUTS), .MAX_REPLAYS(MAX_REPLAYS),
    .MAX_RETRAINS(MAX_RETRAINS), .BAD_RUN(BAD_RUN), .SILENCE(SILENCE)
  ) dut (
    .clk(clk), .rst(rst), .clear(clear), .outstanding(outstanding), .progress(progress),
    .replay(replay), .heard(heard), .error_event(error_event), .protocol_error(protocol_error),
    .up(up), .fail(fail), .fail_cause(fail_cause), .force_replay(force_replay),
    .retrain(retrain), .restart(restart), .down(down), .cause(cause));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // A failure of the lanes has a cause (train_props).
  always @* if (fail) assume (fail_cause != CAUSE_NONE);

  reg [19:0] stuck;   // cycles with flits outstanding and no acknowledgement
  reg [19:0] alone;   // cycles without a good flit
  reg [19:0] noisy;   // errors without a good flit
  reg        was_down, was_clear;
  reg [3:0]  cause_before;
  always @(posedge clk) begin
    stuck <= (!up || !outstanding || progress || down || clear) ? 20'd0 : stuck + 20'd1;
    alone <= (!up || heard || down || clear) ? 20'd0 : alone + 20'd1;
    noisy <= (!up || heard || down || clear) ? 20'd0 : noisy + {19'd0, error_event};
    was_down <= down && !rst;
    was_clear <= clear;
    cause_before <= cause;
    if (rst) begin
      stuck <= 0;
      alone <= 0;
      noisy <= 0;
    end
  end

  always @* if (started) begin
    // Outstanding flits are acknowledged, or the link is down: at the latest after this.
    assert (stuck <= (MAX_TIMEOUTS + MAX_REPLAYS - 1) * TIMEOUT + 1);
    // Nothing good for so long, and the link is down.
    assert (alone <= SILENCE + 1);
    // Errors without a good flit between bring training, and too many of these the end.
    assert (noisy <= (MAX_RETRAINS + 1) * (BAD_RUN + 1));
    // The first cause stays until it is cleared, and only then is the link up again.
    if (was_down && !was_clear) assert (down && cause == cause_before);
    assert (down == (cause != CAUSE_NONE));
    // After these two causes clear begins anew; after any other it asks for a replay.
    if (clear && down) begin
      assert (force_replay);
      assert (restart == (cause == CAUSE_PROTOCOL || cause == CAUSE_PEER_RESET));
    end
    if (restart) assert (retrain);
  end

  // ---- induction: registers of the design
  (* hierconn *) wire [$clog2(TIMEOUT)-1:0] \dut.timer_q ;
  (* hierconn *) wire [$clog2(SILENCE+1)-1:0] \dut.silence_q ;
  (* hierconn *) wire [7:0] \dut.timeouts_q ;
  (* hierconn *) wire [7:0] \dut.replays_q ;
  (* hierconn *) wire [7:0] \dut.retrains_q ;
  (* hierconn *) wire [7:0] \dut.run_q ;
  wire [8:0] times = {1'b0, \dut.timeouts_q } + {1'b0, \dut.replays_q };
  always @* if (started && !down) begin
    assert (\dut.timer_q < TIMEOUT && \dut.silence_q == alone && alone <= SILENCE);
    assert (\dut.timeouts_q <= MAX_TIMEOUTS && \dut.replays_q <= MAX_REPLAYS);
    assert (\dut.retrains_q <= MAX_RETRAINS && \dut.run_q <= BAD_RUN);
    assert (times < MAX_TIMEOUTS + MAX_REPLAYS);
    if (\dut.timeouts_q == MAX_TIMEOUTS || \dut.replays_q == MAX_REPLAYS) begin
      assert (\dut.timer_q == 0);
    end
    assert (stuck <= times * TIMEOUT + \dut.timer_q );
    assert (noisy <= \dut.retrains_q * (BAD_RUN + 1) + \dut.run_q );
  end
endmodule

`default_nettype wire
