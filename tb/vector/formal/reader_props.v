// SPDX-License-Identifier: Apache-2.0
//
// reader_props: vector_reader never has more beats under way than it has room for, asks for as many
// as the stream has, holds a request until it is accepted, and gives each answer on, in order, for
// any stash that answers what was asked. (Addresses: walker_props; the FIFO: tb/common/formal.)
`default_nettype none

module reader_props #(
  parameter DEPTH = 4
) (
  input wire       clk,
  input wire       rst,
  input wire       start,
  input wire       req_ready,
  input wire       rsp_valid,
  input wire [7:0] rsp_data,
  input wire       out_next
);
  // settings of the command
  (* anyconst *) wire [11:0] outer_steps;
  (* anyconst *) wire [11:0] inner_steps;
  (* anyconst *) wire [16:0] beats;
  (* anyconst *) wire [16:0] last_beats;

  wire req_valid, out_valid;
  wire [15:0] req_addr;
  wire [7:0] out_data;
  vector_reader #(.BLOCK(1), .DEPTH(DEPTH)) dut (
    .clk(clk), .rst(rst), .start(start), .base(16'd0), .outer_steps(outer_steps),
    .inner_steps(inner_steps), .beats(beats), .last_beats(last_beats), .outer_stride(12'd4),
    .inner_stride(12'd1), .req_valid(req_valid), .req_ready(req_ready), .req_addr(req_addr),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .out_valid(out_valid), .out_next(out_next),
    .out_data(out_data)
  );

  (* hierconn *) wire \dut.active ;
  reg started = 1'b0;
  reg [7:0] asked;   // requests without an answer
  always @(posedge clk) begin
    started <= 1'b1;
    if (rst) asked <= 8'd0;
    else asked <= asked + (req_valid && req_ready) - rsp_valid;
  end
  always @* begin
    assume (rst || started);
    assume (beats != 17'd0 && last_beats != 17'd0);
    assume (!out_next || out_valid);
    assume (!rsp_valid || asked != 8'd0);
    assume (!start || !\dut.active );
  end

  // Rule: an answer always finds room.
  (* hierconn *) wire \dut.unused_ready ;
  always @* if (started) assert (!rsp_valid || \dut.unused_ready );

  // Rule: places are free, asked for, or hold a beat; none is lost, so that it never stops asking
  // while beats are left and taken.
  (* hierconn *) wire [$clog2(DEPTH + 1)-1:0] \dut.room_q ;
  (* hierconn *) wire [$clog2(DEPTH + 1)-1:0] \dut.data.count_q ;
  always @* if (started) begin
    assert ({8'd0, \dut.room_q } + asked + \dut.data.count_q == DEPTH);
    assert (out_valid == (\dut.data.count_q != 0));
    assert (req_valid == (\dut.active && \dut.room_q != 0));
  end

  // Rule: a request stands until it is accepted, with its address.
  reg waited = 1'b0;
  reg [15:0] addr;
  always @(posedge clk) begin
    waited <= req_valid && !req_ready && !rst && !start;
    addr <= req_addr;
  end
  always @* if (started && waited) assert (req_valid && req_addr == addr);
endmodule

`default_nettype wire
