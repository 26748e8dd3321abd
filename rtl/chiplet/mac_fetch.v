// SPDX-License-Identifier: Apache-2.0
//
// mac_fetch: reads the activation beats of a `mac` command ahead of their use.
//
// Contract: beats come out in the order row by row (outer, inner), block by block. A row of at most
//   BUFFER beats is read once and can be gone through again (`rewind`) for each column tile; a
//   longer one is read again for each tile. Rows are read ahead, the next command's included, as
//   far as the buffer has room.
// Handshake: `start` (a pulse, only while idle) takes the fields. m_valid shows a beat; `take`
//   moves on to the next one. `free` with take gives its place back: beats of a pass are either all
//   freed, or none and the last one comes with `rewind`. Responses are never stalled.
// Latency: start at t, request at t+1, beat on m_ at t+3.
// Cost: BUFFER x (8*BLOCK+8) bits.
`default_nettype none

module mac_fetch #(
  parameter BLOCK = 64,
  parameter BUFFER = 64  // beats, a power of two up to 128
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               start,
  output wire               idle,       // all beats of the command were asked for
  input  wire [15:0]        src,
  input  wire [13:0]        src_outer,
  input  wire [7:0]         src_inner,
  input  wire [11:0]        outer,
  input  wire [7:0]         inner,
  input  wire [15:0]        blocks,     // beats of a row
  input  wire [15:0]        passes,     // times that a row is read

  output wire               req_valid,
  input  wire               req_ready,
  output wire [15:0]        req_addr,
  input  wire               rsp_valid,
  input  wire [8*BLOCK-1:0] rsp_data,
  input  wire [7:0]         rsp_exp,

  output wire               m_valid,
  output wire [8*BLOCK-1:0] m_data,
  output wire [7:0]         m_exp,
  input  wire               take,
  input  wire               free,
  input  wire               rewind
);
  localparam BITS = $clog2(BUFFER);
  generate
    if (BUFFER < 2 || BUFFER > 128 || (1 << BITS) != BUFFER) begin : g_buffer
      mac_fetch_BUFFER_must_be_a_power_of_two_up_to_128 rule ();
    end
  endgenerate

  // Addresses
  reg        busy_q;
  reg [15:0] addr_q;
  reg [15:0] row_q;     // first beat of the row
  reg [15:0] step_q;    // first beat of the outer step
  reg [15:0] block_q;   // blocks, passes, inner and outer steps left
  reg [15:0] pass_q;
  reg [7:0]  inner_q;
  reg [11:0] outer_q;
  reg [15:0] blocks_q;  // the command
  reg [15:0] passes_q;
  reg [7:0]  inners_q;
  reg [13:0] src_outer_q;
  reg [7:0]  src_inner_q;

  // Buffer pointers with a wrap bit: asked >= landed >= read >= freed, asked - freed <= BUFFER.
  reg [BITS:0] asked_q;
  reg [BITS:0] landed_q;
  reg [BITS:0] read_q;
  reg [BITS:0] freed_q;
  reg [8*BLOCK+7:0] mem [0:BUFFER-1];

  wire full = asked_q == {~freed_q[BITS], freed_q[BITS-1:0]};
  assign idle = !busy_q;
  assign req_valid = busy_q && !full;
  assign req_addr = addr_q;
  assign m_valid = landed_q != read_q;
  assign {m_exp, m_data} = mem[read_q[BITS-1:0]];

  wire ask = req_valid && req_ready;
  wire [15:0] next_row = row_q + {8'd0, src_inner_q};
  wire [15:0] next_step = step_q + {2'd0, src_outer_q};
  localparam [BITS:0] ONE = 1;
  always @(posedge clk) begin
    if (rsp_valid) mem[landed_q[BITS-1:0]] <= {rsp_exp, rsp_data};
    if (start) begin
      addr_q <= src;
      row_q <= src;
      step_q <= src;
      block_q <= blocks;
      pass_q <= passes;
      inner_q <= inner;
      outer_q <= outer;
      blocks_q <= blocks;
      passes_q <= passes;
      inners_q <= inner;
      src_outer_q <= src_outer;
      src_inner_q <= src_inner;
    end else if (ask) begin
      if (block_q != 16'd1) begin
        block_q <= block_q - 16'd1;
        addr_q <= addr_q + 16'd1;
      end else begin
        block_q <= blocks_q;
        if (pass_q != 16'd1) begin
          pass_q <= pass_q - 16'd1;
          addr_q <= row_q;
        end else begin
          pass_q <= passes_q;
          if (inner_q != 8'd1) begin
            inner_q <= inner_q - 8'd1;
            addr_q <= next_row;
            row_q <= next_row;
          end else begin
            inner_q <= inners_q;
            outer_q <= outer_q - 12'd1;
            addr_q <= next_step;
            row_q <= next_step;
            step_q <= next_step;
          end
        end
      end
    end
    if (rst) begin
      busy_q <= 1'b0;
      asked_q <= {(BITS+1){1'b0}};
      landed_q <= {(BITS+1){1'b0}};
      read_q <= {(BITS+1){1'b0}};
      freed_q <= {(BITS+1){1'b0}};
    end else begin
      if (start) busy_q <= 1'b1;
      else if (ask && block_q == 16'd1 && pass_q == 16'd1 && inner_q == 8'd1 && outer_q == 12'd1)
        busy_q <= 1'b0;
      if (ask) asked_q <= asked_q + ONE;
      if (rsp_valid) landed_q <= landed_q + ONE;
      if (take) read_q <= rewind ? freed_q : read_q + ONE;
      if (take && free) freed_q <= freed_q + ONE;
    end
  end
endmodule

`default_nettype wire
