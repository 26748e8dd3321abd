// SPDX-License-Identifier: Apache-2.0
//
// link_crc: CRC-32C over the phits of a flit, one phit per cycle, in two stages.
//
// Contract: the phits of a flit enter with s_valid, the first with s_first; gaps are allowed. One
//   cycle after a phit, m_valid is high and m_crc covers the flit up to that phit. The last 32
//   bits of the flit are the place of the CRC: with zeros there m_crc is the value to put in;
//   with the right value there m_crc is 0.
// Numbers: bit 0 of a phit is the first on the line. The value put in is the standard CRC-32C
//   (reflected polynomial 0x82F63B78, initial value all ones) of all bytes before it, low byte
//   first, without the final inversion. Hamming distance 6 up to 5,243 bits of data; a flit of
//   eight beats at BLOCK 64 has 4,576 with its CRC.
// Structure: with A and B linear, crc' = A(crc) ^ B(phit). B, the wide part, is registered; the
//   loop through A takes 32 bits only.
// Cost: an XOR network of about 32 x (PHIT + 32) / 2 inputs, 65 flip-flops.
// Simulation: s_data should hold its value in cycles without a phit; then nothing is computed.
`default_nettype none

module link_crc #(
  parameter PHIT = 256  // bits per phit, at least 32
) (
  input  wire            clk,
  input  wire            rst,
  input  wire            s_valid,
  input  wire            s_first,
  input  wire [PHIT-1:0] s_data,
  output wire            m_valid,
  output wire [31:0]     m_crc
);
  generate
    if (PHIT < 32) begin : g_phit
      link_crc_PHIT_must_be_at_least_32 rule ();
    end
  endgenerate

  localparam [31:0] POLYNOMIAL = 32'h82F63B78;
  localparam COLUMNS = PHIT + 32;  // {phit, crc}

  // Row i of the matrix, at [i * COLUMNS +: COLUMNS], selects the bits of {phit, crc} whose sum is
  // bit i of the next CRC. Column by column from the last bit on the line: powers of x.
  function [32*COLUMNS-1:0] matrix(input integer f_unused);
    integer f_column;
    integer f_row;
    reg [31:0] f_power;
    begin
      matrix = 0;
      f_power = 32'h80000000;
      for (f_column = COLUMNS - 1; f_column >= 0; f_column = f_column - 1) begin
        for (f_row = 0; f_row < 32; f_row = f_row + 1) begin
          matrix[f_row*COLUMNS + f_column] = f_power[f_row];
        end
        f_power = (f_power >> 1) ^ (f_power[0] ? POLYNOMIAL : 32'd0);
      end
    end
  endfunction

  // All ones divided by x^32: the place of the CRC runs through the register too.
  function [31:0] initial_value(input integer f_unused);
    integer f_step;
    reg f_carry;
    begin
      initial_value = 32'hFFFFFFFF;
      for (f_step = 0; f_step < 32; f_step = f_step + 1) begin
        f_carry = initial_value[31];
        initial_value = (initial_value ^ (f_carry ? POLYNOMIAL : 32'd0)) << 1;
        initial_value[0] = f_carry;
      end
    end
  endfunction

  localparam [32*COLUMNS-1:0] MATRIX = matrix(0);
  localparam [31:0] INITIAL = initial_value(0);

  reg         valid_q;
  reg         first_q;
  reg  [31:0] part_q;  // B(phit)
  reg  [31:0] crc_q;
  wire [31:0] part;
  wire [31:0] next;
  wire [31:0] start = first_q ? INITIAL : crc_q;

  assign m_valid = valid_q;
  assign m_crc = next;

  // Rows as constants of their own: Icarus copies a whole constant to take a part of it.
  genvar i;
  generate
    for (i = 0; i < 32; i = i + 1) begin : g_row
      localparam [31:0] A_ROW = MATRIX[i*COLUMNS +: 32];
      localparam [PHIT-1:0] B_ROW = MATRIX[i*COLUMNS + 32 +: PHIT];
      assign part[i] = ^(s_data & B_ROW);
      assign next[i] = part_q[i] ^ (^(start & A_ROW));
    end
  endgenerate

  always @(posedge clk) begin
    if (s_valid) begin
      first_q <= s_first;
      part_q <= part;
    end
    if (valid_q) crc_q <= next;
  end

  always @(posedge clk) begin
    if (rst) valid_q <= 1'b0;
    else valid_q <= s_valid;
  end
endmodule

`default_nettype wire
