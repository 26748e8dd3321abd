// SPDX-License-Identifier: Apache-2.0
//
// fifo_props: what fifo promises, for any stream, any stalls and resets at any time.
//
// One word is picked freely from those that are pushed and followed by counting the words ahead of
// it: since every word could have been picked, all leave once and in order.
`default_nettype none

module fifo_props #(
  parameter WIDTH = 3,
  parameter DEPTH = 2  // at most 8
) (
  input wire             clk,
  input wire             rst,
  input wire             s_valid,
  input wire [WIDTH-1:0] s_data,
  input wire             m_ready,
  input wire             pick
);
  wire s_ready, m_valid;
  wire [WIDTH-1:0] m_data;

  fifo #(
    .WIDTH(WIDTH),
    .DEPTH(DEPTH)
  ) dut (
    .clk(clk),
    .rst(rst),
    .s_valid(s_valid),
    .s_ready(s_ready),
    .s_data(s_data),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data(m_data)
  );

  // A reset comes first.
  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the words inside, and the word that is followed
  wire push = s_valid && s_ready;
  wire pop = m_valid && m_ready;
  reg [3:0] inside;
  reg followed;
  reg [3:0] ahead;       // words that leave before it
  reg [WIDTH-1:0] kept;  // its value
  reg waited;            // the output was stalled in the last cycle
  reg [WIDTH-1:0] offered;

  always @(posedge clk) begin
    inside <= inside + {3'd0, push} - {3'd0, pop};
    if (!followed && push && pick) begin
      followed <= 1'b1;
      ahead <= inside - {3'd0, pop};
      kept <= s_data;
    end else if (followed && pop) begin
      ahead <= ahead - 4'd1;
      if (ahead == 4'd0) followed <= 1'b0;
    end
    waited <= m_valid && !m_ready;
    offered <= m_data;
    if (rst) begin
      inside <= 4'd0;
      followed <= 1'b0;
      waited <= 1'b0;
    end
  end

  always @* if (started) begin
    // It takes words while it holds fewer than DEPTH, whatever the output does.
    assert (s_ready == (inside < DEPTH));
    // It offers a word from the cycle after the push on, whether anybody is ready or not.
    assert (m_valid == (inside != 0));
    // A word has its value when those ahead of it have left: none lost, repeated or overtaken.
    if (followed && ahead == 0) assert (m_valid && m_data == kept);
    // An offer stays as it is until it is taken.
    if (waited) assert (m_valid && m_data == offered);
  end

  // ---- induction: how the registers of the design stand to the words inside
  (* hierconn *) wire [$clog2(DEPTH+1)-1:0] \dut.count_q ;
  (* hierconn *) wire [(DEPTH>1 ? $clog2(DEPTH) : 1)-1:0] \dut.read_q ;
  (* hierconn *) wire [(DEPTH>1 ? $clog2(DEPTH) : 1)-1:0] \dut.write_q ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[0] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[1] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[2] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[3] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[4] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[5] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[6] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[7] ;
  wire [4:0] place = \dut.read_q + ahead;
  wire [4:0] slot = (place < DEPTH) ? place : place - DEPTH;
  wire [4:0] free = \dut.read_q + inside;
  reg [WIDTH-1:0] word;

  always @* begin
    case (slot)
      5'd0: word = \dut.mem[0] ;
      5'd1: word = \dut.mem[1] ;
      5'd2: word = \dut.mem[2] ;
      5'd3: word = \dut.mem[3] ;
      5'd4: word = \dut.mem[4] ;
      5'd5: word = \dut.mem[5] ;
      5'd6: word = \dut.mem[6] ;
      default: word = \dut.mem[7] ;
    endcase
    if (started) begin
      assert (\dut.count_q == inside && inside <= DEPTH);
      assert (\dut.read_q < DEPTH);
      assert (\dut.write_q == ((free < DEPTH) ? free : free - DEPTH));
      if (followed) assert (ahead < inside && word == kept);
      if (waited) assert (inside != 0);
    end
  end
endmodule

`default_nettype wire
