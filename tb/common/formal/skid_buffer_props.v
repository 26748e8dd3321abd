// SPDX-License-Identifier: Apache-2.0
//
// skid_buffer_props: what skid_buffer promises, for any stream, stalls and resets.
`default_nettype none

module skid_buffer_props #(
  parameter WIDTH = 4
) (
  input wire             clk,
  input wire             rst,
  input wire             s_valid,
  input wire [WIDTH-1:0] s_data,
  input wire             m_ready
);
  wire s_ready, m_valid;
  wire [WIDTH-1:0] m_data;

  skid_buffer #(
    .WIDTH(WIDTH)
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

  // ---- the word inside, if any
  reg inside;
  reg [WIDTH-1:0] kept;
  reg waited;            // the output was stalled in the last cycle
  reg [WIDTH-1:0] offered;

  always @(posedge clk) begin
    if (rst) inside <= 1'b0;
    else inside <= inside + (s_valid && s_ready) - (m_valid && m_ready);
    if (s_valid && s_ready) kept <= s_data;
    waited <= !rst && m_valid && !m_ready;
    offered <= m_data;
  end

  always @* if (started) begin
    // It takes a word exactly while it holds none, whatever the output does.
    assert (s_ready == !inside);
    // It offers the word that it holds, or else the one that comes, whether anybody is ready or
    // not; with the counting of `inside`: none lost, repeated or overtaken.
    assert (m_valid == (inside || s_valid));
    if (inside) assert (m_data == kept);
    if (!inside && s_valid) assert (m_data == s_data);
    // An offer stays as it is until it is taken.
    if (waited) assert (m_valid && m_data == offered);
  end

  // ---- induction: how the registers of the design stand to the word inside
  (* hierconn *) wire \dut.full_q ;
  (* hierconn *) wire [WIDTH-1:0] \dut.kept_q ;

  always @* if (started) begin
    assert (\dut.full_q == inside);
    if (inside) assert (\dut.kept_q == kept);
    if (waited) assert (inside && kept == offered);
  end
endmodule

`default_nettype wire
