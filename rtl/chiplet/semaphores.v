// SPDX-License-Identifier: Apache-2.0
//
// semaphores: one counter for each pair (producer, consumer queue).
//
// Contract: producers 0..Q-1 are the local queues, 16+p the packets of chiplet p; the others have
//   no counters. `signal` and `rx_` add one to counters, `consume` takes one; both at once leave a
//   counter as it is. consume may be high only where present is. present[24*c + p] says that
//   counter [p][c] is not zero.
// Latency: a signal in cycle t shows in present in cycle t+1.
// Errors: a signal that finds 255 is lost and pulses overflow with the pair's numbers.
// Cost: (Q + N_CHIPLETS) x Q counters of 8 bits.
`default_nettype none

module semaphores #(
  parameter Q = 6,          // queues
  parameter N_CHIPLETS = 8  // 1 to 8
) (
  input  wire            clk,
  input  wire            rst,
  input  wire [24*Q-1:0] consume,     // [24*c + p]
  input  wire [Q*Q-1:0]  signal,      // [Q*p + c], producer a local queue
  input  wire            rx_valid,    // a packet's signal
  input  wire [2:0]      rx_source,
  input  wire [Q-1:0]    rx_signal,   // consumers
  output reg  [24*Q-1:0] present,
  output reg             overflow,
  output reg  [4:0]      overflow_producer,
  output reg  [4:0]      overflow_consumer
);
  generate
    if (Q < 1 || Q > 16) begin : g_queues
      semaphores_Q_must_be_1_to_16 rule ();
    end
    if (N_CHIPLETS < 1 || N_CHIPLETS > 8) begin : g_chiplets
      semaphores_N_CHIPLETS_must_be_1_to_8 rule ();
    end
  endgenerate

  localparam [23:0] EXIST = ((24'd1 << Q) - 24'd1) | (((24'd1 << N_CHIPLETS) - 24'd1) << 16);
  reg [7:0]       count_q [0:24*Q-1];
  reg [24*Q-1:0]  add;

  integer p;
  integer c;
  always @* begin
    add = {(24*Q){1'b0}};
    for (p = 0; p < Q; p = p + 1) begin
      if (signal[Q*p +: Q] != {Q{1'b0}}) begin
        for (c = 0; c < Q; c = c + 1) add[24*c + p] = signal[Q*p + c];
      end
    end
    if (rx_valid) begin
      for (c = 0; c < Q; c = c + 1) add[24*c + 16 + {29'd0, rx_source}] = rx_signal[c];
    end
  end

  integer i;
  integer k;
  always @(posedge clk) begin
    overflow <= 1'b0;
    if (rst) begin
      present <= {(24*Q){1'b0}};
      for (i = 0; i < 24*Q; i = i + 1) if (EXIST[i % 24]) count_q[i] <= 8'd0;
    end else if ((add | consume) != {(24*Q){1'b0}}) begin
      for (k = 0; k < Q; k = k + 1) begin
        for (i = 0; i < 24; i = i + 1) begin
          if (EXIST[i]) begin
            if (add[24*k + i] && !consume[24*k + i]) begin
              if (count_q[24*k + i] == 8'd255) begin
                overflow <= 1'b1;
                overflow_producer <= i[4:0];
                overflow_consumer <= k[4:0];
              end else begin
                count_q[24*k + i] <= count_q[24*k + i] + 8'd1;
                present[24*k + i] <= 1'b1;
              end
            end else if (consume[24*k + i] && !add[24*k + i]) begin
              count_q[24*k + i] <= count_q[24*k + i] - 8'd1;
              present[24*k + i] <= count_q[24*k + i] != 8'd1;
            end
          end
        end
      end
    end
  end
endmodule

`default_nettype wire
