// SPDX-License-Identifier: Apache-2.0
// Instruction fetch: turns a stream of aligned words into a stream of 16- and 32-bit instructions.
//
// Contract
// - At most DEPTH words are requested or buffered, so every response has a place: the memory needs
//   no way to hold one back.
// - `x_valid`: the instruction at `x_pc` is complete, or fetching it failed (`x_err`).
//   `x_pc` is the address of the next instruction to execute even while `x_valid` is 0.
// - `x_take` consumes the instruction; the next is at `x_next_pc` unless `redirect` moves it.
// - `redirect` (with x_take) asks for `redirect_pc` in the same cycle if the port is free; `flush`
//   asks for `flush_pc` from the next cycle on. flush wins. Both drop all that was fetched.
//
// Addresses of instructions are even: bit 0 is left out.
//
// Handshake law of the instruction port: `i_req_valid` and `i_req_addr` hold until `i_req_ready`,
// also across a redirect: the answer to a request that is no longer wanted is counted and dropped.
// Responses come in order, one per request, at least one cycle after the request.
//
// Latency: with one-cycle memory an instruction is at x_* two cycles after its redirect; then one
// instruction per cycle. A 32-bit instruction that straddles words costs one more after a redirect.
//
// Parameters: RESET_PC. DEPTH costs 33 flops per word; 4 is the least that sustains one straddling
// instruction per cycle from one-cycle memory.
`default_nettype none

module core_fetch #(
    parameter [31:0] RESET_PC = 32'h0000_0000,
    parameter integer DEPTH = 4
) (
    input  wire        clk,
    input  wire        rst,

    output wire        i_req_valid,
    input  wire        i_req_ready,
    output wire [31:0] i_req_addr,
    input  wire        i_rsp_valid,
    input  wire [31:0] i_rsp_data,
    input  wire        i_rsp_err,

    output wire        x_valid,
    output wire [31:0] x_bits,        // a 16-bit instruction stands in the low half
    output wire        x_compressed,
    output wire        x_err,
    output wire        x_err_high,    // the failed word is the one that holds the upper half
    output wire [31:1] x_pc,
    output wire [31:1] x_next_pc,
    input  wire        x_take,

    input  wire        redirect,
    input  wire [31:1] redirect_pc,
    input  wire        flush,
    input  wire [31:1] flush_pc
);

  generate
    if (DEPTH < 2 || DEPTH > 7) begin : g_depth
      core_fetch_DEPTH_must_be_2_to_7 rule ();
    end
  endgenerate

  localparam [2:0] FULL = DEPTH[2:0];

  reg [31:1] pc_q;
  reg [31:2] req_addr_q;   // next sequential request, or the one that is waiting for ready
  reg        stalled_q;    // a request is waiting for ready
  reg        refetch_q;    // the stream has to restart at pc_q
  reg [2:0]  count_q;      // words in the buffer
  reg [2:0]  inflight_q;   // requests without response
  reg [2:0]  drop_q;       // of these, the oldest ones that nobody wants any more

  reg [32:0] word_q [0:DEPTH-1];   // {failed, word}, oldest first

  // The instruction at the head of the buffer
  wire [32:0] head      = word_q[0];
  wire [15:0] low_half  = pc_q[1] ? head[31:16] : head[15:0];
  wire [15:0] high_half = pc_q[1] ? word_q[1][15:0] : head[31:16];
  wire        any       = count_q != 3'd0;
  wire        straddles = pc_q[1] && !x_compressed;

  assign x_compressed = low_half[1:0] != 2'b11;
  assign x_bits       = {x_compressed ? 16'd0 : high_half, low_half};
  assign x_valid      = any && (head[32] || !straddles || count_q != 3'd1);
  assign x_err_high   = !head[32];
  assign x_err        = head[32] || (straddles && word_q[1][32]);
  assign x_pc         = pc_q;
  assign x_next_pc    = pc_q + (x_compressed ? 31'd1 : 31'd2);

  wire pop = x_take && (pc_q[1] || !x_compressed);

  // Requests
  wire slot   = inflight_q != FULL;
  wire space  = {1'b0, count_q} + {1'b0, inflight_q} < {1'b0, FULL};
  wire direct = redirect && !stalled_q && slot;

  assign i_req_valid = stalled_q || (redirect || refetch_q ? slot : space);
  assign i_req_addr  = {direct ? redirect_pc[31:2]
                        : refetch_q && !stalled_q ? pc_q[31:2] : req_addr_q, 2'b00};

  wire fire       = i_req_valid && i_req_ready;
  wire fire_stale = fire && (flush || (stalled_q && (refetch_q || redirect)));
  wire kill       = redirect || flush;
  wire push       = i_rsp_valid && drop_q == 3'd0 && !kill;
  wire [2:0] left = inflight_q - {2'b00, i_rsp_valid};

  always @(posedge clk) begin
    if (rst) begin
      pc_q       <= RESET_PC[31:1];
      stalled_q  <= 1'b0;
      refetch_q  <= 1'b1;
      count_q    <= 3'd0;
      inflight_q <= 3'd0;
      drop_q     <= 3'd0;
    end else begin
      if (flush) pc_q <= flush_pc;
      else if (redirect) pc_q <= redirect_pc;
      else if (x_take) pc_q <= x_next_pc;

      stalled_q <= i_req_valid && !i_req_ready;

      if (flush) refetch_q <= 1'b1;
      else if (redirect) refetch_q <= !direct;
      else if (i_req_valid && !stalled_q) refetch_q <= 1'b0;

      inflight_q <= left + {2'b00, fire};

      if (kill) drop_q <= left + {2'b00, fire_stale};
      else drop_q <= drop_q - {2'b00, i_rsp_valid && drop_q != 3'd0} + {2'b00, fire_stale};

      if (kill) count_q <= 3'd0;
      else count_q <= count_q + {2'b00, push} - {2'b00, pop};
    end
  end

  // A request that fires moves on to the next word; one that waits is kept.
  always @(posedge clk)
    if (i_req_valid) req_addr_q <= i_req_addr[31:2] + {29'd0, i_req_ready};

  wire [2:0] tail = count_q - {2'b00, pop};

  integer i;
  always @(posedge clk)
    for (i = 0; i < DEPTH; i = i + 1)
      if (push && tail == i[2:0]) word_q[i] <= {i_rsp_err, i_rsp_data};
      else if (pop && i < DEPTH - 1) word_q[i] <= word_q[i+1];

endmodule

`default_nettype wire
