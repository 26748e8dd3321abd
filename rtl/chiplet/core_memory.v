// SPDX-License-Identifier: Apache-2.0
//
// core_memory: boot ROM and SRAM of the control core, and the way to registers and stash.
//
// Map: 0x0000_0000 boot ROM, 0x1000_0000 SRAM, 0x2000_0000 registers, 0x4000_0000 stash window
//   (beat b, byte n at b*BLOCK + n). Anything else, instruction fetch outside ROM and SRAM
//   included, is an access fault.
// Handshake: the core's instruction and data ports (docs/core.md).
// Latency: ROM, SRAM and registers answer in the next cycle; the stash when it grants and reads.
// Cost: ROM_WORDS of ROM, SRAM_WORDS of two-port SRAM (one port fetches, one reads and writes).
`default_nettype none

module core_memory #(
  parameter BLOCK = 64,
  parameter STASH_BEATS = 16384,
  parameter ROM_WORDS = 2048,
  parameter SRAM_WORDS = 16384
) (
  input  wire               clk,
  input  wire               rst,

  // instruction port
  input  wire               i_req_valid,
  output wire               i_req_ready,
  input  wire [31:0]        i_req_addr,  // a multiple of 4
  output reg                i_rsp_valid,
  output wire [31:0]        i_rsp_data,
  output reg                i_rsp_err,

  // data port
  input  wire               d_req_valid,
  output wire               d_req_ready,
  input  wire               d_req_we,
  input  wire [31:0]        d_req_addr,
  input  wire [31:0]        d_req_wdata,
  input  wire [3:0]         d_req_strb,
  output wire               d_rsp_valid,
  output wire [31:0]        d_rsp_data,
  output wire               d_rsp_err,

  // registers: answered in the next cycle
  output wire               reg_req_valid,
  output wire               reg_req_we,
  output wire [11:0]        reg_req_addr,
  output wire [31:0]        reg_req_wdata,
  input  wire [31:0]        reg_rsp_data,

  // stash
  output wire               stash_req_valid,
  input  wire               stash_req_ready,
  output wire               stash_req_we,
  output wire [15:0]        stash_req_addr,
  output wire [8*BLOCK-1:0] stash_req_data,
  output wire [BLOCK-1:0]   stash_req_strb,
  input  wire               stash_rsp_valid,
  input  wire [8*BLOCK-1:0] stash_rsp_data
);
  localparam ROM_BITS = $clog2(ROM_WORDS);
  localparam SRAM_BITS = $clog2(SRAM_WORDS);
  localparam OFFSET_BITS = $clog2(BLOCK);
  localparam STASH_BITS = $clog2(STASH_BEATS) + OFFSET_BITS;

  localparam [2:0] R_NONE = 3'd0, R_ROM = 3'd1, R_SRAM = 3'd2, R_REGISTERS = 3'd3, R_STASH = 3'd4;

  function [2:0] region(input [31:12] addr);
    begin
      region = R_NONE;
      if (addr[31:ROM_BITS+2] == 0) region = R_ROM;
      if (addr[31:28] == 4'h1 && addr[27:SRAM_BITS+2] == 0) region = R_SRAM;
      if (addr[31:28] == 4'h2 && addr[27:12] == 0) region = R_REGISTERS;
      if (addr[31:28] == 4'h4 && addr[27:STASH_BITS] == 0) region = R_STASH;
    end
  endfunction

  reg [31:0] rom [0:ROM_WORDS-1];
  reg [31:0] sram [0:SRAM_WORDS-1];
  initial begin
`include "boot_rom.vh"
  end

  // Instructions.
  wire [1:0] unused_i_addr = i_req_addr[1:0];
  wire [2:0] i_region = region(i_req_addr[31:12]);
  reg  [31:0] i_rom_q, i_sram_q;
  reg         i_from_rom_q;
  assign i_req_ready = 1'b1;
  assign i_rsp_data = i_from_rom_q ? i_rom_q : i_sram_q;
  always @(posedge clk) begin
    i_rsp_valid <= i_req_valid && !rst;
    i_rsp_err <= i_region != R_ROM && i_region != R_SRAM;
    i_from_rom_q <= i_region == R_ROM;
    if (i_req_valid && i_region == R_ROM) i_rom_q <= rom[i_req_addr[2 +: ROM_BITS]];
    if (i_req_valid && i_region == R_SRAM) i_sram_q <= sram[i_req_addr[2 +: SRAM_BITS]];
  end

  // Data: one access at a time; the stash may take longer.
  wire [2:0] d_region = region(d_req_addr[31:12]);
  reg  [2:0] region_q;
  reg        waiting_q;     // an accepted access has not been answered
  reg        stash_read_q;  // the answer comes from the stash
  reg        fault_q;
  reg  [OFFSET_BITS-3:0] word_q;
  reg  [31:0] d_rom_q, d_sram_q;

  wire d_taken = d_req_valid && d_req_ready;
  assign d_req_ready = !(waiting_q && !d_rsp_valid)
                       && (d_region != R_STASH || stash_req_ready);
  assign d_rsp_valid = waiting_q && (!stash_read_q || stash_rsp_valid);
  assign d_rsp_err = fault_q;
  assign d_rsp_data = region_q == R_ROM ? d_rom_q
                    : region_q == R_SRAM ? d_sram_q
                    : region_q == R_REGISTERS ? reg_rsp_data
                    : region_q == R_STASH ? stash_rsp_data[32*word_q +: 32] : 32'd0;

  assign reg_req_valid = d_taken && d_region == R_REGISTERS;
  assign reg_req_we = d_req_we;
  assign reg_req_addr = d_req_addr[11:0];
  assign reg_req_wdata = d_req_wdata;

  assign stash_req_valid = d_req_valid && d_region == R_STASH && !(waiting_q && !d_rsp_valid);
  assign stash_req_we = d_req_we;
  assign stash_req_addr = d_req_addr[OFFSET_BITS +: 16];  // the region has checked its size
  assign stash_req_data = {BLOCK/4{d_req_wdata}};
  assign stash_req_strb = {{BLOCK-4{1'b0}}, d_req_strb} << {d_req_addr[OFFSET_BITS-1:2], 2'b00};

  integer b;
  always @(posedge clk) begin
    if (rst) begin
      waiting_q <= 1'b0;
      stash_read_q <= 1'b0;
    end else begin
      if (d_rsp_valid) waiting_q <= 1'b0;
      if (d_taken) begin
        waiting_q <= 1'b1;
        stash_read_q <= d_region == R_STASH && !d_req_we;
        region_q <= d_region;
        fault_q <= d_region == R_NONE || (d_region == R_ROM && d_req_we);
        word_q <= d_req_addr[OFFSET_BITS-1:2];
      end
    end
    if (d_taken && d_region == R_ROM) d_rom_q <= rom[d_req_addr[2 +: ROM_BITS]];
    if (d_taken && d_region == R_SRAM) begin
      if (d_req_we) begin
        for (b = 0; b < 4; b = b + 1) begin
          if (d_req_strb[b]) sram[d_req_addr[2 +: SRAM_BITS]][8*b +: 8] <= d_req_wdata[8*b +: 8];
        end
      end else begin
        d_sram_q <= sram[d_req_addr[2 +: SRAM_BITS]];
      end
    end
  end
endmodule

`default_nettype wire
