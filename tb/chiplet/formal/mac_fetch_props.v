// SPDX-License-Identifier: Apache-2.0
//
// mac_fetch_props: the addresses that mac_fetch asks for, and the beats that it shows, for commands
//   of any counts, one after the other, a stash that answers in order at any time, and a user who
//   frees beats or goes back as the contract says. One answer is picked freely and followed; since
//   it could be any, all are shown in their place.
`default_nettype none

module mac_fetch_props (
  input wire        clk,
  input wire        rst,
  input wire        start,
  input wire [15:0] src,
  input wire [13:0] src_outer,
  input wire [7:0]  src_inner,
  input wire [11:0] outer,
  input wire [7:0]  inner,
  input wire [15:0] blocks,
  input wire [15:0] passes,
  input wire        req_ready,
  input wire        rsp_valid,
  input wire [7:0]  rsp_byte,
  input wire        wants,
  input wire        frees,
  input wire        back,
  input wire        pick
);
  localparam BUFFER = 4;
  wire idle, req_valid, m_valid;
  wire [15:0] req_addr;
  wire [7:0] m_exp;
  wire [31:0] m_data;

  // ---- the user: takes what is shown; frees only what nothing unfreed stands before; goes back
  // only over beats that it did not free
  reg [2:0] shown;      // beats taken since the last that was freed
  wire take = wants && m_valid;
  wire free = frees && shown == 3'd0;
  wire rewind = back && !free;

  mac_fetch #(.BLOCK(4), .BUFFER(BUFFER)) dut (
    .clk(clk), .rst(rst), .start(start), .idle(idle), .src(src), .src_outer(src_outer),
    .src_inner(src_inner), .outer(outer), .inner(inner), .blocks(blocks), .passes(passes),
    .req_valid(req_valid), .req_ready(req_ready), .req_addr(req_addr), .rsp_valid(rsp_valid),
    .rsp_data({24'd0, rsp_byte}), .rsp_exp(rsp_byte), .m_valid(m_valid), .m_data(m_data),
    .m_exp(m_exp), .take(take), .free(free), .rewind(rewind));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);
  always @* begin
    if (!idle) assume (!start);
    assume (outer != 0 && inner != 0 && blocks != 0 && passes != 0);  // the sequencer refuses 0
  end

  // ---- the nest of loops of the command
  reg        running;          // requests remain
  reg [15:0] n_block, n_pass;  // of the next request
  reg [7:0]  n_inner;
  reg [11:0] n_outer;
  reg [15:0] outers, inners;   // n_outer * src_outer and n_inner * src_inner, by adding up
  reg [15:0] the_src, the_blocks, the_passes;
  reg [13:0] the_src_outer;
  reg [7:0]  the_src_inner, the_inner;
  reg [11:0] the_outer;
  wire ask = req_valid && req_ready;
  wire end_block = n_block + 16'd1 == the_blocks;
  wire end_pass = end_block && n_pass + 16'd1 == the_passes;
  wire end_inner = end_pass && n_inner + 8'd1 == the_inner;
  wire end_outer = end_inner && n_outer + 12'd1 == the_outer;
  always @(posedge clk) begin
    if (rst) running <= 1'b0;
    else if (start) running <= 1'b1;
    else if (ask && end_outer) running <= 1'b0;
    if (start) begin
      {the_src, the_blocks, the_passes} <= {src, blocks, passes};
      {the_src_outer, the_src_inner, the_outer, the_inner} <= {src_outer, src_inner, outer, inner};
      {n_block, n_pass, n_inner, n_outer, outers, inners} <= 84'd0;
    end else if (ask) begin
      n_block <= end_block ? 16'd0 : n_block + 16'd1;
      if (end_block) n_pass <= end_pass ? 16'd0 : n_pass + 16'd1;
      if (end_pass) begin
        n_inner <= end_inner ? 8'd0 : n_inner + 8'd1;
        inners <= end_inner ? 16'd0 : inners + {8'd0, the_src_inner};
      end
      if (end_inner) begin
        n_outer <= n_outer + 12'd1;
        outers <= outers + {2'd0, the_src_outer};
      end
    end
  end

  // ---- beats asked for and not answered, answered and not freed; one of them is followed
  reg [2:0] under_way, held;
  reg       following;
  reg [2:0] place;             // beats before it that are not freed
  reg [7:0] kept;
  always @* if (under_way == 3'd0) assume (!rsp_valid);
  wire gone = take && free;
  always @(posedge clk) begin
    if (rst) begin
      {under_way, held, shown} <= 9'd0;
      following <= 1'b0;
    end else begin
      under_way <= under_way + {2'd0, ask} - {2'd0, rsp_valid};
      held <= held + {2'd0, rsp_valid} - {2'd0, gone};
      if (take && !free) shown <= rewind ? 3'd0 : shown + 3'd1;
      if (following && gone) begin
        following <= place != 3'd0;
        place <= place - 3'd1;
      end
      if (rsp_valid && pick && !following) begin
        following <= 1'b1;
        place <= held - {2'd0, gone};
        kept <= rsp_byte;
      end
    end
  end

  always @* if (started) begin
    // It asks row by row (outer, inner), each pass block by block, while the command has beats and
    // the buffer, with those under way, has room; then it is idle.
    assert (req_valid == (running && under_way + held < BUFFER));
    if (req_valid) assert (req_addr == the_src + outers + inners + n_block);
    assert (idle == !running);
    // There is a place for every answer.
    assert (under_way + held <= BUFFER);
    // A beat is shown as soon as it is there, the answer to its own request, however often the user
    // goes back.
    assert (m_valid == (shown < held));
    if (m_valid && following && shown == place)
      assert (m_exp == kept && m_data == {24'd0, kept});
  end

  // ---- what the induction needs: registers of the design against what was counted here
  (* hierconn *) wire [15:0] \dut.addr_q ;
  (* hierconn *) wire [15:0] \dut.row_q ;
  (* hierconn *) wire [15:0] \dut.step_q ;
  (* hierconn *) wire [15:0] \dut.block_q ;
  (* hierconn *) wire [15:0] \dut.pass_q ;
  (* hierconn *) wire [7:0]  \dut.inner_q ;
  (* hierconn *) wire [11:0] \dut.outer_q ;
  (* hierconn *) wire [15:0] \dut.blocks_q ;
  (* hierconn *) wire [15:0] \dut.passes_q ;
  (* hierconn *) wire [7:0]  \dut.inners_q ;
  (* hierconn *) wire [13:0] \dut.src_outer_q ;
  (* hierconn *) wire [7:0]  \dut.src_inner_q ;
  (* hierconn *) wire [2:0]  \dut.asked_q ;
  (* hierconn *) wire [2:0]  \dut.landed_q ;
  (* hierconn *) wire [2:0]  \dut.read_q ;
  (* hierconn *) wire [2:0]  \dut.freed_q ;
  (* hierconn *) wire [39:0] \dut.mem[0] ;
  (* hierconn *) wire [39:0] \dut.mem[1] ;
  (* hierconn *) wire [39:0] \dut.mem[2] ;
  (* hierconn *) wire [39:0] \dut.mem[3] ;
  wire [1:0] slot = \dut.freed_q [1:0] + place[1:0];
  wire [39:0] stored = slot[1] ? (slot[0] ? \dut.mem[3] : \dut.mem[2] )
                               : (slot[0] ? \dut.mem[1] : \dut.mem[0] );
  wire [2:0] d_under_way = \dut.asked_q - \dut.landed_q ;
  wire [2:0] d_held = \dut.landed_q - \dut.freed_q ;
  wire [2:0] d_shown = \dut.read_q - \dut.freed_q ;
  always @* if (started) begin
    assert (d_under_way == under_way && d_held == held && d_shown == shown && shown <= held);
    if (following) assert (place < held && stored == {kept, 24'd0, kept});
    if (running) begin
      assert (n_block < the_blocks && n_pass < the_passes && n_inner < the_inner);
      assert (n_outer < the_outer);
      assert (\dut.block_q == the_blocks - n_block && \dut.pass_q == the_passes - n_pass);
      assert (\dut.inner_q == the_inner - n_inner && \dut.outer_q == the_outer - n_outer);
      assert (\dut.blocks_q == the_blocks && \dut.passes_q == the_passes);
      assert (\dut.inners_q == the_inner && \dut.src_outer_q == the_src_outer);
      assert (\dut.src_inner_q == the_src_inner);
      assert (\dut.addr_q == the_src + outers + inners + n_block);
      assert (\dut.row_q == the_src + outers + inners && \dut.step_q == the_src + outers);
    end
  end
endmodule

`default_nettype wire
