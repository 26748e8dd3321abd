// SPDX-License-Identifier: Apache-2.0
// One memory port with random latency and back-pressure, for the core's testbench.
//
// Contract: the access itself happens in the cycle in which the request is accepted (`access`):
// the surroundings answer `access_rdata` and `access_err` combinationally and write at the clock
// edge. Responses come in order, one cycle after the request or later.
// `stall` is the chance, in 1/256, that a cycle is not ready or does not respond; 0 is a memory
// that always answers in the next cycle. `inject` makes the access fail: its data are then
// inverted, and `rsp_injected` comes with the response. `waiting`: a request is
// refused, or an answer late.
// A request that is X, or that changes or goes away before it is accepted, ends the simulation.
`default_nettype none

module core_mem_port #(
    parameter integer PAYLOAD = 32   // bits of the request that have to be stable
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [7:0]         stall,
    input  wire [15:0]        random,
    input  wire               req_valid,
    output wire               req_ready,
    input  wire [PAYLOAD-1:0] req_payload,
    output wire               access,
    input  wire [31:0]        access_rdata,
    input  wire               access_err,
    input  wire               inject,
    output wire               rsp_valid,
    output wire [31:0]        rsp_data,
    output wire               rsp_err,
    output wire               rsp_injected,
    output wire               waiting
);

  reg [33:0] queue_q [0:7];
  reg [2:0]  head_q, tail_q;
  reg [3:0]  count_q;
  reg               stalled_q;
  reg [PAYLOAD-1:0] payload_q;

  assign req_ready = count_q != 4'd8 && random[7:0] >= stall;
  assign access    = req_valid && req_ready;
  assign rsp_valid = count_q != 4'd0 && random[15:8] >= stall;
  assign {rsp_injected, rsp_err, rsp_data} = rsp_valid ? queue_q[head_q] : {34{1'bx}};
  assign waiting   = (req_valid && !req_ready) || (count_q != 4'd0 && !rsp_valid);

  always @(posedge clk)
    if (rst !== 1'b0) begin
      head_q    <= 3'd0;
      tail_q    <= 3'd0;
      count_q   <= 4'd0;
      stalled_q <= 1'b0;
    end else begin
      if ((req_valid ^ req_valid) !== 1'b0) begin
        $display("%m: valid is X");
        $fatal;
      end
      if (stalled_q && !(req_valid && req_payload === payload_q)) begin
        $display("%m: the request changed before it was accepted");
        $fatal;
      end
      stalled_q <= req_valid && !req_ready;
      payload_q <= req_payload;
      head_q    <= head_q + {2'd0, rsp_valid};
      tail_q    <= tail_q + {2'd0, access};
      count_q   <= count_q + {3'd0, access} - {3'd0, rsp_valid};
      if (access) queue_q[tail_q] <= {inject, access_err || inject, access_rdata ^ {32{inject}}};
    end

endmodule

`default_nettype wire
