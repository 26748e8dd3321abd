// SPDX-License-Identifier: Apache-2.0
//
// dimc_preload: start values of a tile, from one beat per cycle to the GROUPS beats that the adders
//   take at once.
//
// Contract: beats leave in the order in which they came, none lost, none repeated. A transfer out
//   takes GROUPS beats with m_full, else one; the earlier beat is in the lower bits of m_data, what
//   lies above the taken beats is undefined.
// Handshake: s_ready and m_valid depend on registers and m_full only, so a beat can leave from the
//   cycle after it came.
// Cost: 2 beats of storage for one group, 8 (a whole tile's) for two.
`default_nettype none

module dimc_preload #(
  parameter WIDTH = 512,  // bits per beat
  parameter GROUPS = 1    // 1 or 2
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire                    s_valid,
  output wire                    s_ready,
  input  wire [WIDTH-1:0]        s_data,

  output wire                    m_valid,
  input  wire                    m_ready,
  input  wire                    m_full,
  output wire [GROUPS*WIDTH-1:0] m_data
);
  generate
    if (GROUPS != 1 && GROUPS != 2) begin : g_groups
      dimc_preload_GROUPS_must_be_1_or_2 rule ();
    end
    if (WIDTH < 1) begin : g_width
      dimc_preload_WIDTH_must_be_at_least_1 rule ();
    end
  endgenerate

  localparam INDEX = (GROUPS == 1) ? 1 : 3;  // pointers wrap by themselves
  localparam [INDEX:0] ONE = 1;
  localparam [INDEX:0] ALL = GROUPS[INDEX:0];

  reg [WIDTH-1:0] mem [0:(1<<INDEX)-1];
  reg [INDEX:0] write_q, read_q;             // one bit more than an index: their distance counts

  wire [INDEX:0] count = write_q - read_q;
  wire [INDEX:0] wanted = m_full ? ALL : ONE;

  assign s_ready = !count[INDEX];
  assign m_valid = count >= wanted;

  genvar g;
  generate
    for (g = 0; g < GROUPS; g = g + 1) begin : g_beat
      localparam [INDEX:0] AHEAD = g;
      wire [INDEX:0] place = read_q + AHEAD;
      wire unused = &{1'b0, place[INDEX]};
      assign m_data[WIDTH*g +: WIDTH] = mem[place[INDEX-1:0]];
    end
  endgenerate

  always @(posedge clk) begin
    if (s_valid && s_ready) mem[write_q[INDEX-1:0]] <= s_data;
  end

  always @(posedge clk) begin
    if (rst) begin
      write_q <= 0;
      read_q <= 0;
    end else begin
      if (s_valid && s_ready) write_q <= write_q + ONE;
      if (m_valid && m_ready) read_q <= read_q + wanted;
    end
  end
endmodule

`default_nettype wire
