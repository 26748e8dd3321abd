// SPDX-License-Identifier: Apache-2.0
//
// stash_props: what the stash promises, for any requests of any ports. One beat is picked freely
//   and remembered as it is written, one port is watched while it waits.
`default_nettype none

module stash_props #(
  parameter PORTS = 3,
  parameter BANKS = 2
) (
  input wire                clk,
  input wire                rst,
  input wire [PORTS-1:0]    req_valid,
  input wire [PORTS-1:0]    req_we,
  input wire [16*PORTS-1:0] req_addr,
  input wire [32*PORTS-1:0] req_data,
  input wire [16*PORTS-1:0] req_exps,
  input wire [4*PORTS-1:0]  req_strb
);
  localparam BEATS = 4;
  localparam PORT_BITS = $clog2(PORTS);
  wire [PORTS-1:0]    req_ready, rsp_valid;
  wire [32*PORTS-1:0] rsp_data;
  wire [16*PORTS-1:0] rsp_exps;
  stash #(.BLOCK(4), .STASH_BEATS(BEATS), .N_PORTS(PORTS), .BANKS(BANKS)) dut (
    .clk(clk), .rst(rst), .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we),
    .req_addr(req_addr), .req_data(req_data), .req_exps(req_exps), .req_strb(req_strb),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- one beat
  (* anyconst *) wire [1:0] beat;
  (* anyconst *) wire [7:0] me;
  always @* assume (me < PORTS);
  reg [31:0] held;
  reg [15:0] exps;
  reg        known;       // the beat was written whole
  reg        read;        // port me read it in the last cycle
  reg        asked;       // port me read anything
  reg        read_known;
  reg [31:0] want;
  reg [15:0] want_exps;
  integer p, i;
  always @(posedge clk) begin
    read <= !rst && req_valid[me] && req_ready[me] && !req_we[me] && req_addr[16*me +: 2] == beat;
    asked <= !rst && req_valid[me] && req_ready[me] && !req_we[me];
    read_known <= known;
    want <= held;
    want_exps <= exps;
    for (p = 0; p < PORTS; p = p + 1) begin
      if (req_valid[p] && req_ready[p] && req_we[p] && req_addr[16*p +: 2] == beat) begin
        for (i = 0; i < 4; i = i + 1)
          if (req_strb[4*p + i]) held[8*i +: 8] <= req_data[32*p + 8*i +: 8];
        if (&req_strb[4*p +: 4]) begin
          exps <= req_exps[16*p +: 16];
          known <= 1'b1;
        end
      end
    end
    if (!started) known <= 1'b0;
  end

  // ---- one port that waits
  reg        waits;
  reg [15:0] where;
  reg [7:0]  waited;
  always @(posedge clk) begin
    waits <= req_valid[me] && !req_ready[me] && !rst;
    where <= req_addr[16*me +: 16];
    waited <= (rst || !req_valid[me] || req_ready[me]) ? 8'd0 : waited + 8'd1;
  end
  always @* if (waits) assume (req_valid[me] && req_addr[16*me +: 16] == where);

  integer a, b;
  always @* if (started) begin
    for (a = 0; a < PORTS; a = a + 1) begin
      // Only who asks is served, and a bank serves one request per cycle.
      if (!req_valid[a]) assert (!req_ready[a]);
      for (b = a + 1; b < PORTS; b = b + 1)
        if (req_ready[a] && req_ready[b]) assert (req_addr[16*a] != req_addr[16*b]);
    end
    // A bank that is asked serves somebody.
    if (req_valid[me] && !req_ready[me]) begin : served
      reg any;
      any = 1'b0;
      for (a = 0; a < PORTS; a = a + 1)
        if (req_ready[a] && req_addr[16*a] == req_addr[16*me]) any = 1'b1;
      assert (any);
    end
    // Nobody waits for more than one request of each other port.
    assert (waited < PORTS);
    // A read is answered in the next cycle, with what was written last, byte by byte.
    assert (rsp_valid[me] == asked);
    if (read && read_known) begin
      assert (rsp_data[32*me +: 32] == want && rsp_exps[16*me +: 16] == want_exps);
    end
  end

  // ---- induction: how far the round robin has come
  (* hierconn *) wire [BANKS*PORT_BITS-1:0] \dut.last_q ;
  wire [PORT_BITS-1:0] last = \dut.last_q [req_addr[16*me]*PORT_BITS +: PORT_BITS];
  wire [7:0] ahead = (me > last) ? me - last - 1 : me + PORTS - last - 1;
  (* hierconn *) wire [47:0] \dut.g_bank[0].mem[0] ;
  (* hierconn *) wire [47:0] \dut.g_bank[0].mem[1] ;
  (* hierconn *) wire [47:0] \dut.g_bank[1].mem[0] ;
  (* hierconn *) wire [47:0] \dut.g_bank[1].mem[1] ;
  (* hierconn *) wire [47:0] \dut.g_bank[0].out_q ;
  (* hierconn *) wire [47:0] \dut.g_bank[1].out_q ;
  (* hierconn *) wire [PORTS-1:0] \dut.rsp_bank_q ;
  wire [47:0] cell = beat[0] ? (beat[1] ? \dut.g_bank[1].mem[1] : \dut.g_bank[1].mem[0] )
                             : (beat[1] ? \dut.g_bank[0].mem[1] : \dut.g_bank[0].mem[0] );
  always @* if (started) begin
    for (a = 0; a < BANKS; a = a + 1) assert (\dut.last_q [a*PORT_BITS +: PORT_BITS] < PORTS);
    assert (waits == (waited != 0));
    if (waits) assert (waited + ahead < PORTS);
    if (known) assert (cell == {exps, held});
    if (read) assert (\dut.rsp_bank_q [me] == beat[0]);
    if (read && read_known)
      assert ((beat[0] ? \dut.g_bank[1].out_q : \dut.g_bank[0].out_q ) == {want_exps, want});
  end
endmodule

`default_nettype wire
