// SPDX-License-Identifier: Apache-2.0
// Two-entry FIFO with one fault to choose: proves that drivers, monitors and stream_checker
// see what they are there to see. FAULT is chosen at run time, so that one build serves all.

`default_nettype none

module bus_selftest (
  input  wire        clk,
  input  wire        rst,
  input  wire [2:0]  fault,     // 0 none, 1 lost beat, 2 wrong bit, 3 swapped order,
                                // 4 valid drops, 5 payload changes, 6 X on valid, 7 never ready
  input  wire        s_valid,
  output wire        s_ready,
  input  wire [15:0] s_data,
  input  wire [7:0]  s_exp,
  output wire        m_valid,
  input  wire        m_ready,
  output wire [15:0] m_data,
  output wire [7:0]  m_exp
);

  reg [23:0] head;
  reg [23:0] tail;
  reg [1:0]  count;
  reg [7:0]  taken;
  reg        stalled;

  wire push = s_valid && s_ready;
  wire lose = fault == 3'd1 && taken == 8'd5;
  wire flip = fault == 3'd2 && taken == 8'd5;
  wire swap = fault == 3'd3 && count == 2'd2;
  wire pop  = m_valid && m_ready;

  assign s_ready = count != 2'd2 && !(fault == 3'd7 && taken == 8'd5);
  assign m_valid = fault == 3'd6 && taken == 8'd5 ? 1'bx
                 : count != 2'd0 && !(fault == 3'd4 && stalled);
  assign m_data  = swap ? tail[23:8] : head[23:8] + {15'd0, fault == 3'd5 && stalled};
  assign m_exp   = swap ? tail[7:0] : head[7:0];

  always @(posedge clk) begin
    if (rst) begin
      count <= 2'd0;
      taken <= 8'd0;
      stalled <= 1'b0;
    end else begin
      stalled <= m_valid && !m_ready;
      if (push) taken <= taken + 8'd1;
      count <= count + {1'b0, push && !lose} - {1'b0, pop};
    end
    if (pop && count == 2'd2 && !swap) head <= tail;
    if (push) begin
      if (count == 2'd0 || (count == 2'd1 && pop)) head <= {s_data, s_exp} ^ {3'd0, flip, 20'd0};
      else tail <= {s_data, s_exp} ^ {3'd0, flip, 20'd0};
    end
  end

  stream_checker #(.NAME("s"), .WIDTH(24), .MAX_STALL(200)) check_s (
    .clk(clk), .rst(rst), .valid(s_valid), .ready(s_ready), .payload({s_data, s_exp})
  );
  stream_checker #(.NAME("m"), .WIDTH(24)) check_m (
    .clk(clk), .rst(rst), .valid(m_valid), .ready(m_ready), .payload({m_data, m_exp})
  );

endmodule

`default_nettype wire
