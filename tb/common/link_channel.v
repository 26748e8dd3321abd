// SPDX-License-Identifier: Apache-2.0
//
// link_channel: simulation model of one direction of a die-to-die link. Not for synthesis.
//
// Contract: lanes leave `latency` cycles and lane_skew bits after they came (0 and 0 are a wire),
//   changed only as the settings say. All settings may change at any time; a change of latency or
//   skew loses or repeats what is in flight.
// Bit errors: in each cycle with probability error_threshold / 2^32 one bit of the cycle's lanes
//   is turned over; in half of that fraction of these cycles a second one. For a bit error rate r:
//   error_threshold = round(2^32 (1 - (1 - r)^LANE_BITS)), as in models/link.py, error_threshold.
//   Right to the second order in r LANE_BITS.
// Bit errors of a lane: in each cycle with probability lane_errors / 2^32 one bit of that lane.
// Bursts: in each cycle with probability burst_threshold / 2^32 a burst of burst_length cycles
//   begins, in which one lane, or with burst_all every lane, carries random bits.
// Faults: lane_fault 1 holds a lane at 0, 2 at 1, 3 makes it random. `cut` holds all at 0.
// Repeatable: what is random depends on `seed`, the settings and the number of cycles since reset
//   only, and is the same on every simulator.
// Named error: with inject_enable, bit inject_bit of the lanes is turned over in phit number
//   inject_phit. `mute` makes every phit an idle cycle: flits vanish whole, and no lane looks dead.
//   Phits (link_probe) are seen, and counted from 0 at reset, while `probe` is high.
// Cost: with latency 0 and all else off two multiplexers.
`default_nettype none

module link_channel #(
  parameter LANE_BITS = 272,    // bits of all lanes per cycle, 8 per lane
  parameter MAX_LATENCY = 1024  // power of two
) (
  input  wire                   clk,
  input  wire                   rst,

  // settings
  input  wire [15:0]            latency,          // 0 to MAX_LATENCY
  input  wire [31:0]            error_threshold,
  input  wire [31:0]            seed,             // sampled while rst is high
  input  wire                   cut,
  input  wire [LANE_BITS-1:0]   lane_skew,        // 8 bits per lane: 0 to 31 bits
  input  wire [4*LANE_BITS-1:0] lane_errors,      // 32 bits per lane
  input  wire [LANE_BITS/4-1:0] lane_fault,       // 2 bits per lane
  input  wire [31:0]            burst_threshold,
  input  wire [15:0]            burst_length,
  input  wire                   burst_all,
  input  wire                   mute,
  input  wire                   probe,
  input  wire                   inject_enable,
  input  wire [31:0]            inject_phit,
  input  wire [15:0]            inject_bit,

  input  wire [LANE_BITS-1:0]   s_lanes,
  output wire [LANE_BITS-1:0]   m_lanes,

  output wire [31:0]            count_flips,
  output wire [31:0]            count_phits
);
  localparam LANES = LANE_BITS / 8;
  localparam [31:0] LANES_32 = LANES;
  localparam [15:0] LANES_WORD = LANES_32[15:0];
  localparam INDEX = $clog2(MAX_LATENCY);
  localparam [31:0] BITS = LANE_BITS;
  localparam [LANE_BITS-1:0] ONE = 1;
  localparam [LANE_BITS-1:0] ZERO = 0;

  reg [LANE_BITS-1:0] mem [0:MAX_LATENCY-1];
  reg [INDEX-1:0]     write_q;
  reg [LANE_BITS-1:0] out_q;
  reg [31:0]          age_q;      // cycles since reset, saturates
  reg [31:0]          random_q;
  reg                 flip_q;
  reg                 second_q;
  reg [31:0]          place_q;
  reg [31:0]          place2_q;
  reg [31:0]          flips_q;
  reg [31:0]          phits_q;

  // xorshift32
  function [31:0] step(input [31:0] f_x);
    reg [31:0] f_y;
    begin
      f_y = f_x ^ (f_x << 13);
      f_y = f_y ^ (f_y >> 17);
      step = f_y ^ (f_y << 5);
    end
  endfunction

  // A bit of the cycle, from 16 random bits.
  function [31:0] pick(input [15:0] f_x);
    pick = ({16'd0, f_x} * BITS) >> 16;
  endfunction

  // ---- errors of the coming cycle
  reg [31:0] draw;
  reg [31:0] draw_place;
  reg [31:0] draw_second;
  reg        hit;
  always @* begin
    draw = random_q;
    draw_place = 32'd0;
    draw_second = 32'd0;
    hit = 1'b0;
    if (error_threshold != 32'd0) begin
      draw = step(random_q);
      hit = draw < error_threshold;
      if (hit) begin
        draw_place = step(draw ^ 32'h5851F42D);
        draw_second = step(draw_place);
      end
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      random_q <= (seed == 32'h9E3779B9) ? 32'd1 : step(step(seed ^ 32'h9E3779B9));
      flip_q <= 1'b0;
      second_q <= 1'b0;
    end else begin
      random_q <= draw;
      flip_q <= hit;
      second_q <= hit && draw_second < (error_threshold >> 1);
      if (hit) begin
        place_q <= pick(draw_place[31:16]);
        place2_q <= pick(draw_place[15:0]);
      end
    end
  end

  // ---- noise: errors of single lanes, bursts, random lanes; a generator of its own
  wire bursts = burst_threshold != 32'd0;
  wire weak_lanes = lane_errors != {4*LANE_BITS{1'b0}};
  wire faults = lane_fault != {LANE_BITS/4{1'b0}};

  reg [31:0]          noise_q;
  reg [15:0]          left_q;     // cycles of the burst to come
  reg [7:0]           victim_q;
  reg [LANE_BITS-1:0] noise_mask; // bits turned over
  reg [LANE_BITS-1:0] junk;       // bits of random lanes
  reg [31:0]          noise;
  reg                 begins;
  wire [15:0]         chosen = {8'd0, noise[31:24]} * LANES_WORD;
  integer i;
  always @* begin
    noise = noise_q;
    noise_mask = ZERO;
    junk = ZERO;
    begins = 1'b0;
    if (bursts || weak_lanes || faults) begin
      noise = step(noise);
      begins = noise < burst_threshold;
      for (i = 0; i < LANES; i = i + 1) begin
        noise = step(noise);
        if (noise < lane_errors[32*i +: 32]) noise_mask[8*i + {29'd0, noise[2:0]}] = 1'b1;
        if (left_q != 16'd0 && (burst_all || victim_q == i[7:0])) begin
          noise_mask[8*i +: 8] = noise_mask[8*i +: 8] ^ noise[15:8];
        end
        junk[8*i +: 8] = noise[23:16];
      end
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      noise_q <= (seed == 32'h7F4A7C15) ? 32'd1 : step(seed ^ 32'h7F4A7C15);
      left_q <= 16'd0;
      victim_q <= 8'd0;
    end else if (bursts || weak_lanes || faults) begin
      noise_q <= noise;
      if (left_q != 16'd0) left_q <= left_q - 16'd1;
      else if (begins) begin
        left_q <= burst_length;
        victim_q <= chosen[15:8];
      end
    end
  end

  // ---- all that is turned over
  wire                 phit;
  wire [LANE_BITS-1:0] code;
  link_probe #(.LANE_BITS(LANE_BITS)) frame_probe (
    .clk(clk), .rst(rst), .enable(probe), .lanes(s_lanes), .phit(phit),
    .code(code));

  wire inject = inject_enable && phit && phits_q == inject_phit;
  wire disturbed = flip_q || inject || bursts || weak_lanes;

  reg [LANE_BITS-1:0] mask;
  reg [31:0]          flips;
  always @* begin
    mask = ZERO;
    flips = 32'd0;
    if (disturbed) begin
      mask = noise_mask;
      if (flip_q) mask = mask ^ (ONE << place_q);
      if (second_q) mask = mask ^ (ONE << place2_q);
      if (inject) mask = mask ^ (ONE << inject_bit);
      for (i = 0; i < LANE_BITS; i = i + 1) flips = flips + {31'd0, mask[i]};
    end
  end

  wire [LANE_BITS-1:0] said = (mute && phit) ? s_lanes ^ code : s_lanes;
  wire [LANE_BITS-1:0] in = disturbed ? said ^ mask : said;

  // ---- delay
  wire [INDEX-1:0] read = write_q - latency[INDEX-1:0] + 1'b1;
  wire             old = age_q >= {16'd0, latency};

  always @(posedge clk) begin
    if (rst) begin
      write_q <= {INDEX{1'b0}};
      out_q <= ZERO;
      age_q <= 32'd0;
      phits_q <= 32'd0;
      flips_q <= 32'd0;
    end else begin
      flips_q <= flips_q + flips;
      if (phit) phits_q <= phits_q + 32'd1;
      if (latency != 16'd0) begin
        if (age_q != 32'hFFFFFFFF) age_q <= age_q + 32'd1;
        write_q <= write_q + 1'b1;
        mem[write_q] <= in;
        if (latency == 16'd1) out_q <= in;
        else if (old) out_q <= mem[read];
      end
    end
  end

  wire [LANE_BITS-1:0] delayed = (latency == 16'd0) ? in : out_q;

  // ---- skew
  wire skewed = lane_skew != ZERO;
  reg [LANE_BITS-1:0] past_1_q, past_2_q, past_3_q, past_4_q;
  reg [39:0]          line;  // five bytes of a lane, the newest on top
  reg [LANE_BITS-1:0] late;
  always @* begin
    late = delayed;
    line = 40'd0;
    if (skewed) begin
      for (i = 0; i < LANES; i = i + 1) begin
        line = {delayed[8*i +: 8], past_1_q[8*i +: 8], past_2_q[8*i +: 8], past_3_q[8*i +: 8],
                past_4_q[8*i +: 8]} >> (6'd32 - {1'b0, lane_skew[8*i +: 5]});
        late[8*i +: 8] = line[7:0];
      end
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      past_1_q <= ZERO;
      past_2_q <= ZERO;
      past_3_q <= ZERO;
      past_4_q <= ZERO;
    end else if (skewed) begin
      past_1_q <= delayed;
      past_2_q <= past_1_q;
      past_3_q <= past_2_q;
      past_4_q <= past_3_q;
    end
  end

  // ---- faults
  reg [LANE_BITS-1:0] received;
  always @* begin
    received = late;
    if (faults) begin
      for (i = 0; i < LANES; i = i + 1) begin
        case (lane_fault[2*i +: 2])
          2'd1: received[8*i +: 8] = 8'h00;
          2'd2: received[8*i +: 8] = 8'hFF;
          2'd3: received[8*i +: 8] = junk[8*i +: 8];
          default: ;
        endcase
      end
    end
  end

  assign m_lanes = cut ? ZERO : received;
  assign count_flips = flips_q;
  assign count_phits = phits_q;
endmodule

`default_nettype wire
