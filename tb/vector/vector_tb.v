// SPDX-License-Identifier: Apache-2.0
//
// vector_tb: the vector engine with a stash whose ports stall at random, and protocol checkers.
// Everything that tests touch is a port. `fault` damages what the monitors see of the results, to
// prove that the scoreboards notice: 1 a bit of a beat, 2 an address, 3 a lost beat, 4 a scalar,
// 5 the signature, 6 an operand bit on its way in.
`default_nettype none

module vector_tb #(
  parameter BLOCK = 16,
  parameter STASH_BEATS = 1024,
  parameter FN_CYCLES = 4
) (
  input  wire               clk,
  input  wire               rst,
  input  wire [95:0]        seeds,  // of the stalls of a, b, d, 32 bits each, none 0
  input  wire [2:0]         fault,
  input  wire [7:0]         stall_a,
  input  wire [7:0]         stall_b,
  input  wire [7:0]         stall_d,

  // backdoor to the stash
  input  wire               host_we,
  input  wire [15:0]        host_addr,
  input  wire [8*BLOCK-1:0] host_data,

  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd_data,

  output wire               done_valid,
  output wire               done_ready,
  output wire [31:0]        done_signature,
  output wire [3:0]         done_status,
  output reg  [31:0]        done_cycles,  // of the last command, from acceptance to done

  output wire               a_taken,  // a request of A, of B was accepted
  output wire               b_taken,

  output wire               d_req_valid,
  output wire               d_req_ready,
  output wire [15:0]        d_req_addr,
  output wire [8*BLOCK-1:0] d_req_data,
  output wire [15:0]        d_req_exps,

  output wire               scalar_valid,
  output wire               scalar_ready,
  output wire [9:0]         scalar_addr,
  output wire [31:0]        scalar_value,

  output wire               sticky_nonfinite,
  output wire [31:0]        count_busy,
  output wire [31:0]        count_stall_a,
  output wire [31:0]        count_stall_b,
  output wire [31:0]        count_stall_d
);
  localparam [31:0] BEATS_WORD = STASH_BEATS;

  wire a_req_valid, a_req_ready, a_rsp_valid, b_req_valid, b_req_ready, b_rsp_valid;
  wire d_valid, d_ready;
  wire [15:0] a_req_addr, a_rsp_exps, b_req_addr, b_rsp_exps, d_addr;
  wire [8*BLOCK-1:0] a_rsp_data, b_rsp_data, d_data;
  wire [31:0] signature;

  vector_engine #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .FN_CYCLES(FN_CYCLES)) engine (
    .clk(clk), .rst(rst), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd_data),
    .done_valid(done_valid), .done_signature(signature), .done_status(done_status),
    .a_req_valid(a_req_valid), .a_req_ready(a_req_ready), .a_req_addr(a_req_addr),
    .a_rsp_valid(a_rsp_valid), .a_rsp_data(a_rsp_data ^ {{8*BLOCK-1{1'b0}}, fault == 3'd6}),
    .a_rsp_exps(a_rsp_exps),
    .b_req_valid(b_req_valid), .b_req_ready(b_req_ready), .b_req_addr(b_req_addr),
    .b_rsp_valid(b_rsp_valid), .b_rsp_data(b_rsp_data), .b_rsp_exps(b_rsp_exps),
    .d_req_valid(d_valid), .d_req_ready(d_ready), .d_req_addr(d_addr),
    .d_req_data(d_data), .d_req_exps(d_req_exps),
    .sticky_nonfinite(sticky_nonfinite), .count_busy(count_busy),
    .count_stall_a(count_stall_a), .count_stall_b(count_stall_b), .count_stall_d(count_stall_d)
  );

  // Stash
  reg [8*BLOCK-1:0] mem [0:STASH_BEATS-1];
  reg armed;  // after the first reset
  initial armed = 1'b0;
  always @(posedge clk) begin
    if (rst) armed <= 1'b1;
    if (host_we) mem[host_addr[$clog2(STASH_BEATS)-1:0]] <= host_data;
    if (d_valid && d_ready) mem[d_addr[$clog2(STASH_BEATS)-1:0]] <= d_data;
    if (armed && !rst && ((d_valid && {16'd0, d_addr} >= BEATS_WORD) ||
        (a_req_valid && {16'd0, a_req_addr} >= BEATS_WORD) ||
        (b_req_valid && {16'd0, b_req_addr} >= BEATS_WORD))) begin
      $display("%0t vector_tb: request beyond the stash", $time);
      $fatal;
    end
  end

  stash_port #(.BLOCK(BLOCK)) port_a (
    .clk(clk), .rst(rst), .seed(seeds[31:0]), .stall(stall_a),
    .req_valid(a_req_valid), .req_ready(a_req_ready),
    .read_data(mem[a_req_addr[$clog2(STASH_BEATS)-1:0]]),
    .rsp_valid(a_rsp_valid), .rsp_data(a_rsp_data), .rsp_exps(a_rsp_exps)
  );
  stash_port #(.BLOCK(BLOCK)) port_b (
    .clk(clk), .rst(rst), .seed(seeds[63:32]), .stall(stall_b),
    .req_valid(b_req_valid), .req_ready(b_req_ready),
    .read_data(mem[b_req_addr[$clog2(STASH_BEATS)-1:0]]),
    .rsp_valid(b_rsp_valid), .rsp_data(b_rsp_data), .rsp_exps(b_rsp_exps)
  );
  reg [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? seeds[95:64] : r2 ^ (r2 << 5);
  assign d_ready = random_q[7:0] >= stall_d;

  assign a_taken = a_req_valid && a_req_ready;
  assign b_taken = b_req_valid && b_req_ready;

  // What the monitors see
  reg [1:0] lost_q;
  always @(posedge clk) begin
    if (rst) lost_q <= 2'd0;
    else if (d_valid && d_ready) lost_q <= lost_q + 2'd1;
  end
  assign d_req_valid = d_valid && !(fault == 3'd3 && lost_q == 2'd3);
  assign d_req_ready = d_ready;
  assign d_req_addr = d_addr ^ {15'd0, fault == 3'd2};
  assign d_req_data = d_data ^ {{4*BLOCK-1{1'b0}}, fault == 3'd1, {4*BLOCK{1'b0}}};
  assign scalar_valid = engine.s_we;
  assign scalar_ready = 1'b1;
  assign scalar_addr = engine.s_waddr;
  assign scalar_value = engine.s_wdata ^ {31'd0, fault == 3'd4};
  assign done_ready = 1'b1;
  assign done_signature = signature ^ {31'd0, fault == 3'd5};

  reg [31:0] cycle_q;  // since the command was taken
  always @(posedge clk) begin
    cycle_q <= (cmd_valid && cmd_ready) ? 32'd1 : cycle_q + 32'd1;
    if (done_valid) done_cycles <= cycle_q;
  end

  stream_checker #(.NAME("a_req"), .WIDTH(16)) check_a (
    .clk(clk), .rst(rst), .valid(a_req_valid), .ready(a_req_ready), .payload(a_req_addr)
  );
  stream_checker #(.NAME("b_req"), .WIDTH(16)) check_b (
    .clk(clk), .rst(rst), .valid(b_req_valid), .ready(b_req_ready), .payload(b_req_addr)
  );
  stream_checker #(.NAME("d_req"), .WIDTH(8*BLOCK + 32)) check_d (
    .clk(clk), .rst(rst), .valid(d_valid), .ready(d_ready),
    .payload({d_addr, d_req_exps, d_data})
  );
endmodule

`default_nettype wire
