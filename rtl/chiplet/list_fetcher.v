// SPDX-License-Identifier: Apache-2.0
//
// list_fetcher: streams a command list from memory.
//
// Contract: `start` (a pulse) begins the list at memory beat `address`; its 32-byte commands leave
//   in order, not yet relocated, until one has opcode `end`, which does not leave. What was read
//   beyond the end is dropped, errors included. `cancel` ends the list; reads under way are
//   drained. busy is high from the cycle after start until nothing is under way.
// Errors (one pulse of error_valid, then the list is cancelled): a beat with a memory error that
//   the list needs -> MEMORY; no `end` within max_beats -> IMAGE; start while busy -> ILLEGAL.
// Handshake: rd_, rsp_, m_ are valid/ready, payload stable while stalled (m_valid falls on cancel).
//   Responses are never stalled: no more is asked for than there is room for.
// Latency: start to rd_valid 1 cycle; a beat received at t gives its first command at t+1.
// Rate: one command per cycle at BLOCK >= 32, one per two cycles at BLOCK 16, given the memory.
// Cost: PREFETCH beats.
`default_nettype none

module list_fetcher #(
  parameter BLOCK = 64,
  parameter PREFETCH = 8,  // beats read ahead, at least BURST
  parameter BURST = 4      // beats per read, 1 to 128
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               start,
  input  wire [31:0]        address,
  input  wire [31:0]        max_beats,
  input  wire               cancel,
  output wire               busy,

  // memory
  output reg                rd_valid,
  input  wire               rd_ready,
  output wire [31:0]        rd_addr,
  output wire [7:0]         rd_beats,
  input  wire               rsp_valid,
  output wire               rsp_ready,
  input  wire [8*BLOCK-1:0] rsp_data,
  input  wire               rsp_err,

  // commands
  output wire               m_valid,
  input  wire               m_ready,
  output wire [255:0]       m_cmd,

  output reg                error_valid,
  output reg  [3:0]         error_code
);
`include "commands.vh"

  generate
    if (BLOCK != 16 && BLOCK != 32 && BLOCK != 64) begin : g_block
      list_fetcher_BLOCK_must_be_16_32_or_64 rule ();
    end
    if (BURST < 1 || BURST > 128 || PREFETCH < BURST || PREFETCH > 255) begin : g_prefetch
      list_fetcher_PREFETCH_must_hold_a_BURST rule ();
    end
  endgenerate

  // Truncated on purpose: the constants fit.
  localparam [31:0] BURST_WORD = BURST;
  localparam [31:0] ROOM_WORD = PREFETCH - BURST;
  localparam [7:0] BURST_BEATS = BURST_WORD[7:0];
  localparam [7:0] ROOM = ROOM_WORD[7:0];

  reg        active_q;       // the end was not yet seen
  reg [31:0] addr_q;         // of the next request
  reg [31:0] left_q;         // beats that may still be requested
  reg [7:0]  beats_q;        // of the request on offer
  reg [7:0]  under_way_q;    // beats requested, not received
  reg [7:0]  reserved_q;     // beats requested, not consumed

  wire beat_valid;
  wire beat_take;
  wire beat_err;
  wire [8*BLOCK-1:0] beat_data;
  fifo #(.WIDTH(8*BLOCK + 1), .DEPTH(PREFETCH)) beats (
    .clk(clk), .rst(rst),
    .s_valid(rsp_valid), .s_ready(rsp_ready), .s_data({rsp_err, rsp_data}),
    .m_valid(beat_valid), .m_ready(beat_take || !active_q), .m_data({beat_err, beat_data})
  );

  assign busy = active_q || rd_valid || under_way_q != 8'd0 || beat_valid;
  assign rd_addr = addr_q;
  assign rd_beats = beats_q;

  // Commands out of beats
  wire have;       // a whole command, or an erroneous beat
  wire have_err;
  generate
    if (BLOCK >= 32) begin : g_many
      localparam PER_BEAT = BLOCK / 32;
      reg [7:0] index_q;
      wire last_part = {24'd0, index_q} == PER_BEAT - 1;  // the command at hand ends its beat
      assign have = beat_valid;
      assign have_err = beat_err;
      assign beat_take = m_valid && m_ready && last_part;
      assign m_cmd = beat_data[256*index_q +: 256];
      always @(posedge clk) begin
        if (rst || !active_q) index_q <= 8'd0;
        else if (m_valid && m_ready) index_q <= last_part ? 8'd0 : index_q + 8'd1;
      end
    end else begin : g_half
      reg [8*BLOCK-1:0] low_q;
      reg low_valid_q;
      assign have = beat_valid && (low_valid_q || beat_err);
      assign have_err = beat_err;
      assign beat_take = low_valid_q ? m_valid && m_ready : beat_valid && !beat_err;
      assign m_cmd = {beat_data, low_q};
      always @(posedge clk) begin
        if (beat_valid && !low_valid_q) low_q <= beat_data;
        if (rst || !active_q) low_valid_q <= 1'b0;
        else if (beat_take) low_valid_q <= !low_valid_q;
      end
    end
  endgenerate

  wire is_end = m_cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_END;
  assign m_valid = active_q && have && !have_err && !is_end;

  wire at_end = active_q && have && !have_err && is_end;
  wire memory_error = active_q && have && have_err;
  wire too_long = active_q && left_q == 32'd0 && !rd_valid && under_way_q == 8'd0 && !beat_valid;
  wire restart = start && busy;

  wire ask = active_q && !rd_valid && left_q != 32'd0 && reserved_q <= ROOM;
  wire [7:0] ask_beats = (left_q < {24'd0, BURST_BEATS}) ? left_q[7:0] : BURST_BEATS;
  wire [7:0] asked = ask ? ask_beats : 8'd0;
  wire receive = rsp_valid && rsp_ready;
  wire consume = beat_valid && (beat_take || !active_q);

  always @(posedge clk) begin
    if (ask) beats_q <= ask_beats;
    if (start && !busy) begin
      addr_q <= address;
      left_q <= max_beats;
    end else begin
      if (rd_valid && rd_ready) addr_q <= addr_q + {24'd0, beats_q};
      left_q <= left_q - {24'd0, asked};
    end
    if (rst) begin
      active_q <= 1'b0;
      rd_valid <= 1'b0;
      under_way_q <= 8'd0;
      reserved_q <= 8'd0;
      error_valid <= 1'b0;
      error_code <= ERROR_NONE;
    end else begin
      if (start && !busy) active_q <= 1'b1;
      else if (at_end || memory_error || too_long || restart || cancel) active_q <= 1'b0;
      if (ask) rd_valid <= 1'b1;
      else if (rd_ready) rd_valid <= 1'b0;
      under_way_q <= under_way_q + asked - {7'd0, receive};
      reserved_q <= reserved_q + asked - {7'd0, consume};
      error_valid <= memory_error || too_long || restart;
      error_code <= memory_error ? ERROR_MEMORY : too_long ? ERROR_IMAGE : ERROR_ILLEGAL;
    end
  end
endmodule

`default_nettype wire
