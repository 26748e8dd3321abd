// SPDX-License-Identifier: Apache-2.0
//
// dispatch_queue_props: what one queue of the dispatcher promises, for any commands, semaphores,
//   engine and stalls of records. One command is picked freely and followed from its arrival to its
//   record by counting those before it: since it could be any, all start, complete and are recorded
//   once and in order. The engine completes only what it was given.
`default_nettype none

module dispatch_queue_props #(
  parameter Q = 5
) (
  input wire         clk,
  input wire         rst,
  input wire         stop,
  input wire         s_valid,
  input wire [255:0] s_cmd,
  input wire [23:0]  present,
  input wire         cmd_ready,
  input wire         done_valid,
  input wire [31:0]  done_signature,
  input wire [3:0]   done_status,
  input wire         post_ready,
  input wire         pick
);
`include "commands.vh"
  localparam IN_FLIGHT = 2;
  (* anyconst *) wire [23:0] self;

  wire         s_ready, cmd_valid, post_valid, post_notify, fail, progress, waiting, working, idle;
  wire [23:0]  consume, missing;
  wire [Q-1:0] signal;
  wire [255:0] cmd;
  wire [3:0]   post_opcode, fail_opcode, head_opcode;
  wire [15:0]  post_sequence, fail_sequence, head_sequence;
  wire [31:0]  post_signature;
  dispatch_queue #(.Q(Q), .DEPTH(2), .IN_FLIGHT(IN_FLIGHT)) dut (
    .clk(clk), .rst(rst), .stop(stop), .self(self), .s_valid(s_valid), .s_ready(s_ready),
    .s_cmd(s_cmd), .present(present), .consume(consume), .signal(signal), .cmd_valid(cmd_valid),
    .cmd_ready(cmd_ready), .cmd(cmd), .done_valid(done_valid), .done_signature(done_signature),
    .done_status(done_status), .post_valid(post_valid), .post_ready(post_ready),
    .post_opcode(post_opcode), .post_sequence(post_sequence), .post_signature(post_signature),
    .post_notify(post_notify), .fail(fail), .fail_opcode(fail_opcode),
    .fail_sequence(fail_sequence), .progress(progress), .waiting(waiting), .missing(missing),
    .working(working), .head_opcode(head_opcode), .head_sequence(head_sequence), .idle(idle));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the engine, and what is counted
  wire is_sync = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_SYNC;
  wire to_engine = cmd_valid && cmd_ready;
  reg  synced;                  // a sync started in the last cycle
  wire ready_sync = progress && !(done_valid || synced);  // the only other progress
  wire start = to_engine || (started && ready_sync);
  reg  [2:0] at_engine;         // commands it has
  always @* if (at_engine == 0) assume (!done_valid);
  reg  dead;
  wire complete = done_valid || synced;
  wire good = synced || done_status == 4'd0;
  reg  [7:0] number;            // commands started
  reg  [2:0] flying;            // started, without their record

  // ---- one command
  localparam NOWHERE = 2'd0, QUEUED = 2'd1, STARTED = 2'd2, COMPLETE = 2'd3;
  reg [1:0]   where;
  reg [2:0]   ahead;            // of its kind, before it
  reg [255:0] kept;
  reg [15:0]  kept_number;
  reg [31:0]  kept_signature;
  reg [2:0]   queued;           // commands in the queue
  wire push = s_valid && s_ready;
  wire post = post_valid && post_ready;
  wire its_start = where == QUEUED && ahead == 0 && start;
  wire its_end = where == STARTED && ahead == 0 && complete && !dead;
  reg [2:0]   uncompleted;      // started, not complete
  reg [2:0]   unposted;         // complete, not recorded
  always @(posedge clk) begin
    synced <= 1'b0;
    queued <= queued + push - start;
    uncompleted <= uncompleted + start - (complete && good && !dead);
    unposted <= unposted + (complete && good && !dead) - post;
    at_engine <= at_engine + to_engine - done_valid;
    flying <= flying + start - post;
    if (start) number <= number + 8'd1;
    if (start && !to_engine) synced <= 1'b1;
    if (complete && !good) dead <= 1'b1;
    case (where)
      NOWHERE: if (push && pick) begin
        where <= QUEUED;
        kept <= s_cmd;
        ahead <= queued - start;
      end
      QUEUED: if (start) begin
        if (ahead == 0) begin
          where <= STARTED;
          kept_number <= {8'd0, number};
          ahead <= uncompleted - (complete && good && !dead);
        end else ahead <= ahead - 3'd1;
      end
      STARTED: if (complete && !dead && good) begin
        if (ahead == 0) begin
          where <= COMPLETE;
          kept_signature <= synced ? 32'd0 : done_signature;
          ahead <= unposted - post;
        end else ahead <= ahead - 3'd1;
      end
      default: if (post) begin
        if (ahead == 0) where <= NOWHERE;
        else ahead <= ahead - 3'd1;
      end
    endcase
    if (rst) begin
      where <= NOWHERE;
      queued <= 0;
      uncompleted <= 0;
      unposted <= 0;
      at_engine <= 0;
      flying <= 0;
      number <= 0;
      dead <= 0;
      synced <= 1'b0;
    end
  end

  wire [15:0] ones = (16'd1 << kept[CMD_WAIT_COUNT_LSB +: CMD_WAIT_COUNT_W]) - 16'd1;
  wire [23:0] need = ({8'd0, ones} << kept[CMD_WAIT_FIRST_LSB +: CMD_WAIT_FIRST_W]) & ~self;
  wire [15:0] targets = ((16'd1 << kept[CMD_SIGNAL_COUNT_LSB +: CMD_SIGNAL_COUNT_W]) - 16'd1)
                        << kept[CMD_SIGNAL_FIRST_LSB +: CMD_SIGNAL_FIRST_W];
  reg was_offered;
  reg [255:0] offered;
  reg [23:0] had;
  always @(posedge clk) begin
    was_offered <= cmd_valid && !cmd_ready && !rst;
    offered <= cmd;
    had <= present;
  end

  always @* if (started && !rst) begin
    // Nothing is taken that is not there, and nothing at all when no command starts.
    assert ((consume & ~present) == 24'd0);
    if (!start) assert (consume == 24'd0);
    // Commands start in the order in which they came, unchanged, and take just what they wait for.
    if (where == QUEUED && ahead == 0) begin
      if (cmd_valid) assert (cmd == kept && kept[CMD_OPCODE_LSB +: CMD_OPCODE_W] != CMD_SYNC);
      if (start) assert (cmd == kept && consume == need);
      // It waits for nothing else: with its semaphores, room and a sync's order it is offered.
      if ((need & ~present) == 0 && !stop && flying < IN_FLIGHT && !synced && uncompleted == 0)
        assert (cmd_valid || start);
      if (waiting) assert (missing == (need & ~present) && missing != 24'd0);
    end
    // An offer stays while its semaphores do, unless the machine stops.
    if (was_offered && !stop && (had & ~present) == 0) assert (cmd_valid && cmd == offered);
    // A stopped machine starts nothing.
    if (stop) assert (!cmd_valid && !start);
    // A sync starts when all before it is complete.
    if (start && is_sync) assert (uncompleted == 0);
    // Each command signals its consumers once, when it completes well; nothing else signals.
    if (its_end && good) assert (signal == targets[Q-1:0]);
    if (!complete || !good || dead) assert (signal == {Q{1'b0}});
    // A failure is told once, with the command's number and opcode, and completes nothing.
    assert (fail == (done_valid && !synced && !good && !dead));
    if (its_end && !good) begin
      assert (fail_sequence == kept_number);
      assert (fail_opcode == kept[CMD_OPCODE_LSB +: CMD_OPCODE_W]);
    end
    // Its record comes in order, with its number, opcode, signature and flag.
    assert (post_valid == (unposted != 0));
    if (where == COMPLETE && ahead == 0) begin
      assert (post_valid && post_sequence == kept_number);
      assert (post_opcode == kept[CMD_OPCODE_LSB +: CMD_OPCODE_W]);
      assert (post_signature == kept_signature && post_notify == kept[CMD_NOTIFY_LSB]);
    end
    // No more are under way than there is room for; idle means nothing at all is.
    assert (flying <= IN_FLIGHT);
    assert (idle == (queued == 0 && flying == 0));
    assert (working == (uncompleted != 0));
  end
endmodule

`default_nettype wire
