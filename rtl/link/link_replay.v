// SPDX-License-Identifier: Apache-2.0
//
// link_replay: keeps every flit that was sent and is not yet acknowledged, and hands it out again.
//
// Contract: flits are pushed in sequence order; an acknowledgement frees all flits before `ack`. A
//   rewind sets the read side back to the oldest flit kept; from there flits come out as they
//   were cut the first time, because an acknowledgement in flight counts flits, not beats.
// Write side: push_beat stores a beat of the flit being sent, push_flit closes the flit with its
//   descriptor. Allowed only while `replaying` is low, and with flit_space / beat_space.
// Read side: after `rewind`, `fetch` loads the first beat and descriptor into read_beat /
//   read_desc (valid one cycle later); next_beat and next_flit advance and load the following
//   one. Never in the same cycle as a push, so that each memory needs one port.
// Sequence: read_seq is the number of the flit to send next, new or replayed.
// Cost: BEATS x BEAT_BITS and FLITS x DESC_BITS of single-port memory (output held between reads),
//   FLITS small registers for the beat pointers.
`default_nettype none

module link_replay #(
  parameter BEAT_BITS = 512,   // multiple of 8
  parameter DESC_WIDTH = 176,  // multiple of 8
  parameter BEATS = 128,  // power of two, 8 to 256: covers the round trip at two phits per beat
  parameter FLITS = 32    // power of two, 4 to 64: the window of sequence numbers
) (
  input  wire                  clk,
  input  wire                  rst,

  // acknowledgements: all flits before ack have arrived
  input  wire                  ack_valid,
  input  wire [7:0]            ack,
  output wire                  ack_error,   // outside of the window
  output wire                  progress,    // frees at least one flit

  // write side
  input  wire                  push_beat,
  input  wire [BEAT_BITS-1:0]  beat,
  input  wire                  push_flit,
  input  wire [DESC_WIDTH-1:0] desc,
  output wire                  beat_space,
  output wire                  flit_space,

  // read side
  input  wire                  rewind,
  input  wire                  fetch,
  input  wire                  next_beat,
  input  wire                  next_flit,
  output wire [BEAT_BITS-1:0]  read_beat,
  output wire [DESC_WIDTH-1:0] read_desc,
  output wire [7:0]            read_seq,
  output wire                  replaying,   // read_seq is a flit that was sent before
  output wire                  behind,      // read_seq has been acknowledged meanwhile
  output wire                  outstanding  // at least one flit is kept
);
  localparam BEAT_INDEX = $clog2(BEATS);
  localparam FLIT_INDEX = $clog2(FLITS);
  generate
    if (BEATS < 8 || BEATS > 256 || BEATS != (1 << BEAT_INDEX)) begin : g_beats
      link_replay_BEATS_must_be_a_power_of_two_8_to_256 rule ();
    end
    if (FLITS < 4 || FLITS > 64 || FLITS != (1 << FLIT_INDEX)) begin : g_flits
      link_replay_FLITS_must_be_a_power_of_two_4_to_64 rule ();
    end
  endgenerate

  localparam [BEAT_INDEX:0] BEAT_ONE = 1;
  localparam [BEAT_INDEX:0] BEAT_FULL = {1'b1, {BEAT_INDEX{1'b0}}};
  localparam [31:0] FLITS_WORD = FLITS;
  localparam [7:0] FLIT_FULL = FLITS_WORD[7:0];

  reg [BEAT_INDEX:0]   end_mem [0:FLITS-1];  // beat pointer after the flit

  reg [7:0]            base_q;        // oldest flit kept
  reg [7:0]            next_q;        // next new flit
  reg [7:0]            read_q;
  reg [BEAT_INDEX:0]   base_beat_q;
  reg [BEAT_INDEX:0]   write_beat_q;
  reg [BEAT_INDEX:0]   read_beat_q;

  wire [7:0]          kept = next_q - base_q;
  wire [7:0]          freed = ack - base_q;
  wire [7:0]          ahead = read_q - base_q;
  wire [BEAT_INDEX:0] beats_kept = write_beat_q - base_beat_q;
  wire [7:0]          last_acked = ack - 8'd1;
  wire                in_window = freed <= kept;

  assign ack_error = ack_valid && !in_window;
  assign progress = ack_valid && in_window && freed != 8'd0;
  assign beat_space = beats_kept != BEAT_FULL;
  assign flit_space = kept != FLIT_FULL;
  assign outstanding = kept != 8'd0;
  assign replaying = read_q != next_q;
  assign behind = ahead[7];
  assign read_seq = read_q;

  wire [BEAT_INDEX:0] beat_address = next_beat ? read_beat_q + BEAT_ONE : read_beat_q;
  wire [7:0]          flit_address = next_flit ? read_q + 8'd1 : read_q;

  sram_1p #(.WIDTH(BEAT_BITS), .DEPTH(BEATS)) beat_memory (
    .clk(clk), .en(push_beat || fetch || next_beat), .we(push_beat),
    .addr(push_beat ? write_beat_q[BEAT_INDEX-1:0] : beat_address[BEAT_INDEX-1:0]),
    .wdata(beat), .wmask({(BEAT_BITS/8){1'b1}}), .rdata(read_beat));

  sram_1p #(.WIDTH(DESC_WIDTH), .DEPTH(FLITS)) desc_memory (
    .clk(clk), .en(push_flit || fetch || next_flit), .we(push_flit),
    .addr(push_flit ? next_q[FLIT_INDEX-1:0] : flit_address[FLIT_INDEX-1:0]),
    .wdata(desc), .wmask({(DESC_WIDTH/8){1'b1}}), .rdata(read_desc));

  always @(posedge clk) begin
    if (push_flit) end_mem[next_q[FLIT_INDEX-1:0]] <= write_beat_q;
  end

  always @(posedge clk) begin
    if (rst) begin
      base_q <= 8'd0;
      next_q <= 8'd0;
      read_q <= 8'd0;
      base_beat_q <= {(BEAT_INDEX+1){1'b0}};
      write_beat_q <= {(BEAT_INDEX+1){1'b0}};
      read_beat_q <= {(BEAT_INDEX+1){1'b0}};
    end else begin
      if (progress) begin
        base_q <= ack;
        base_beat_q <= end_mem[last_acked[FLIT_INDEX-1:0]];
      end
      if (push_beat) write_beat_q <= write_beat_q + BEAT_ONE;
      if (push_flit) next_q <= next_q + 8'd1;
      if (rewind) begin
        read_q <= base_q;
        read_beat_q <= base_beat_q;
      end else begin
        if (push_flit || next_flit) read_q <= read_q + 8'd1;
        if (next_beat) read_beat_q <= beat_address;
      end
    end
  end

  // Of these only some bits matter: a sign, and addresses of memories smaller than the numbers.
  wire unused = &{1'b0, ahead, last_acked, flit_address, beat_address};
endmodule

`default_nettype wire
