// SPDX-License-Identifier: Apache-2.0
//
// vector_post: the last step of a reduced value on its way to the scalar file.
//
// Contract: v | rsqrt(v+imm) | recip(v) | v*imm goes to entry first + row, rows in order.
// Handshake: takes a value in any cycle; settings do not change while busy. restart sets row to 0.
// Latency: write (scalar visible) 2 cycles after the value, 10 with rsqrt and recip.
// Cost: one adder, one multiplier, one lane of vector_table.
`default_nettype none

module vector_post (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,
  input  wire [9:0]  first,
  input  wire [1:0]  post,
  input  wire [31:0] imm,

  input  wire        in_valid,
  input  wire [31:0] in_value,
  output wire        we,
  output reg  [9:0]  waddr,
  output wire [31:0] wdata,
  output wire        busy
);
`include "fp32.vh"

  localparam [1:0] RSQRT = 2'd1;
  localparam [1:0] RECIP = 2'd2;
  localparam [1:0] MUL = 2'd3;

  wire by_table = post == RSQRT || post == RECIP;

  reg value_valid;
  reg [31:0] value_q;
  always @(posedge clk) begin
    if (in_valid) begin
      case (post)
        RSQRT: value_q <= fp32_add(in_value, imm);
        MUL: value_q <= fp32_mul(in_value, imm);
        default: value_q <= in_value;
      endcase
    end
  end

  wire table_valid, table_busy;
  wire [31:0] table_y;
  vector_table #(.LANES(1)) quadratic (
    .clk(clk), .rst(rst), .step(1'b1), .op((post == RECIP) ? 2'd1 : 2'd2),
    .in_valid(value_valid && by_table), .in_x(value_q),
    .out_valid(table_valid), .out_y(table_y), .busy(table_busy)
  );

  assign we = by_table ? table_valid : value_valid;
  assign wdata = by_table ? table_y : value_q;
  assign busy = value_valid || table_busy;

  always @(posedge clk) begin
    if (restart) waddr <= first;
    else if (we) waddr <= waddr + 10'd1;
  end

  always @(posedge clk) begin
    if (rst) value_valid <= 1'b0;
    else value_valid <= in_valid;
  end
endmodule

`default_nettype wire
