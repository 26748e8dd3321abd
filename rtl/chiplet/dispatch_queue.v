// SPDX-License-Identifier: Apache-2.0
//
// dispatch_queue: one engine's queue of commands, and what it has in flight.
//
// Contract: the head command goes to the engine once every semaphore that it waits for is present;
//   these are consumed in the cycle in which the engine takes it. Completions come from the engine
//   in order. A completed command signals its consumers at once and then offers its completion
//   record. `sync` never reaches the engine: it waits, besides its semaphores, until all earlier
//   commands of the queue are complete, and completes in the next cycle.
// Handshake: s_, cmd_, post_ are valid/ready; cmd_valid falls before it was taken only when `stop`
//   rises. done_valid is a pulse and always taken. signal and consume are masks valid in their
//   cycle.
// Latency: a command pushed in cycle t with its semaphores present is offered in cycle t+1; a
//   signal of cycle t lets a waiting command go in cycle t+1.
// Errors: done_status not 0 pulses `fail`; the queue then completes nothing until reset.
// Cost: DEPTH x 256 bits of queue and IN_FLIGHT x 62 bits of bookkeeping.
`default_nettype none

module dispatch_queue #(
  parameter Q = 6,          // queues of the dispatcher
  parameter DEPTH = 8,      // commands waiting
  parameter IN_FLIGHT = 4    // commands started, record not yet posted; a power of two
) (
  input  wire         clk,
  input  wire         rst,
  input  wire         stop,        // start nothing
  input  wire [23:0]  self,        // one-hot: this chiplet as producer; never waited for

  // commands, checked
  input  wire         s_valid,
  output wire         s_ready,
  input  wire [255:0] s_cmd,

  // semaphores
  input  wire [23:0]  present,
  output wire [23:0]  consume,
  output wire [Q-1:0] signal,

  // engine
  output wire         cmd_valid,
  input  wire         cmd_ready,
  output wire [255:0] cmd,
  input  wire         done_valid,
  input  wire [31:0]  done_signature,
  input  wire [3:0]   done_status,

  // completion records
  output wire         post_valid,
  input  wire         post_ready,
  output wire [3:0]   post_opcode,
  output wire [15:0]  post_sequence,
  output wire [31:0]  post_signature,
  output wire         post_notify,

  // state
  output wire         fail,            // pulse
  output wire [3:0]   fail_opcode,
  output wire [15:0]  fail_sequence,
  output wire         progress,        // a command was started or completed
  output wire         waiting,         // the head waits for semaphores
  output wire [23:0]  missing,         // which
  output wire         working,         // commands are in flight
  output wire [3:0]   head_opcode,
  output wire [15:0]  head_sequence,
  output wire         idle             // nothing queued, in flight or to be posted
);
`include "commands.vh"

  localparam INDEX_BITS = $clog2(IN_FLIGHT);
  generate
    if (IN_FLIGHT < 2 || (1 << INDEX_BITS) != IN_FLIGHT) begin : g_in_flight
      dispatch_queue_IN_FLIGHT_must_be_a_power_of_two rule ();
    end
  endgenerate

  wire head_valid;
  wire start;
  fifo #(.WIDTH(256), .DEPTH(DEPTH)) queue (
    .clk(clk), .rst(rst),
    .s_valid(s_valid), .s_ready(s_ready), .s_data(s_cmd),
    .m_valid(head_valid), .m_ready(start), .m_data(cmd)
  );

  // Waiting
  wire [15:0] wait_ones = (16'd1 << cmd[CMD_WAIT_COUNT_LSB +: CMD_WAIT_COUNT_W]) - 16'd1;
  wire [23:0] need = ({8'd0, wait_ones} << cmd[CMD_WAIT_FIRST_LSB +: CMD_WAIT_FIRST_W]) & ~self;
  wire        blocked = (need & ~present) != 24'd0;
  assign waiting = head_valid && blocked;
  assign missing = need & ~present;
  assign head_opcode = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W];

  // In flight: a ring of three pointers, started >= completed >= posted.
  reg [INDEX_BITS:0] started_q;
  reg [INDEX_BITS:0] completed_q;
  reg [INDEX_BITS:0] posted_q;
  reg                sync_q;      // the youngest started command is a sync, not yet complete
  reg                dead_q;      // a command failed
  reg [15:0]         sequence_q;  // commands started so far
  reg [3:0]          opcode_q [0:IN_FLIGHT-1];
  reg [15:0]         number_q [0:IN_FLIGHT-1];
  reg [7:0]          target_q [0:IN_FLIGHT-1];  // {signal_count, signal_first}
  reg [31:0]         signature_q [0:IN_FLIGHT-1];
  reg [IN_FLIGHT-1:0] notify_q;

  wire [INDEX_BITS-1:0] start_at = started_q[INDEX_BITS-1:0];
  wire [INDEX_BITS-1:0] complete_at = completed_q[INDEX_BITS-1:0];
  wire [INDEX_BITS-1:0] post_at = posted_q[INDEX_BITS-1:0];
  wire full = started_q == {~posted_q[INDEX_BITS], post_at};
  assign working = started_q != completed_q;

  wire is_sync = head_opcode == CMD_SYNC;
  wire may_start = head_valid && !blocked && !full && !sync_q && !stop;
  assign cmd_valid = may_start && !is_sync;
  assign start = is_sync ? may_start && !working : cmd_valid && cmd_ready;
  assign consume = start ? need : 24'd0;
  assign head_sequence = sequence_q;

  wire complete = (done_valid || sync_q) && working && !dead_q;
  wire good = sync_q || done_status == 4'd0;
  wire [15:0] signal_ones = (16'd1 << target_q[complete_at][7:4]) - 16'd1;
  wire [15:0] signal_mask = signal_ones << target_q[complete_at][3:0];
  wire unused = &{1'b0, signal_mask};  // the range was checked against Q
  assign signal = (complete && good) ? signal_mask[Q-1:0] : {Q{1'b0}};
  assign fail = complete && !good;
  assign fail_opcode = opcode_q[complete_at];
  assign fail_sequence = number_q[complete_at];
  assign progress = start || complete;

  assign post_valid = posted_q != completed_q;
  assign post_opcode = opcode_q[post_at];
  assign post_sequence = number_q[post_at];
  assign post_signature = signature_q[post_at];
  assign post_notify = notify_q[post_at];
  assign idle = !head_valid && started_q == posted_q;

  localparam [INDEX_BITS:0] ONE = 1;
  always @(posedge clk) begin
    if (start) begin
      opcode_q[start_at] <= head_opcode;
      number_q[start_at] <= sequence_q;
      target_q[start_at] <= {cmd[CMD_SIGNAL_COUNT_LSB +: CMD_SIGNAL_COUNT_W],
                             cmd[CMD_SIGNAL_FIRST_LSB +: CMD_SIGNAL_FIRST_W]};
      notify_q[start_at] <= cmd[CMD_NOTIFY_LSB];
    end
    if (complete) signature_q[complete_at] <= sync_q ? 32'd0 : done_signature;
    if (rst) begin
      started_q <= {(INDEX_BITS+1){1'b0}};
      completed_q <= {(INDEX_BITS+1){1'b0}};
      posted_q <= {(INDEX_BITS+1){1'b0}};
      sync_q <= 1'b0;
      dead_q <= 1'b0;
      sequence_q <= 16'd0;
    end else begin
      sync_q <= start && is_sync;
      if (start) begin
        started_q <= started_q + ONE;
        sequence_q <= sequence_q + 16'd1;
      end
      if (complete && good) completed_q <= completed_q + ONE;
      if (fail) dead_q <= 1'b1;
      if (post_valid && post_ready) posted_q <= posted_q + ONE;
    end
  end
endmodule

`default_nettype wire
