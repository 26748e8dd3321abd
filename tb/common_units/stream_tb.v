// SPDX-License-Identifier: Apache-2.0
//
// stream_tb: a fifo (DEPTH > 0) or a skid_buffer (DEPTH 0) between two protocol checkers.
`default_nettype none

module stream_tb #(
  parameter WIDTH = 8,
  parameter DEPTH = 2
) (
  input  wire             clk,
  input  wire             rst,
  input  wire             s_valid,
  output wire             s_ready,
  input  wire [WIDTH-1:0] s_data,
  output wire             m_valid,
  input  wire             m_ready,
  output wire [WIDTH-1:0] m_data
);
  generate
    if (DEPTH > 0) begin : g_fifo
      fifo #(
        .WIDTH(WIDTH),
        .DEPTH(DEPTH)
      ) unit (
        .clk(clk),
        .rst(rst),
        .s_valid(s_valid),
        .s_ready(s_ready),
        .s_data(s_data),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
      );
    end else begin : g_skid
      skid_buffer #(
        .WIDTH(WIDTH)
      ) unit (
        .clk(clk),
        .rst(rst),
        .s_valid(s_valid),
        .s_ready(s_ready),
        .s_data(s_data),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
      );
    end
  endgenerate

  stream_checker #(
    .NAME("s"),
    .WIDTH(WIDTH)
  ) s_checker (
    .clk(clk),
    .rst(rst),
    .valid(s_valid),
    .ready(s_ready),
    .payload(s_data)
  );

  stream_checker #(
    .NAME("m"),
    .WIDTH(WIDTH)
  ) m_checker (
    .clk(clk),
    .rst(rst),
    .valid(m_valid),
    .ready(m_ready),
    .payload(m_data)
  );
endmodule

`default_nettype wire
