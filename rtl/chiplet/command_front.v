// SPDX-License-Identifier: Apache-2.0
//
// command_front: merges the commands of the list fetcher and of the core, and relocates them.
//
// Contract: each relocatable field becomes (field + BASE[number]) mod 2^width with the base
//   registers of the cycle in which the command is taken; BASE[0] is 0 whatever `base` holds. The
//   base numbers stay in the command. Which fields are relocatable is fixed by queue and opcode; a
//   command of no known format passes unchanged and is refused by the dispatcher.
//   Commands of one source keep their order; the core's go first.
// Handshake: valid/ready; the output comes from a register.
// Latency: 1 cycle. Rate: one command per cycle.
// Cost: one 256-bit register, six adders of up to 32 bits after sharing.
`default_nettype none

module command_front (
  input  wire         clk,
  input  wire         rst,
  input  wire [511:0] base,        // base register n at [32*n +: 32]

  input  wire         list_valid,
  output wire         list_ready,
  input  wire [255:0] list_cmd,

  input  wire         push_valid,
  output wire         push_ready,
  input  wire [255:0] push_cmd,

  output reg          m_valid,
  input  wire         m_ready,
  output reg  [255:0] m_cmd
);
`include "commands.vh"

  wire room = !m_valid || m_ready;
  assign push_ready = room;
  assign list_ready = room && !push_valid;

  // The command with the field of f_width bits at f_lsb relocated; its base number is at f_number.
  function [255:0] moved(input [255:0] f_cmd, input integer f_lsb, input integer f_width,
                         input integer f_number);
    reg [255:0] f_mask;
    reg [31:0] f_field;
    reg [255:0] f_which;
    begin
      f_which = (f_cmd >> f_number) & 256'd15;
      f_mask = (256'd1 << f_width) - 256'd1;
      f_field = f_cmd[f_lsb +: 32] + base[32*f_which[3:0] +: 32];
      moved = (f_which == 256'd0) ? f_cmd
              : (f_cmd & ~(f_mask << f_lsb)) | (({224'd0, f_field} & f_mask) << f_lsb);
    end
  endfunction

  function [255:0] relocate(input [255:0] f_in);
    reg [255:0] f_c;
    reg [3:0] f_opcode;
    begin
      f_c = f_in;
      f_opcode = f_in[CMD_OPCODE_LSB +: CMD_OPCODE_W];
      case ({28'd0, f_in[CMD_QUEUE_LSB +: CMD_QUEUE_W]})
        QUEUE_VE: if (f_opcode == CMD_VE) begin
          f_c = moved(f_c, CMD_VE_A_LSB, CMD_VE_A_W, CMD_VE_A_BASE);
          f_c = moved(f_c, CMD_VE_B_LSB, CMD_VE_B_W, CMD_VE_B_BASE);
          f_c = moved(f_c, CMD_VE_D_LSB, CMD_VE_D_W, CMD_VE_D_BASE);
          f_c = moved(f_c, CMD_VE_OUTER_LSB, CMD_VE_OUTER_W, CMD_VE_OUTER_BASE);
          f_c = moved(f_c, CMD_VE_LEN_LSB, CMD_VE_LEN_W, CMD_VE_LEN_BASE);
        end
        QUEUE_DMA: if (f_opcode == CMD_LOAD || f_opcode == CMD_STORE) begin
          f_c = moved(f_c, CMD_LOAD_MEM_LSB, CMD_LOAD_MEM_W, CMD_LOAD_MEM_BASE);
          f_c = moved(f_c, CMD_LOAD_STASH_LSB, CMD_LOAD_STASH_W, CMD_LOAD_STASH_BASE);
          f_c = moved(f_c, CMD_LOAD_ROWS_LSB, CMD_LOAD_ROWS_W, CMD_LOAD_ROWS_BASE);
          f_c = moved(f_c, CMD_LOAD_COUNT_LSB, CMD_LOAD_COUNT_W, CMD_LOAD_COUNT_BASE);
        end else if (f_opcode == CMD_WEIGHTS) begin
          f_c = moved(f_c, CMD_WEIGHTS_MEM_LSB, CMD_WEIGHTS_MEM_W, CMD_WEIGHTS_MEM_BASE);
          f_c = moved(f_c, CMD_WEIGHTS_SET_LSB, CMD_WEIGHTS_SET_W, CMD_WEIGHTS_SET_BASE);
        end
        QUEUE_MOVE: if (f_opcode == CMD_COLUMN || f_opcode == CMD_ROW) begin
          f_c = moved(f_c, CMD_COLUMN_SRC_LSB, CMD_COLUMN_SRC_W, CMD_COLUMN_SRC_BASE);
          f_c = moved(f_c, CMD_COLUMN_ROWS_LSB, CMD_COLUMN_ROWS_W, CMD_COLUMN_ROWS_BASE);
          f_c = moved(f_c, CMD_COLUMN_POS_LSB, CMD_COLUMN_POS_W, CMD_COLUMN_POS_BASE);
          f_c = moved(f_c, CMD_COLUMN_SET_LSB, CMD_COLUMN_SET_W, CMD_COLUMN_SET_BASE);
        end
        QUEUE_SEND: if (f_opcode == CMD_SEND) begin
          f_c = moved(f_c, CMD_SEND_SRC_LSB, CMD_SEND_SRC_W, CMD_SEND_SRC_BASE);
          f_c = moved(f_c, CMD_SEND_DST_LSB, CMD_SEND_DST_W, CMD_SEND_DST_BASE);
          f_c = moved(f_c, CMD_SEND_ROWS_LSB, CMD_SEND_ROWS_W, CMD_SEND_ROWS_BASE);
        end
        default: if (f_opcode == CMD_MAC) begin
          f_c = moved(f_c, CMD_MAC_SRC_LSB, CMD_MAC_SRC_W, CMD_MAC_SRC_BASE);
          f_c = moved(f_c, CMD_MAC_DST_LSB, CMD_MAC_DST_W, CMD_MAC_DST_BASE);
          f_c = moved(f_c, CMD_MAC_SET_LSB, CMD_MAC_SET_W, CMD_MAC_SET_BASE);
          f_c = moved(f_c, CMD_MAC_COLS_LSB, CMD_MAC_COLS_W, CMD_MAC_COLS_BASE);
          f_c = moved(f_c, CMD_MAC_DEPTH_LSB, CMD_MAC_DEPTH_W, CMD_MAC_DEPTH_BASE);
          f_c = moved(f_c, CMD_MAC_OUTER_LSB, CMD_MAC_OUTER_W, CMD_MAC_OUTER_BASE);
        end
      endcase
      relocate = f_c;
    end
  endfunction

  always @(posedge clk) begin
    if (room && (push_valid || list_valid)) m_cmd <= relocate(push_valid ? push_cmd : list_cmd);
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= push_valid || list_valid;
  end
endmodule

`default_nettype wire
