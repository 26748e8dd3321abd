// SPDX-License-Identifier: Apache-2.0
//
// replay_props: link_replay under any use that its contract allows and any acknowledgements, also
//   senseless ones. One flit and one beat are picked freely and followed: since each could have
//   been picked, all come out as they went in.
//
// Flits and beats are numbered from 0 with more bits than the design has; the numbers stand for
// numbers without end, because all differences are small.
`default_nettype none

module replay_props #(
  parameter FLITS = 4,
  parameter BEATS = 8
) (
  input wire       clk,
  input wire       rst,
  input wire       ack_valid,
  input wire [7:0] ack,
  input wire       push_beat,
  input wire [7:0] beat,
  input wire       push_flit,
  input wire [7:0] desc,
  input wire       rewind,
  input wire       fetch,
  input wire       next_beat,
  input wire       next_flit,
  input wire       pick_flit,
  input wire       pick_beat
);
  localparam INDEX = $clog2(FLITS);
  localparam PLACE = $clog2(BEATS);
  localparam [9:0] MOST = BEATS;  // differences are taken in 10 bits

  wire ack_error, progress, beat_space, flit_space, replaying, behind, outstanding;
  wire [7:0] read_beat, read_desc, read_seq;

  link_replay #(.BEAT_BITS(8), .DESC_WIDTH(8), .BEATS(BEATS), .FLITS(FLITS)) dut (
    .clk(clk), .rst(rst), .ack_valid(ack_valid), .ack(ack), .ack_error(ack_error),
    .progress(progress), .push_beat(push_beat), .beat(beat), .push_flit(push_flit), .desc(desc),
    .beat_space(beat_space), .flit_space(flit_space), .rewind(rewind), .fetch(fetch),
    .next_beat(next_beat), .next_flit(next_flit), .read_beat(read_beat), .read_desc(read_desc),
    .read_seq(read_seq), .replaying(replaying), .behind(behind), .outstanding(outstanding));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- what has happened
  reg [9:0] base, next, read;             // flits: acknowledged, sent, to be read
  reg [9:0] base_beat, beats, read_place; // beats: before `base`, stored, to be read
  reg [9:0] open;                         // beats before the flit that is open
  reg [9:0] ends [0:FLITS-1];             // beats up to the end of each flit
  reg [INDEX:0] known;                    // entries of `ends`
  reg rewound, loaded, at_start, had_space;

  wire [7:0] freed = ack - base[7:0];
  wire [9:0] kept = next - base;
  wire accepted = ack_valid && {2'd0, freed} <= kept;
  wire [9:0] new_base = base + {2'd0, freed};
  wire [9:0] read_end = ends[read[INDEX-1:0]];
  wire [9:0] last_acked = new_base - 10'd1;

  always @(posedge clk) begin
    if (accepted && freed != 0) begin
      base <= new_base;
      base_beat <= ends[last_acked[INDEX-1:0]];
    end
    if (push_beat) beats <= beats + 10'd1;
    if (push_flit) begin
      next <= next + 10'd1;
      open <= beats;
      ends[next[INDEX-1:0]] <= beats;
      if (known != FLITS) known <= known + 1'b1;
    end
    if (rewind) begin
      read <= base;
      read_place <= base_beat;
    end else begin
      if (push_flit || next_flit) read <= read + 10'd1;
      if (next_beat) read_place <= read_place + 10'd1;
    end
    rewound <= rewind && kept != 0;
    had_space <= beat_space && !push_beat;
    if (fetch) loaded <= 1'b1;
    else if (rewind || push_beat || push_flit) loaded <= 1'b0;
    if (rewind || next_flit) at_start <= 1'b1;
    else if (next_beat) at_start <= 1'b0;
    if (rst) begin
      base <= 0;
      next <= 0;
      read <= 0;
      base_beat <= 0;
      beats <= 0;
      read_place <= 0;
      open <= 0;
      known <= 0;
      rewound <= 1'b0;
      loaded <= 1'b0;
      at_start <= 1'b0;
      had_space <= 1'b0;
    end
  end

  // ---- use: link_tx keeps to this
  wire [2:0] uses = {2'd0, push_beat} + {2'd0, push_flit} + {2'd0, rewind} + {2'd0, fetch};
  always @* begin
    // One thing at a time; a beat of a replay may leave with nothing else.
    assume (uses + {2'd0, next_beat} + {2'd0, next_flit} <= 1);
    // New flits only behind all others, and with room.
    if (push_beat || push_flit) assume (!replaying && flit_space);
    if (push_beat) assume (beat_space);
    // A rewind never cuts a new flit in two; fetch follows it if anything is kept.
    if (rewind) assume (beats == open);
    assume (fetch == rewound);
    // A replay takes each flit's beats, then the flit.
    if (next_beat || next_flit) assume (replaying && loaded);
    if (next_beat) assume (read_place != read_end);
    if (next_flit) assume (read_place == read_end);
  end

  // ---- the flit and the beat that are followed, until their places are used again
  reg have_flit, have_beat;
  reg [9:0] flit_number, flit_start, flit_end, beat_number;
  reg [7:0] flit_value, beat_value;
  wire [9:0] flit_age = next - flit_number;
  wire [9:0] beat_age = beats - beat_number;

  always @(posedge clk) begin
    if (push_flit && (pick_flit || flit_age == FLITS)) begin
      have_flit <= pick_flit;
      flit_number <= next;
      flit_start <= open;
      flit_end <= beats;
      flit_value <= desc;
    end
    if (push_beat && (pick_beat || beat_age == BEATS)) begin
      have_beat <= pick_beat;
      beat_number <= beats;
      beat_value <= beat;
    end
    if (rst) begin
      have_flit <= 1'b0;
      have_beat <= 1'b0;
    end
  end

  wire [9:0] beats_kept = beats - base_beat;
  wire [9:0] to_read = next - read;
  always @* if (started) begin
    // No overflow of flits or beats.
    assert (kept <= FLITS && beats_kept <= BEATS);
    assert (flit_space == (kept != FLITS) && beat_space == (beats_kept != BEATS));
    // Flits are freed by an acknowledgement of something kept, up to it, and by nothing else; any
    // other acknowledgement is an error.
    assert (ack_error == (ack_valid && !accepted));
    assert (progress == (accepted && freed != 0));
    assert (outstanding == (kept != 0));
    // Room for beats, once there, stays until one is stored.
    if (had_space) assert (beat_space);
    // What is read next is a flit that was sent, or the next new one.
    assert (to_read <= FLITS && replaying == (to_read != 0) && read_seq == read[7:0]);
    assert (behind == (to_read > kept));
    if (replaying && loaded) begin
      // A flit that is sent again is as it was: its descriptor, from its first beat on.
      if (have_flit && read == flit_number) begin
        assert (read_desc == flit_value && read_end == flit_end);
        if (at_start) assert (read_place == flit_start);
      end
      // And so are its beats.
      if (have_beat && read_place == beat_number) assert (read_beat == beat_value);
    end
  end

  // ---- induction: registers and memories of the design
  (* hierconn *) wire [7:0] \dut.base_q ;
  (* hierconn *) wire [7:0] \dut.next_q ;
  (* hierconn *) wire [7:0] \dut.read_q ;
  (* hierconn *) wire [PLACE:0] \dut.base_beat_q ;
  (* hierconn *) wire [PLACE:0] \dut.write_beat_q ;
  (* hierconn *) wire [PLACE:0] \dut.read_beat_q ;
  (* hierconn *) wire [PLACE:0] \dut.end_mem[0] ;
  (* hierconn *) wire [PLACE:0] \dut.end_mem[1] ;
  (* hierconn *) wire [PLACE:0] \dut.end_mem[2] ;
  (* hierconn *) wire [PLACE:0] \dut.end_mem[3] ;
  (* hierconn *) wire [7:0] \dut.desc_memory.mem[0] ;
  (* hierconn *) wire [7:0] \dut.desc_memory.mem[1] ;
  (* hierconn *) wire [7:0] \dut.desc_memory.mem[2] ;
  (* hierconn *) wire [7:0] \dut.desc_memory.mem[3] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[0] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[1] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[2] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[3] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[4] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[5] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[6] ;
  (* hierconn *) wire [7:0] \dut.beat_memory.mem[7] ;
  wire [31:0] descs = {\dut.desc_memory.mem[3] , \dut.desc_memory.mem[2] ,
                       \dut.desc_memory.mem[1] , \dut.desc_memory.mem[0] };
  wire [63:0] stored = {\dut.beat_memory.mem[7] , \dut.beat_memory.mem[6] ,
                        \dut.beat_memory.mem[5] , \dut.beat_memory.mem[4] ,
                        \dut.beat_memory.mem[3] , \dut.beat_memory.mem[2] ,
                        \dut.beat_memory.mem[1] , \dut.beat_memory.mem[0] };
  wire [4*PLACE+3:0] dut_ends = {\dut.end_mem[3] , \dut.end_mem[2] , \dut.end_mem[1] ,
                                 \dut.end_mem[0] };
  integer d;
  reg [9:0] n, e, before;

  always @* if (started) begin
    assert (\dut.base_q == base[7:0] && \dut.next_q == next[7:0] && \dut.read_q == read[7:0]);
    assert (\dut.base_beat_q == base_beat[PLACE:0] && \dut.write_beat_q == beats[PLACE:0]);
    assert (\dut.read_beat_q == read_place[PLACE:0]);
    assert (known <= FLITS && kept <= known && to_read <= known);
    assert (beats - open <= beats_kept);
    if (kept == 0) assert (open == base_beat);
    if (rewound) assert (at_start && to_read != 0);
    if (to_read != 0) assert (loaded || rewound);
    if (to_read != 0) assert (beats == open);
    // The ends, from the latest flit back.
    for (d = 1; d <= FLITS; d = d + 1) if (d <= known) begin
      n = next - d;
      e = ends[n[INDEX-1:0]];
      before = n - 10'd1;
      assert (dut_ends[(PLACE+1)*n[INDEX-1:0] +: PLACE+1] == e[PLACE:0]);
      assert ({1'b0, open - e} <= BEATS * d);
      if (d == 1) assert (e == open);
      if (d < known) assert (e - ends[before[INDEX-1:0]] <= MOST);
      if (n == base) assert (e - base_beat <= beats_kept);
      if (n == base - 10'd1) assert (base_beat == e);
      if (n == read) assert (e - read_place <= MOST);
      if (n == read && d < known) assert (e - read_place <= e - ends[before[INDEX-1:0]]);
      if (n == read && at_start && d < known) assert (read_place == ends[before[INDEX-1:0]]);
      if (have_flit && n == flit_number) begin
        assert (e == flit_end);
        if (d < known) assert (ends[before[INDEX-1:0]] == flit_start);
        if (n == base) assert (base_beat == flit_start);
      end
    end
    if (read == base && at_start && to_read != 0) assert (read_place == base_beat);
    if (have_flit && read == flit_number && at_start && to_read != 0) begin
      assert (read_place == flit_start);
    end
    if (to_read != 0 && to_read <= kept) assert (open - read_place <= beats_kept);
    if (to_read != 0) assert (open - read_place <= MOST);
    if (have_flit) begin
      assert (flit_age >= 1 && flit_age <= known);
      assert (descs[8*flit_number[INDEX-1:0] +: 8] == flit_value);
    end
    if (have_beat) begin
      assert (beat_age >= 1 && beat_age <= BEATS);
      assert (stored[8*beat_number[PLACE-1:0] +: 8] == beat_value);
    end
    if (loaded && to_read != 0) begin
      assert (read_desc == descs[8*read[INDEX-1:0] +: 8]);
      assert (read_beat == stored[8*read_place[PLACE-1:0] +: 8]);
    end
  end
endmodule

`default_nettype wire
