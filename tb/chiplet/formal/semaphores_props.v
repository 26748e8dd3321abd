// SPDX-License-Identifier: Apache-2.0
//
// semaphores_props: what semaphores promises, for any signals, packets and resets, and any
//   consumers that take only what is there. One pair (producer, consumer) is picked freely and
//   counted.
`default_nettype none

module semaphores_props #(
  parameter Q = 2
) (
  input wire            clk,
  input wire            rst,
  input wire [24*Q-1:0] consume,
  input wire [Q*Q-1:0]  signal,
  input wire            rx_valid,
  input wire [2:0]      rx_source,
  input wire [Q-1:0]    rx_signal
);
  wire [24*Q-1:0] present;
  wire            overflow;
  wire [4:0]      overflow_producer, overflow_consumer;
  semaphores #(.Q(Q)) dut (
    .clk(clk), .rst(rst), .consume(consume), .signal(signal), .rx_valid(rx_valid),
    .rx_source(rx_source), .rx_signal(rx_signal), .present(present), .overflow(overflow),
    .overflow_producer(overflow_producer), .overflow_consumer(overflow_consumer));

  // A reset comes first; nobody takes what is not there.
  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);
  always @* assume ((consume & ~present) == {24*Q{1'b0}});

  (* anyconst *) wire [4:0] p;
  (* anyconst *) wire [2:0] c;
  always @* assume (c < Q && (p < Q || (p >= 16 && p < 24)));
  wire local = p < 16 && signal[Q*p + c];
  wire peer = p >= 16 && rx_valid && rx_source == p[2:0] && rx_signal[c];
  wire given = local || peer;
  wire taken = consume[24*c + p];

  reg [7:0] count;
  reg       lost;      // the signal of the last cycle found 255
  always @(posedge clk) begin
    lost <= 1'b0;
    if (rst) count <= 8'd0;
    else if (given && !taken) begin
      if (count == 8'd255) lost <= 1'b1;
      else count <= count + 8'd1;
    end else if (taken && !given) count <= count - 8'd1;
  end

  // ---- induction: the counter of the pair
  (* hierconn *) wire [7:0] \dut.count_q[0] ;
  (* hierconn *) wire [7:0] \dut.count_q[1] ;
  (* hierconn *) wire [7:0] \dut.count_q[16] ;
  (* hierconn *) wire [7:0] \dut.count_q[17] ;
  (* hierconn *) wire [7:0] \dut.count_q[18] ;
  (* hierconn *) wire [7:0] \dut.count_q[19] ;
  (* hierconn *) wire [7:0] \dut.count_q[20] ;
  (* hierconn *) wire [7:0] \dut.count_q[21] ;
  (* hierconn *) wire [7:0] \dut.count_q[22] ;
  (* hierconn *) wire [7:0] \dut.count_q[23] ;
  (* hierconn *) wire [7:0] \dut.count_q[24] ;
  (* hierconn *) wire [7:0] \dut.count_q[25] ;
  (* hierconn *) wire [7:0] \dut.count_q[40] ;
  (* hierconn *) wire [7:0] \dut.count_q[41] ;
  (* hierconn *) wire [7:0] \dut.count_q[42] ;
  (* hierconn *) wire [7:0] \dut.count_q[43] ;
  (* hierconn *) wire [7:0] \dut.count_q[44] ;
  (* hierconn *) wire [7:0] \dut.count_q[45] ;
  (* hierconn *) wire [7:0] \dut.count_q[46] ;
  (* hierconn *) wire [7:0] \dut.count_q[47] ;
  reg [7:0] stored;
  always @* begin
    stored = 8'd0;
    case (24*c + p)
      0: stored = \dut.count_q[0] ;
      1: stored = \dut.count_q[1] ;
      16: stored = \dut.count_q[16] ;
      17: stored = \dut.count_q[17] ;
      18: stored = \dut.count_q[18] ;
      19: stored = \dut.count_q[19] ;
      20: stored = \dut.count_q[20] ;
      21: stored = \dut.count_q[21] ;
      22: stored = \dut.count_q[22] ;
      23: stored = \dut.count_q[23] ;
      24: stored = \dut.count_q[24] ;
      25: stored = \dut.count_q[25] ;
      40: stored = \dut.count_q[40] ;
      41: stored = \dut.count_q[41] ;
      42: stored = \dut.count_q[42] ;
      43: stored = \dut.count_q[43] ;
      44: stored = \dut.count_q[44] ;
      45: stored = \dut.count_q[45] ;
      46: stored = \dut.count_q[46] ;
      47: stored = \dut.count_q[47] ;
      default: ;
    endcase
  end
  always @* if (started) begin
    // A semaphore is present just as long as more signals came than were taken.
    assert (present[24*c + p] == (count != 8'd0));
    // A signal that finds 255 is reported in the next cycle, and nothing is when none did.
    if (lost) assert (overflow);
    if (overflow && overflow_producer == p && overflow_consumer == {2'd0, c}) assert (lost);
    // It is reported with the numbers of a pair that exists.
    if (overflow) assert (overflow_consumer < Q);
    assert (count == stored);
  end
endmodule

`default_nettype wire
