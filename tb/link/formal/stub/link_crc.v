// SPDX-License-Identifier: Apache-2.0
//
// link_crc for proofs: any value at any time. What a good CRC means is assumed by the proof.
`default_nettype none

module link_crc #(
  parameter PHIT = 256
) (
  input  wire            clk,
  input  wire            rst,
  input  wire            s_valid,
  input  wire            s_first,
  input  wire [PHIT-1:0] s_data,
  output wire            m_valid,
  output wire [31:0]     m_crc
);
  (* anyseq *) wire [31:0] value;

  assign m_valid = s_valid;
  assign m_crc = value;
endmodule

`default_nettype wire
