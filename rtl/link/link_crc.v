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
// CRC_BITS: 32. Smaller ones, in the last CRC_BITS bits of the flit, are for measuring how many
//   errors a CRC misses, which 32 bits are too many for: x^8 + x^2 + x + 1, x^12 + x^11 + x^3 + x^2
//   + x + 1, x^16 + x^12 + x^5 + 1.
// Cost: an XOR network of about 32 x (PHIT + 32) / 2 inputs, 65 flip-flops.
// Simulation: s_data should hold its value in cycles without a phit; then nothing is computed.
`default_nettype none

module link_crc #(
  parameter PHIT = 256,    // bits per phit, at least 32
  parameter CRC_BITS = 32  // 8, 12, 16 or 32
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                s_valid,
  input  wire                s_first,
  input  wire [PHIT-1:0]     s_data,
  output wire                m_valid,
  output wire [CRC_BITS-1:0] m_crc
);
  generate
    if (PHIT < 32) begin : g_phit
      link_crc_PHIT_must_be_at_least_32 rule ();
    end
    if (CRC_BITS != 8 && CRC_BITS != 12 && CRC_BITS != 16 && CRC_BITS != 32) begin : g_bits
      link_crc_CRC_BITS_must_be_8_12_16_or_32 rule ();
    end
  endgenerate

  localparam [31:0] REFLECTED =
    (CRC_BITS == 8) ? 32'hE0 : (CRC_BITS == 12) ? 32'hF01 :
    (CRC_BITS == 16) ? 32'h8408 : 32'h82F63B78;
  localparam [CRC_BITS-1:0] POLYNOMIAL = REFLECTED[CRC_BITS-1:0];
  localparam [CRC_BITS-1:0] ZERO = 0;
  localparam COLUMNS = PHIT + CRC_BITS;  // {phit, crc}

  // Row i of the matrix, at [i * COLUMNS +: COLUMNS], selects the bits of {phit, crc} whose sum is
  // bit i of the next CRC. Column by column from the last bit on the line: powers of x.
  function [CRC_BITS*COLUMNS-1:0] matrix(input integer f_unused);
    integer f_column;
    integer f_row;
    reg [CRC_BITS-1:0] f_power;
    begin
      matrix = 0;
      f_power = {1'b1, ZERO[CRC_BITS-1:1]};
      for (f_column = COLUMNS - 1; f_column >= 0; f_column = f_column - 1) begin
        for (f_row = 0; f_row < CRC_BITS; f_row = f_row + 1) begin
          matrix[f_row*COLUMNS + f_column] = f_power[f_row];
        end
        f_power = (f_power >> 1) ^ (f_power[0] ? POLYNOMIAL : ZERO);
      end
    end
  endfunction

  // All ones divided by x^CRC_BITS: the place of the CRC runs through the register too.
  function [CRC_BITS-1:0] initial_value(input integer f_unused);
    integer f_step;
    reg f_carry;
    begin
      initial_value = ~ZERO;
      for (f_step = 0; f_step < CRC_BITS; f_step = f_step + 1) begin
        f_carry = initial_value[CRC_BITS-1];
        initial_value = (initial_value ^ (f_carry ? POLYNOMIAL : ZERO)) << 1;
        initial_value[0] = f_carry;
      end
    end
  endfunction

  localparam [CRC_BITS*COLUMNS-1:0] MATRIX = matrix(0);
  localparam [CRC_BITS-1:0] INITIAL = initial_value(0);

  reg                 valid_q;
  reg                 first_q;
  reg  [CRC_BITS-1:0] part_q;  // B(phit)
  reg  [CRC_BITS-1:0] crc_q;
  wire [CRC_BITS-1:0] part;
  wire [CRC_BITS-1:0] next;
  wire [CRC_BITS-1:0] start = first_q ? INITIAL : crc_q;

  assign m_valid = valid_q;
  assign m_crc = next;

  // Rows as constants of their own: Icarus copies a whole constant to take a part of it.
  genvar i;
  generate
    for (i = 0; i < CRC_BITS; i = i + 1) begin : g_row
      localparam [CRC_BITS-1:0] A_ROW = MATRIX[i*COLUMNS +: CRC_BITS];
      localparam [PHIT-1:0] B_ROW = MATRIX[i*COLUMNS + CRC_BITS +: PHIT];
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
