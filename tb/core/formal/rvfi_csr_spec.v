// SPDX-License-Identifier: Apache-2.0
// What the SYSTEM instructions read and write, as a function of a trace record.
//
// Contract: combinational. `exists`: a CSR instruction whose CSR is there and may be accessed so.
// `known`: `value` is what it reads (the stall counters are not in the trace). `now` holds the CSRs
// before the instruction, `then` after it: mstatus lowest, then misa, mie, mtvec, mscratch, mepc,
// mcause, mtval, mip of 32 bits, mcycle and minstret of 64. mcycle and minstret of `then` are only
// meaningful if written.
`default_nettype none

module rvfi_csr_spec #(
    parameter [31:0] HART_ID = 0
) (
    input  wire [31:0]  insn,
    input  wire [31:0]  rs1_rdata,
    input  wire [415:0] now,
    output reg          exists,
    output reg          known,
    output reg  [31:0]  value,
    output wire         writes,
    output reg  [415:0] then
);

  wire [11:0] number = insn[31:20];
  wire        form   = insn[6:0] == 7'h73 && insn[13:12] != 2'b00;
  wire [31:0] source = insn[14] ? {27'd0, insn[19:15]} : rs1_rdata;

  assign writes = form && (insn[13:12] == 2'b01 || insn[19:15] != 5'd0);

  reg there;
  always @* begin
    there = 1'b1;
    known = 1'b1;
    value = 32'd0;
    case (number)
      12'h300: value = now[31:0];
      12'h301: value = 32'h4000_1104;
      12'h304: value = now[95:64];
      12'h305: value = now[127:96];
      12'h340: value = now[159:128];
      12'h341: value = now[191:160];
      12'h342: value = now[223:192];
      12'h343: value = now[255:224];
      12'h344: value = now[287:256];
      12'hb00, 12'hc00: value = now[319:288];
      12'hb80, 12'hc80: value = now[351:320];
      12'hb02, 12'hc02: value = now[383:352];
      12'hb82, 12'hc82: value = now[415:384];
      12'hf14: value = HART_ID;
      12'hb03, 12'hb04, 12'hb05: known = 1'b0;
      12'h323: value = 32'd1;
      12'h324: value = 32'd2;
      12'h325: value = 32'd3;
      12'h310, 12'h320, 12'hf11, 12'hf12, 12'hf13, 12'hf15, 12'h7a0, 12'h7a1: ;
      default: there = (number > 12'h325 && number <= 12'h33f)
                       || (number > 12'hb05 && number <= 12'hb1f)
                       || (number >= 12'hb83 && number <= 12'hb9f);
    endcase
    exists = form && there && !(writes && number[11:10] == 2'b11);
  end

  wire [31:0] asked = insn[13:12] == 2'b01 ? source
                      : insn[13:12] == 2'b10 ? value | source : value & ~source;

  always @* begin
    then = now;
    if (writes)
      case (number)
        12'h300: then[31:0]    = {24'h00_0018, asked[7], 3'd0, asked[3], 3'd0};
        12'h304: then[95:64]   = asked & 32'hffff_0888;
        12'h305: then[127:96]  = asked[0] ? {asked[31:7], 7'd1} : {asked[31:2], 2'd0};
        12'h340: then[159:128] = asked;
        12'h341: then[191:160] = {asked[31:1], 1'b0};
        12'h342: then[223:192] = asked & 32'h8000_001f;
        12'h343: then[255:224] = asked;
        12'hb00: then[319:288] = asked;
        12'hb80: then[351:320] = asked;
        12'hb02: then[383:352] = asked;
        12'hb82: then[415:384] = asked;
        default: ;
      endcase
    if (insn == 32'h3020_0073) then[31:0] = {24'h00_0018, 1'b1, 3'd0, now[7], 3'd0};
  end

endmodule

`default_nettype wire
