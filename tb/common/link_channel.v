// SPDX-License-Identifier: Apache-2.0
//
// link_channel: simulation model of one direction of a die-to-die link. Not for synthesis.
//
// Contract: phits leave `latency` cycles after they came (0 is a wire), changed only as the
//   settings say. All settings may change at any time; a change of latency loses or repeats what
//   is in flight.
// Bit errors: in each cycle with probability error_threshold / 2^32 one bit of the cycle's PHIT +
//   8 bits (the frame lane included, idle cycles too) is turned over; in half of that fraction of
//   these cycles a second one. For a bit error rate r: error_threshold = round(2^32 (1 - (1 -
//   r)^(PHIT + 8))), as in models/link.py, error_threshold. Right to the second order in r (PHIT
//   + 8).
// Repeatable: the errors depend on `seed` and on the number of cycles since reset only, and are
//   the same on every simulator.
// Named error: with inject_enable, bit inject_bit (PHIT and above: the frame lane) of phit number
//   inject_phit is turned over once; phits are the cycles that are not idle, counted from 0 at
//   reset.
// Cost: with latency 0 and threshold 0 two multiplexers.
`default_nettype none

module link_channel #(
  parameter PHIT = 256,
  parameter MAX_LATENCY = 1024  // power of two
) (
  input  wire            clk,
  input  wire            rst,

  // settings
  input  wire [15:0]     latency,          // 0 to MAX_LATENCY
  input  wire [31:0]     error_threshold,
  input  wire [31:0]     seed,             // sampled while rst is high
  input  wire            cut,              // nothing comes out
  input  wire            inject_enable,
  input  wire [31:0]     inject_phit,
  input  wire [15:0]     inject_bit,

  input  wire [PHIT-1:0] s_data,
  input  wire [7:0]      s_frame,
  output wire [PHIT-1:0] m_data,
  output wire [7:0]      m_frame,

  output wire [31:0]     count_flips,
  output wire [31:0]     count_phits
);
  localparam INDEX = $clog2(MAX_LATENCY);
  localparam [31:0] BITS = PHIT + 8;
  localparam [PHIT+7:0] ONE = 1;

  reg [PHIT-1:0]  data_mem [0:MAX_LATENCY-1];
  reg [7:0]       frame_mem [0:MAX_LATENCY-1];
  reg [INDEX-1:0] write_q;
  reg [PHIT-1:0]  data_q;
  reg [7:0]       frame_q;
  reg [31:0]      age_q;      // cycles since reset, saturates
  reg [31:0]      random_q;
  reg             flip_q;
  reg             second_q;
  reg [31:0]      place_q;
  reg [31:0]      place2_q;
  reg [31:0]      flips_q;
  reg [31:0]      phits_q;

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

  wire inject = inject_enable && s_frame != 8'd0 && phits_q == inject_phit;
  wire disturbed = flip_q || inject;

  reg [PHIT+7:0] mask;
  always @* begin
    mask = {(PHIT+8){1'b0}};
    if (disturbed) begin
      if (flip_q) mask = ONE << place_q;
      if (second_q) mask = mask ^ (ONE << place2_q);
      if (inject) mask = mask ^ (ONE << inject_bit);
    end
  end

  wire [7:0]      in_frame = disturbed ? s_frame ^ mask[PHIT+7:PHIT] : s_frame;
  wire [PHIT-1:0] in_data = disturbed ? s_data ^ mask[PHIT-1:0] : s_data;

  // ---- delay
  wire [INDEX-1:0] read = write_q - latency[INDEX-1:0] + 1'b1;
  wire             old = age_q >= {16'd0, latency};

  always @(posedge clk) begin
    if (rst) begin
      write_q <= {INDEX{1'b0}};
      frame_q <= 8'd0;
      age_q <= 32'd0;
      phits_q <= 32'd0;
      flips_q <= 32'd0;
    end else begin
      if (disturbed) begin
        flips_q <= flips_q + {31'd0, flip_q} + {31'd0, second_q} + {31'd0, inject};
      end
      if (s_frame != 8'd0) phits_q <= phits_q + 32'd1;
      if (latency != 16'd0) begin
        if (age_q != 32'hFFFFFFFF) age_q <= age_q + 32'd1;
        write_q <= write_q + 1'b1;
        frame_mem[write_q] <= in_frame;
        if (in_frame != 8'd0) data_mem[write_q] <= in_data;
        if (latency == 16'd1) begin
          frame_q <= in_frame;
          if (in_frame != 8'd0) data_q <= in_data;
        end else if (old) begin
          frame_q <= frame_mem[read];
          if (frame_mem[read] != 8'd0) data_q <= data_mem[read];
        end
      end
    end
  end

  assign m_frame = cut ? 8'd0 : (latency == 16'd0) ? in_frame : frame_q;
  assign m_data = (latency == 16'd0) ? in_data : data_q;
  assign count_flips = flips_q;
  assign count_phits = phits_q;
endmodule

`default_nettype wire
