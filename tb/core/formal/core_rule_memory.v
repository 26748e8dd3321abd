// SPDX-License-Identifier: Apache-2.0
// Rules for the two memory ports, alone and against the trace records.
`default_nettype none

module core_rule_memory (
    input wire        clk,
    input wire        rst,
    input wire        i_req_valid, i_req_ready,
    input wire [31:0] i_req_addr,
    input wire        i_rsp_valid,
    input wire [31:0] i_rsp_data,
    input wire        i_rsp_err,
    input wire        d_req_valid, d_req_ready, d_req_we,
    input wire [31:0] d_req_addr, d_req_wdata,
    input wire [3:0]  d_req_strb,
    input wire        d_rsp_valid,
    input wire [31:0] d_rsp_data,
    input wire        d_rsp_err,

    input wire        valid,
    input wire [31:0] insn, pc,
    input wire        trap, mem_fault,
    input wire [31:0] mem_addr, mem_rdata, mem_wdata,
    input wire [3:0]  mem_rmask, mem_wmask, fault_rmask, fault_wmask
);
  // ---- any one word of the instruction memory; the others hold anything
  (* anyconst *) wire [31:2] place;
  (* anyconst *) wire [31:0] content;
  (* anyconst *) wire        broken;

  reg [3:0] wanted = 4'd0;    // which open requests are for it, oldest lowest
  reg [2:0] open = 3'd0;
  wire fire = i_req_valid && i_req_ready;
  wire [2:0] behind = open - {2'd0, i_rsp_valid};
  wire [3:0] left = i_rsp_valid ? wanted >> 1 : wanted;

  always @(posedge clk) begin
    open   <= behind + {2'd0, fire};
    wanted <= fire && i_req_addr[31:2] == place ? left | (4'd1 << behind[1:0]) : left;
  end
  always @* if (i_rsp_valid && wanted[0]) assume (i_rsp_data == content && i_rsp_err == broken);

  // ---- the request that waits, and the access whose answer is awaited
  reg        i_held = 1'b0, d_held = 1'b0, d_open = 1'b0;
  reg [31:0] i_address, d_address, d_data;
  reg [3:0]  d_lanes;
  reg        d_write;

  wire d_fire = d_req_valid && d_req_ready;

  always @(posedge clk) begin
    i_held    <= i_req_valid && !i_req_ready && !rst;
    d_held    <= d_req_valid && !d_req_ready && !rst;
    i_address <= i_req_addr;
    if (!d_open || d_rsp_valid) {d_write, d_lanes, d_address, d_data} <=
        {d_req_we, d_req_strb, d_req_addr, d_req_wdata};
    d_open    <= d_fire || (d_open && !d_rsp_valid);
  end

  wire        accessed = (mem_rmask | mem_wmask | fault_rmask | fault_wmask) != 4'd0;
  wire [31:2] word = pc[31:2];
  wire [31:2] next_word = pc[31:2] + 30'd1;
  wire        fetch_fault = mem_fault && !accessed;
  wire        long = insn[1:0] == 2'b11;

  always @(posedge clk) if (!rst) begin
    // fetch: a request holds until it is accepted; words only; at most four are open
    if (i_held) assert (i_req_valid && i_req_addr == i_address);
    if (i_req_valid) assert (i_req_addr[1:0] == 2'd0);
    assert (open <= 3'd4);
    // data: the same; one request is open at most
    if (d_held) assert (d_req_valid && {d_req_we, d_req_strb, d_req_addr, d_req_wdata}
                        == {d_write, d_lanes, d_address, d_data});
    if (d_fire) assert (!d_open || d_rsp_valid);
    // each access that was accepted belongs to the record of the cycle in which it is answered
    if (d_rsp_valid) assert (valid && accessed);
    if (valid && accessed) begin
      assert (d_rsp_valid && mem_addr == {d_address[31:2], 2'b00});
      assert ((d_write ? mem_wmask | fault_wmask : mem_rmask | fault_rmask) == d_lanes);
      assert ((d_write ? mem_rmask | fault_rmask : mem_wmask | fault_wmask) == 4'd0);
      // a fault is one if the memory said so
      assert (mem_fault == d_rsp_err && trap == d_rsp_err);
      if (mem_rmask != 4'd0) assert (mem_rdata == d_rsp_data);
      if (mem_wmask != 4'd0) assert (mem_wdata == d_data);
    end
  end

  // the instruction that retires is the one in memory, whatever was fetched before it
  always @(posedge clk) if (valid && !fetch_fault) begin
    if (word == place) begin
      assert (!broken);
      if (pc[1]) assert (insn[15:0] == content[31:16]);
      else assert (insn[15:0] == content[15:0] && (!long || insn[31:16] == content[31:16]));
    end
    if (next_word == place && pc[1] && long) begin
      assert (!broken);
      assert (insn[31:16] == content[15:0]);
    end
    if (!long) assert (insn[31:16] == 16'd0);
  end
  // a fetch that fails has a word that failed
  always @(posedge clk) if (valid && fetch_fault) begin
    assert (trap);
    if (word == place && !broken) assert (pc[1] && content[17:16] == 2'b11);
  end

endmodule

`default_nettype wire
