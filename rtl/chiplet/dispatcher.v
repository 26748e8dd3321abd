// SPDX-License-Identifier: Apache-2.0
//
// dispatcher: a queue per engine and macro, counting semaphores between them, completion records,
// and the machine's first error.
//
// Contract: docs/chiplet.md. Queues 0 VE, 1 DMA, 2 MOVE, 3 SEND, 4+m macro m. A command is checked
//   when it arrives; an illegal one is not queued. Commands of one queue start in order; between
//   queues only semaphores order. The first error is held and stops the machine (`stop`): no
//   further command starts or is queued. `rst` (which engine_reset also drives) empties
//   everything.
// Handshake: s_cmd, cmd (one engine per slice) and rx are valid/ready; done is a pulse, always
//   taken; trace is a pulse that nobody can stall. s_cmd_ready depends on s_cmd: a full queue
//   holds up the commands behind it.
// Latency: command in at t, offered to its engine from t+1; done at t, consumer started from t+1.
//   Records leave one per cycle, round robin over queues and peers; signature_sum and notify
//   follow the record.
// Cost: Q x (QUEUE_DEPTH x 256 + 4 x 62) bits, 24 x Q counters of 8 bits.
`default_nettype none

module dispatcher #(
  parameter N_MACROS = 2,     // 1 to 12
  parameter N_CHIPLETS = 2,   // 1 to 8
  parameter QUEUE_DEPTH = 8,
  parameter IN_FLIGHT = 4,
  parameter Q = 4 + N_MACROS  // derived: queues
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire [2:0]               chiplet_id,
  input  wire [31:0]              watchdog_limit,   // cycles without progress; 0 never
  input  wire                     list_busy,        // the list fetcher is at work (watchdog only)

  // relocated commands
  input  wire                     s_cmd_valid,
  output wire                     s_cmd_ready,
  input  wire [255:0]             s_cmd,

  // engines
  output wire [Q-1:0]             cmd_valid,
  input  wire [Q-1:0]             cmd_ready,
  output wire [256*Q-1:0]         cmd,
  input  wire [Q-1:0]             done_valid,
  input  wire [32*Q-1:0]          done_signature,
  input  wire [4*Q-1:0]           done_status,

  // completed packets, one link_receiver per peer; own slice tied to 0
  input  wire [N_CHIPLETS-1:0]    rx_valid,
  output wire [N_CHIPLETS-1:0]    rx_ready,
  input  wire [4*N_CHIPLETS-1:0]  rx_first,
  input  wire [4*N_CHIPLETS-1:0]  rx_count,
  input  wire [32*N_CHIPLETS-1:0] rx_signature,
  input  wire [4*N_CHIPLETS-1:0]  rx_status,

  // completion records
  output reg                      trace_valid,
  output reg  [4:0]               trace_queue,
  output reg  [3:0]               trace_opcode,
  output reg  [15:0]              trace_sequence,
  output reg  [31:0]              trace_signature,
  output reg                      notify,           // pulse with a record that asks for it
  input  wire                     signature_clear,
  output reg  [31:0]              signature_sum,    // of local records

  // errors from elsewhere: one pulse
  input  wire                     ext_error_valid,
  input  wire [3:0]               ext_error_code,
  input  wire [4:0]               ext_error_queue,

  output wire [Q-1:0]             queue_idle,
  output wire                     stop,
  output reg                      error_valid,
  output reg  [3:0]               error_code,
  output reg  [4:0]               error_queue,      // 16+p: packets of chiplet p; 31: list fetcher
  output reg  [4:0]               error_producer,   // HUNG, OVERFLOW: the producer; else 0
  output reg  [3:0]               error_opcode,
  output reg  [15:0]              error_sequence
);
`include "commands.vh"

  localparam SOURCES = Q + N_CHIPLETS;
  localparam [4:0] FETCHER = 5'd31;

  generate
    if (N_MACROS < 1 || N_MACROS > 12) begin : g_macros
      dispatcher_N_MACROS_must_be_1_to_12 rule ();
    end
    if (N_CHIPLETS < 1 || N_CHIPLETS > 8) begin : g_chiplets
      dispatcher_N_CHIPLETS_must_be_1_to_8 rule ();
    end
  endgenerate

  assign stop = error_valid;

  // Check of an arriving command
  localparam [23:0] QUEUES_EXIST = (24'd1 << Q) - 24'd1;
  localparam [23:0] PEERS_EXIST = ((24'd1 << N_CHIPLETS) - 24'd1) << PRODUCER_PEER0;
  localparam [23:0] EXIST = QUEUES_EXIST | PEERS_EXIST;
  wire [23:0]  self = 24'd1 << {2'b10, chiplet_id};
  wire [3:0]   in_opcode = s_cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W];
  wire [3:0]   in_queue = s_cmd[CMD_QUEUE_LSB +: CMD_QUEUE_W];
  wire [15:0]  wait_ones = (16'd1 << s_cmd[CMD_WAIT_COUNT_LSB +: CMD_WAIT_COUNT_W]) - 16'd1;
  wire [46:0]  in_need = {31'd0, wait_ones} << s_cmd[CMD_WAIT_FIRST_LSB +: CMD_WAIT_FIRST_W];
  wire [4:0]   in_signal_end = {1'b0, s_cmd[CMD_SIGNAL_FIRST_LSB +: CMD_SIGNAL_FIRST_W]}
                               + {1'b0, s_cmd[CMD_SIGNAL_COUNT_LSB +: CMD_SIGNAL_COUNT_W]};
  wire         in_signals = s_cmd[CMD_SIGNAL_COUNT_LSB +: CMD_SIGNAL_COUNT_W] != 4'd0;
  reg  [8:0]   in_used;  // bits of its format; 0 if there is no such command
  always @* begin
    in_used = 9'd0;
    if ({28'd0, in_queue} < Q) begin
      if (in_opcode == CMD_SYNC) in_used = CMD_SYNC_USED;
      else case ({28'd0, in_queue})
        QUEUE_VE: if (in_opcode == CMD_VE) in_used = CMD_VE_USED;
        QUEUE_DMA: begin
          if (in_opcode == CMD_LOAD) in_used = CMD_LOAD_USED;
          if (in_opcode == CMD_STORE) in_used = CMD_STORE_USED;
          if (in_opcode == CMD_WEIGHTS) in_used = CMD_WEIGHTS_USED;
        end
        QUEUE_MOVE: begin
          if (in_opcode == CMD_COLUMN) in_used = CMD_COLUMN_USED;
          if (in_opcode == CMD_ROW) in_used = CMD_ROW_USED;
        end
        QUEUE_SEND: if (in_opcode == CMD_SEND) in_used = CMD_SEND_USED;
        default: if (in_opcode == CMD_MAC) in_used = CMD_MAC_USED;
      endcase
    end
  end
  wire in_legal = in_used != 9'd0 && (s_cmd >> in_used) == 256'd0
                  && (in_need & ~{23'd0, EXIST | self}) == 47'd0
                  && (!in_signals || {27'd0, in_signal_end} <= Q);
  wire illegal = s_cmd_valid && !stop && !in_legal;

  // Queues
  wire [Q-1:0]    queue_ready;
  wire [24*Q-1:0] present;
  wire [24*Q-1:0] consume;
  wire [Q*Q-1:0]  signal;
  wire [Q-1:0]    fail;
  wire [4*Q-1:0]  fail_opcode;
  wire [16*Q-1:0] fail_sequence;
  wire [Q-1:0]    progress;
  wire [Q-1:0]    waiting;
  wire [24*Q-1:0] missing;
  wire [Q-1:0]    working;
  wire [4*Q-1:0]  head_opcode;
  wire [16*Q-1:0] head_sequence;
  wire [Q-1:0]    post_valid;
  wire [4*Q-1:0]  post_opcode;
  wire [16*Q-1:0] post_sequence;
  wire [32*Q-1:0] post_signature;
  wire [Q-1:0]    post_notify;
  wire [SOURCES-1:0] grant;
  wire            grant_valid;
  wire [7:0]      grant_index;  // below 32

  localparam [Q-1:0] QUEUE_0 = 1;
  assign s_cmd_ready = !stop && in_legal && (queue_ready & (QUEUE_0 << in_queue)) != {Q{1'b0}};

  genvar g;
  generate
    for (g = 0; g < Q; g = g + 1) begin : g_queue
      dispatch_queue #(.Q(Q), .DEPTH(QUEUE_DEPTH), .IN_FLIGHT(IN_FLIGHT)) queue (
        .clk(clk), .rst(rst), .stop(stop), .self(self),
        .s_valid(s_cmd_valid && in_legal && !stop && {28'd0, in_queue} == g),
        .s_ready(queue_ready[g]), .s_cmd(s_cmd),
        .present(present[24*g +: 24]), .consume(consume[24*g +: 24]), .signal(signal[Q*g +: Q]),
        .cmd_valid(cmd_valid[g]), .cmd_ready(cmd_ready[g]), .cmd(cmd[256*g +: 256]),
        .done_valid(done_valid[g]), .done_signature(done_signature[32*g +: 32]),
        .done_status(done_status[4*g +: 4]),
        .post_valid(post_valid[g]), .post_ready(grant[g]), .post_opcode(post_opcode[4*g +: 4]),
        .post_sequence(post_sequence[16*g +: 16]), .post_signature(post_signature[32*g +: 32]),
        .post_notify(post_notify[g]),
        .fail(fail[g]), .fail_opcode(fail_opcode[4*g +: 4]),
        .fail_sequence(fail_sequence[16*g +: 16]),
        .progress(progress[g]), .waiting(waiting[g]), .missing(missing[24*g +: 24]),
        .working(working[g]), .head_opcode(head_opcode[4*g +: 4]),
        .head_sequence(head_sequence[16*g +: 16]), .idle(queue_idle[g])
      );
    end
  endgenerate

  // Records and packets share one way out; a packet's signal is given with its record.
  arbiter #(.N(SOURCES)) records (
    .clk(clk), .rst(rst), .req({rx_valid, post_valid}), .accept(1'b1),
    .grant(grant), .grant_index(grant_index), .grant_valid(grant_valid)
  );
  wire unused = &{1'b0, grant_index[7:5]};
  assign rx_ready = grant[SOURCES-1:Q];

  reg [3:0]  pick_opcode;
  reg [15:0] pick_sequence;
  reg [31:0] pick_signature;
  reg        pick_notify;
  reg        pick_rx;
  reg [2:0]  pick_source;
  reg [3:0]  pick_first;
  reg [3:0]  pick_count;
  reg [3:0]  pick_status;
  reg [16*N_CHIPLETS-1:0] rx_sequence_q;
  integer s;
  always @* begin
    pick_opcode = CMD_SEND;
    pick_sequence = 16'd0;
    pick_signature = 32'd0;
    pick_notify = 1'b0;
    pick_rx = 1'b0;
    pick_source = 3'd0;
    pick_first = 4'd0;
    pick_count = 4'd0;
    pick_status = ERROR_NONE;
    if (grant_valid) begin
      for (s = 0; s < Q; s = s + 1) begin
        if (grant[s]) begin
          pick_opcode = post_opcode[4*s +: 4];
          pick_sequence = post_sequence[16*s +: 16];
          pick_signature = post_signature[32*s +: 32];
          pick_notify = post_notify[s];
        end
      end
      for (s = 0; s < N_CHIPLETS; s = s + 1) begin
        if (grant[Q + s]) begin
          pick_rx = 1'b1;
          pick_source = s[2:0];
          pick_sequence = rx_sequence_q[16*s +: 16];
          pick_signature = rx_signature[32*s +: 32];
          pick_first = rx_first[4*s +: 4];
          pick_count = rx_count[4*s +: 4];
          pick_status = rx_status[4*s +: 4];
        end
      end
    end
  end
  wire [15:0] rx_ones = (16'd1 << pick_count) - 16'd1;
  wire [30:0] rx_mask = {15'd0, rx_ones} << pick_first;
  wire        rx_outside = (rx_mask >> Q) != 31'd0;
  wire        rx_good = pick_rx && pick_status == ERROR_NONE && !rx_outside;
  wire        rx_bad = pick_rx && !rx_good;

  wire       overflow;
  wire [4:0] overflow_producer;
  wire [4:0] overflow_consumer;
  semaphores #(.Q(Q), .N_CHIPLETS(N_CHIPLETS)) counters (
    .clk(clk), .rst(rst), .consume(consume), .signal(signal),
    .rx_valid(rx_good), .rx_source(pick_source), .rx_signal(rx_mask[Q-1:0]),
    .present(present), .overflow(overflow),
    .overflow_producer(overflow_producer), .overflow_consumer(overflow_consumer)
  );

  always @(posedge clk) begin
    if (grant_valid) begin
      trace_queue <= pick_rx ? {2'b10, pick_source} : grant_index[4:0];
      trace_opcode <= pick_opcode;
      trace_sequence <= pick_sequence;
      trace_signature <= pick_signature;
    end
    if (rst) begin
      trace_valid <= 1'b0;
      notify <= 1'b0;
      rx_sequence_q <= {(16*N_CHIPLETS){1'b0}};
    end else begin
      trace_valid <= grant_valid && !rx_bad;
      notify <= pick_notify;
      if (pick_rx) rx_sequence_q[16*pick_source +: 16] <= pick_sequence + 16'd1;
    end
    if (rst || signature_clear) signature_sum <= 32'd0;
    else if (grant_valid && !pick_rx) signature_sum <= signature_sum + pick_signature;
  end

  // Watchdog: cycles in which something is outstanding and nothing starts or completes.
  reg [31:0] still_q;
  wire       outstanding = list_busy || s_cmd_valid || queue_idle != {Q{1'b1}};
  wire       moved = progress != {Q{1'b0}} || pick_rx || (s_cmd_valid && s_cmd_ready);
  wire       hung = watchdog_limit != 32'd0 && still_q >= watchdog_limit;
  always @(posedge clk) begin
    if (rst || !outstanding || moved || stop) still_q <= 32'd0;
    else if (!hung) still_q <= still_q + 32'd1;
  end

  // Who waits for whom. Waits form chains; the one to name is where a chain ends: a queue that
  // waits for an idle queue, else one that waits for a peer, else (a circle, or an engine that does
  // not answer) the first queue that waits, else the first with work in flight, which waits for
  // itself, else the list fetcher.
  wire [23:0] quiet = {{(24-Q){1'b0}}, queue_idle};
  reg [4:0]  hung_queue;
  reg [4:0]  hung_producer;
  reg [3:0]  hung_opcode;
  reg [15:0] hung_sequence;
  reg [24*Q-1:0] asked;   // semaphores that waiting queues miss
  reg [24*Q-1:0] blamed;  // those of the first of these kinds that there are
  integer h;
  integer m;
  always @* begin
    hung_queue = FETCHER;
    hung_producer = FETCHER;
    hung_opcode = 4'd0;
    hung_sequence = 16'd0;
    asked = {24*Q{1'b0}};
    blamed = {24*Q{1'b0}};
    if (hung) begin
      for (h = 0; h < Q; h = h + 1) begin
        asked[24*h +: 24] = waiting[h] ? missing[24*h +: 24] : 24'd0;
      end
      blamed = asked & {Q{quiet}};
      if (blamed == {24*Q{1'b0}}) blamed = asked & {Q{24'hFFFFFF << PRODUCER_PEER0}};
      if (blamed == {24*Q{1'b0}}) blamed = asked;
      for (h = Q - 1; h >= 0; h = h - 1) begin
        if (blamed == {24*Q{1'b0}} && working[h]) begin
          hung_queue = h[4:0];
          hung_producer = h[4:0];
          hung_opcode = fail_opcode[4*h +: 4];
          hung_sequence = fail_sequence[16*h +: 16];
        end
        for (m = 23; m >= 0; m = m - 1) begin
          if (EXIST[m] && blamed[24*h + m]) begin
            hung_queue = h[4:0];
            hung_producer = m[4:0];
            hung_opcode = head_opcode[4*h +: 4];
            hung_sequence = head_sequence[16*h +: 16];
          end
        end
      end
    end
  end

  // The first error; of several in one cycle the last assignment below.
  reg [16*Q-1:0] queued_q;  // commands queued so far, per queue
  reg [15:0]     in_sequence;
  integer k;
  always @* begin
    in_sequence = 16'd0;
    if (illegal && {28'd0, in_queue} < Q) in_sequence = queued_q[16*in_queue +: 16];
  end
  always @(posedge clk) begin
    if (rst) begin
      error_valid <= 1'b0;
      error_code <= ERROR_NONE;
      error_queue <= 5'd0;
      error_producer <= 5'd0;
      error_opcode <= 4'd0;
      error_sequence <= 16'd0;
      queued_q <= {(16*Q){1'b0}};
    end else begin
      if (s_cmd_valid && s_cmd_ready) begin
        queued_q[16*in_queue +: 16] <= queued_q[16*in_queue +: 16] + 16'd1;
      end
      if (!error_valid) begin
        error_valid <= hung || illegal || overflow || rx_bad || fail != {Q{1'b0}}
                       || ext_error_valid;
        if (hung) begin
          error_code <= ERROR_HUNG;
          error_queue <= hung_queue;
          error_producer <= hung_producer;
          error_opcode <= hung_opcode;
          error_sequence <= hung_sequence;
        end
        if (illegal) begin
          error_code <= ERROR_ILLEGAL;
          error_queue <= {1'b0, in_queue};
          error_producer <= 5'd0;
          error_opcode <= in_opcode;
          error_sequence <= in_sequence;
        end
        if (overflow) begin
          error_code <= ERROR_OVERFLOW;
          error_queue <= overflow_consumer;
          error_producer <= overflow_producer;
          error_opcode <= 4'd0;
          error_sequence <= 16'd0;
        end
        if (rx_bad) begin
          error_code <= (pick_status != ERROR_NONE) ? pick_status : ERROR_ILLEGAL;
          error_queue <= {2'b10, pick_source};
          error_producer <= 5'd0;
          error_opcode <= CMD_SEND;
          error_sequence <= pick_sequence;
        end
        for (k = Q - 1; k >= 0; k = k - 1) begin
          if (fail[k]) begin
            error_code <= done_status[4*k +: 4];
            error_queue <= k[4:0];
            error_producer <= 5'd0;
            error_opcode <= fail_opcode[4*k +: 4];
            error_sequence <= fail_sequence[16*k +: 16];
          end
        end
        if (ext_error_valid) begin
          error_code <= ext_error_code;
          error_queue <= ext_error_queue;
          error_producer <= 5'd0;
          error_opcode <= 4'd0;
          error_sequence <= 16'd0;
        end
      end
    end
  end
endmodule

`default_nettype wire
