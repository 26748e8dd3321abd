// SPDX-License-Identifier: Apache-2.0
//
// link_replay for proofs of its user: one flit, and one beat of it if it has beats, are followed;
//   they come out again as they went in, everything else as it likes. replay_props proves that of
//   the real one (FLITS 4); what replay_props assumes of the use is asserted here.
`default_nettype none

module link_replay #(
  parameter BEAT_BITS = 512,
  parameter DESC_WIDTH = 176,
  parameter BEATS = 128,
  parameter FLITS = 32
) (
  input  wire                  clk,
  input  wire                  rst,
  input  wire                  ack_valid,
  input  wire [7:0]            ack,
  output wire                  ack_error,
  output wire                  progress,
  input  wire                  push_beat,
  input  wire [BEAT_BITS-1:0]  beat,
  input  wire                  push_flit,
  input  wire [DESC_WIDTH-1:0] desc,
  output wire                  beat_space,
  output wire                  flit_space,
  input  wire                  rewind,
  input  wire                  fetch,
  input  wire                  next_beat,
  input  wire                  next_flit,
  output wire [BEAT_BITS-1:0]  read_beat,
  output wire [DESC_WIDTH-1:0] read_desc,
  output wire [7:0]            read_seq,
  output wire                  replaying,
  output wire                  behind,
  output wire                  outstanding
);
  localparam [7:0] FULL = FLITS;
  localparam COUNT_LSB = 163;  // beats of a flit, in its descriptor
  localparam TYPE_LSB = 167;   // 1 bulk, 2 management

  (* anyseq *) wire any_space;
  (* anyseq *) wire pick;
  (* anyseq *) wire [BEAT_BITS-1:0] any_beat;
  (* anyseq *) wire [DESC_WIDTH-1:0] any_desc;

  // Numbers of flits; beats in the flit that is open, and read of the flit that comes again.
  reg [7:0] base, next, read;
  reg [3:0] open, place;
  reg       rewound, loaded, had_space;

  wire [7:0] kept = next - base;
  wire [7:0] freed = ack - base;
  wire [7:0] ahead = read - base;
  wire [7:0] to_read = next - read;
  wire       in_window = freed <= kept;

  assign ack_error = ack_valid && !in_window;
  assign progress = ack_valid && in_window && freed != 0;
  assign beat_space = any_space;
  assign flit_space = kept != FULL;
  assign outstanding = kept != 0;
  assign replaying = read != next;
  assign behind = ahead[7];
  assign read_seq = read;

  always @(posedge clk) begin
    if (progress) base <= ack;
    if (push_beat) open <= open + 4'd1;
    if (push_flit) begin
      next <= next + 8'd1;
      open <= 0;
    end
    if (rewind) read <= base;
    else if (push_flit || next_flit) read <= read + 8'd1;
    if (rewind || next_flit) place <= 0;
    else if (next_beat) place <= place + 4'd1;
    rewound <= rewind && kept != 0;
    if (fetch) loaded <= 1'b1;
    else if (rewind || push_beat || push_flit) loaded <= 1'b0;
    had_space <= beat_space && !push_beat;
    if (rst) begin
      base <= 0;
      next <= 0;
      read <= 0;
      open <= 0;
      place <= 0;
      rewound <= 1'b0;
      loaded <= 1'b0;
      had_space <= 1'b0;
    end
  end
  // Room for beats, once there, stays until one is stored.
  always @* if (had_space) assume (beat_space);

  // ---- what is followed, until 32 flits later
  reg                  have, has_beat, closed;
  reg [7:0]            number;
  reg [2:0]            index;
  reg [BEAT_BITS-1:0]  value;
  reg [DESC_WIDTH-1:0] meaning;
  reg [DESC_WIDTH-1:0] other_q;
  wire [7:0] age = next - number;
  wire picks = pick && !have && (push_beat || (push_flit && open == 0));
  wire mine = have && closed && read == number;

  always @(posedge clk) begin
    if (picks) begin
      have <= 1'b1;
      has_beat <= push_beat;
      number <= next;
      index <= open[2:0];
      value <= beat;
      closed <= push_flit;
      meaning <= desc;
    end else if (push_flit && have && !closed) begin
      closed <= 1'b1;
      meaning <= desc;
    end else if (age >= 8'd32) have <= 1'b0;
    if (fetch || next_flit) other_q <= any_desc;
    if (rst) have <= 1'b0;
  end
  // Every flit is stored with its type and the count of its beats, as asserted below.
  always @* begin
    assume (any_desc[COUNT_LSB +: 4] <= 8);
    assume (any_desc[TYPE_LSB +: 3] == 1 || any_desc[TYPE_LSB +: 3] == 2);
  end

  assign read_desc = mine ? meaning : other_q;
  assign read_beat = (mine && loaded && has_beat && place == {1'b0, index}) ? value : any_beat;
  wire [3:0] last_place = read_desc[COUNT_LSB +: 4];

  // ---- use
  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  wire [2:0] uses = {2'd0, push_beat} + {2'd0, push_flit} + {2'd0, rewind} + {2'd0, fetch} +
                    {2'd0, next_beat} + {2'd0, next_flit};
  always @* if (started) begin
    assert (uses <= 1);
    if (push_beat || push_flit) assert (!replaying && flit_space);
    if (push_beat) assert (beat_space && open < 8);
    if (push_flit) begin
      assert (desc[COUNT_LSB +: 4] == open);
      assert (desc[TYPE_LSB +: 3] == 1 || desc[TYPE_LSB +: 3] == 2);
    end
    if (rewind) assert (open == 0);
    assert (fetch == rewound);
    if (next_beat || next_flit) assert (replaying && loaded);
    if (next_beat) assert (place != last_place);
    if (next_flit) assert (place == last_place);
    // Induction.
    assert (kept <= FULL && to_read <= FULL);
    if (rewound) assert (replaying);
    if (have && closed) assert (age >= 1 && age <= 32);
    if (have && !closed) assert (has_beat && age == 0 && !replaying && {1'b0, index} < open);
    if (have && closed) begin
      assert (has_beat ? meaning[COUNT_LSB +: 4] > {1'b0, index} : meaning[COUNT_LSB +: 4] == 0);
      assert (meaning[COUNT_LSB +: 4] <= 8);
      assert (meaning[TYPE_LSB +: 3] == 1 || meaning[TYPE_LSB +: 3] == 2);
    end
    if (loaded) begin
      assert (other_q[COUNT_LSB +: 4] <= 8);
      assert (other_q[TYPE_LSB +: 3] == 1 || other_q[TYPE_LSB +: 3] == 2);
    end
  end
endmodule

`default_nettype wire
