// SPDX-License-Identifier: Apache-2.0
//
// activity_trace: writes when the engines of a chiplet start and finish commands, and what the
// chiplet waits for, as lines of text. scripts/activity.py reads them.
//
//   c CYCLE CHIPLET QUEUE START        the engine finished a command in CYCLE that it took in START
//   p CYCLE CHIPLET PEER               a packet of PEER is complete in CYCLE
//   s CYCLE CHIPLET FLAGS              from CYCLE on: 1 a queue waits for a packet, 2 nothing is
//                                      queued, fetched or at work, 4 the core is awake
//   m CYCLE CHIPLET READ WRITTEN REPLAYED   beats of memory and replays of links so far; once in
//                                      SAMPLE cycles, and when flag 2 changes
// `sync` never reaches an engine and leaves no line. Without a file nothing is computed.
`default_nettype none

module activity_trace #(
  parameter CHIPLET = 0,
  parameter N_CHIPLETS = 2,
  parameter Q = 6,             // queues
  parameter SAMPLE = 1024      // a power of two
) (
  input  wire                  clk,
  input  wire                  rst,
  input  wire [31:0]           file,       // from $fopen; 0: none
  input  wire [31:0]           cycle,
  input  wire [Q-1:0]          cmd_valid,
  input  wire [Q-1:0]          cmd_ready,
  input  wire [Q-1:0]          done_valid,
  input  wire [Q-1:0]          waiting,    // heads that wait for semaphores
  input  wire [24*Q-1:0]       missing,    // which; 16 and up: packets
  input  wire [N_CHIPLETS-1:0] arrived,
  input  wire                  idle,
  input  wire                  core_sleep,
  input  wire [31:0]           memory_reads,
  input  wire [31:0]           memory_writes,
  input  wire [31:0]           link_replays
);
  localparam IN_FLIGHT = 4;  // of a queue of the dispatcher, at most

  reg [31:0] started [0:IN_FLIGHT*Q-1];
  reg [1:0]  newest [0:Q-1];
  reg [1:0]  oldest [0:Q-1];
  reg [2:0]  flags;
  reg [2:0]  flags_before;
  integer q;
  integer p;

  // Verification code: blocking temporaries in a clocked block.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (file != 32'd0) begin
      if (rst) begin
        flags_before = 3'b111;  // never: what is idle waits for nothing
        for (q = 0; q < Q; q = q + 1) begin
          newest[q] = 2'd0;
          oldest[q] = 2'd0;
        end
      end else begin
        if ((cmd_valid & cmd_ready) != {Q{1'b0}} || done_valid != {Q{1'b0}}) begin
          for (q = 0; q < Q; q = q + 1) begin
            if (cmd_valid[q] && cmd_ready[q]) begin
              started[IN_FLIGHT*q + {30'd0, newest[q]}] = cycle;
              newest[q] = newest[q] + 2'd1;
            end
            if (done_valid[q]) begin
              $fwrite(file, "c %0d %0d %0d %0d\n", cycle, CHIPLET, q,
                      started[IN_FLIGHT*q + {30'd0, oldest[q]}]);
              oldest[q] = oldest[q] + 2'd1;
            end
          end
        end
        if (arrived != {N_CHIPLETS{1'b0}}) begin
          for (p = 0; p < N_CHIPLETS; p = p + 1) begin
            if (arrived[p]) $fwrite(file, "p %0d %0d %0d\n", cycle, CHIPLET, p);
          end
        end
        flags = {!core_sleep, idle, 1'b0};
        if (waiting != {Q{1'b0}}) begin
          for (q = 0; q < Q; q = q + 1) begin
            if (waiting[q] && missing[24*q + 16 +: 8] != 8'd0) flags[0] = 1'b1;
          end
        end
        if (flags != flags_before) $fwrite(file, "s %0d %0d %0d\n", cycle, CHIPLET, flags);
        if (cycle % SAMPLE == 0 || flags[1] != flags_before[1]) begin
          $fwrite(file, "m %0d %0d %0d %0d %0d\n", cycle, CHIPLET, memory_reads, memory_writes,
                  link_replays);
        end
        flags_before = flags;
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
