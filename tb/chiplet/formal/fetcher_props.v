// SPDX-License-Identifier: Apache-2.0
//
// fetcher_props: what list_fetcher promises, for any lists, limits, memory errors, stalls of memory
//   and reader, and a start or cancel at any time. Beats are any values; one of the list is picked
//   freely and followed: it must leave as the command, or the part of commands, that it is.
`default_nettype none

module fetcher_props #(
  parameter BLOCK = 64  // 16: two beats to a command, 64: two commands in a beat
) (
  input wire               clk,
  input wire               rst,
  input wire               start,
  input wire [31:0]        address,
  input wire [31:0]        max_beats,
  input wire               cancel,
  input wire               rd_ready,
  input wire               rsp_valid,
  input wire [8*BLOCK-1:0] rsp_data,
  input wire               rsp_err,
  input wire               m_ready,
  input wire               pick
);
`include "commands.vh"
  localparam BURST = 2;
  localparam HALF = BLOCK == 16;
  localparam TWO = BLOCK == 64;
  wire         busy, rd_valid, rsp_ready, m_valid, error_valid;
  wire [31:0]  rd_addr;
  wire [7:0]   rd_beats;
  wire [255:0] m_cmd;
  wire [3:0]   error_code;
  list_fetcher #(.BLOCK(BLOCK), .PREFETCH(4), .BURST(BURST)) dut (
    .clk(clk), .rst(rst), .start(start), .address(address), .max_beats(max_beats),
    .cancel(cancel), .busy(busy), .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr),
    .rd_beats(rd_beats), .rsp_valid(rsp_valid), .rsp_ready(rsp_ready), .rsp_data(rsp_data),
    .rsp_err(rsp_err), .m_valid(m_valid), .m_ready(m_ready), .m_cmd(m_cmd),
    .error_valid(error_valid), .error_code(error_code));
  (* hierconn *) wire               \dut.active_q ;
  (* hierconn *) wire [31:0]        \dut.addr_q ;
  (* hierconn *) wire [31:0]        \dut.left_q ;
  (* hierconn *) wire [7:0]         \dut.under_way_q ;
  (* hierconn *) wire [7:0]         \dut.reserved_q ;
  (* hierconn *) wire [2:0]         \dut.beats.count_q ;
  (* hierconn *) wire [1:0]         \dut.beats.read_q ;
  (* hierconn *) wire [1:0]         \dut.beats.write_q ;
  (* hierconn *) wire [8*BLOCK:0]   \dut.beats.mem[0] ;
  (* hierconn *) wire [8*BLOCK:0]   \dut.beats.mem[1] ;
  (* hierconn *) wire [8*BLOCK:0]   \dut.beats.mem[2] ;
  (* hierconn *) wire [8*BLOCK:0]   \dut.beats.mem[3] ;
  (* hierconn *) wire [8*BLOCK-1:0] \dut.g_half.low_q ;
  (* hierconn *) wire               \dut.g_half.low_valid_q ;
  (* hierconn *) wire [7:0]         \dut.g_many.index_q ;
  wire       open = \dut.active_q ;      // nothing has ended the list
  wire [2:0] waiting = \dut.beats.count_q ;
  wire       low = HALF && \dut.g_half.low_valid_q ;
  wire       second = TWO && \dut.g_many.index_q [0];

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- beats asked for and answered, commands that left; one beat is followed
  reg [31:0] first, limit, asked, answered;
  reg [33:0] left;
  reg [2:0]  owed;
  reg        begun, following, f_err;    // begun: there was a list since the reset
  reg [31:0] f_number;
  reg [8*BLOCK-1:0] f_data;
  wire begins = start && !busy;
  wire request = rd_valid && rd_ready;
  wire answer = rsp_valid && rsp_ready;
  always @* if (owed == 3'd0) assume (!rsp_valid);
  always @(posedge clk) begin
    if (rst) begin
      {first, limit, asked, answered} <= 128'd0;
      {left, owed, following, begun} <= 39'd0;
    end else if (begins) begin
      {first, limit, asked, answered} <= {address, max_beats, 64'd0};
      {left, owed, following, begun} <= 39'd1;
    end else begin
      if (request) asked <= asked + {24'd0, rd_beats};
      if (answer) answered <= answered + 32'd1;
      if (m_valid && m_ready) left <= left + 34'd1;
      owed <= owed + (request ? rd_beats[2:0] : 3'd0) - {2'd0, answer};
      if (answer && pick && !following) begin
        following <= 1'b1;
        {f_number, f_err, f_data} <= {answered, rsp_err, rsp_data};
      end
    end
  end
  wire [511:0] f_wide = {{(512-8*BLOCK){1'b0}}, f_data};
  // ends of the list in it: the first command that begins in the beat, and the second
  wire f_end = f_wide[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_END && !(HALF && f_number[0]);
  wire f_end_2 = TWO && f_wide[256 + CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_END;
  // the beat at hand, and the first and last beat of the command that is next to leave
  wire [31:0] at_hand = answered - {29'd0, waiting};
  wire [33:0] begin_beat = HALF ? left << 1 : TWO ? left >> 1 : left;
  wire [33:0] end_beat = HALF ? (left << 1) + 34'd1 : begin_beat;
  wire [33:0] f_beat = {2'd0, f_number};

  // ---- the cycle before
  reg        over, long_over, restarted, cancelled, waited, asking;
  reg        was_open, was_waiting, was_low, was_second, was_done;
  reg [31:0] was_at_hand;
  reg [255:0] was_cmd;
  reg [39:0]  question;
  always @(posedge clk) begin
    if (rst || begins) over <= 1'b0;
    else if (cancel || error_valid || start) over <= 1'b1;
    long_over <= over && !begins && !rst;
    restarted <= start && busy && !rst;
    cancelled <= cancel || rst;
    waited <= m_valid && !m_ready && !cancel && !start && !rst;
    was_cmd <= m_cmd;
    asking <= rd_valid && !rd_ready && !rst;
    question <= {rd_addr, rd_beats};
    was_open <= open && !rst;
    was_waiting <= waiting != 3'd0;
    {was_low, was_second, was_at_hand} <= {low, second, at_hand};
    was_done <= answered == limit && waiting == 3'd0 && !rd_valid;
  end

  always @* if (started) begin
    // Requests go on where the last one ended, never beyond the limit; there is room for every beat
    // that was asked for.
    if (rd_valid) begin
      assert (rd_addr == first + asked && rd_beats >= 8'd1 && rd_beats <= BURST);
      assert ({2'd0, asked} + {26'd0, rd_beats} <= {2'd0, limit});
    end
    if (asking) assert (rd_valid && {rd_addr, rd_beats} == question);
    if (rsp_valid) assert (rsp_ready);
    // Commands leave once, in order, as they are in memory: none from an end of the list or a beat
    // with an error on.
    if (m_valid) assert (end_beat < {2'd0, answered});
    if (m_valid && following) begin
      if (f_beat == begin_beat && HALF) assert (m_cmd[127:0] == f_wide[127:0]);
      if (f_beat == end_beat && HALF) assert (m_cmd[255:128] == f_wide[127:0]);
      if (f_beat == begin_beat && !HALF)
        assert (m_cmd == (TWO && left[0] ? f_wide[511:256] : f_wide[255:0]));
      if (f_err) assert (end_beat < f_beat);
      if (f_end) assert (begin_beat < f_beat);
      if (f_end_2) assert (begin_beat < f_beat || (begin_beat == f_beat && !left[0]));
    end
    if (waited) assert (m_valid && m_cmd == was_cmd);
    // A list that was cancelled, failed or started again is over: nothing leaves, no request begins
    // that was not on offer. It is busy while an answer is owed.
    if (over) assert (!m_valid);
    if (long_over && rd_valid) assert (asking);
    if (owed != 3'd0 || rd_valid || m_valid) assert (busy);
    // MEMORY just if the beat at hand has an error, IMAGE just if all beats up to the limit were
    // used up, without an end but for half of one, ILLEGAL just for a start while busy; of several
    // the first of these. A list that ends otherwise was cancelled, or has its end at hand.
    if (error_valid) assert (error_code == ERROR_MEMORY ? was_open && was_waiting
                             : error_code == ERROR_IMAGE ? was_open && was_done
                             : error_code == ERROR_ILLEGAL && restarted);
    if (restarted || (was_open && was_done)) assert (error_valid);
    if (was_open && was_waiting && following && f_number == was_at_hand)
      assert (f_err == (error_valid && error_code == ERROR_MEMORY));
    if (error_valid && error_code == ERROR_IMAGE && following && (f_end || f_end_2))
      assert (HALF && f_number + 32'd1 == limit);
    if (was_open && !open && !error_valid && !cancelled) begin
      assert (was_waiting);
      if (following && f_number == was_at_hand - {31'd0, was_low})
        assert (was_second ? f_end_2 : f_end);
    end
  end

  // ---- what the induction needs
  wire [1:0] slot = \dut.beats.read_q + f_number[1:0] - at_hand[1:0];
  wire [8*BLOCK:0] stored = slot[1] ? (slot[0] ? \dut.beats.mem[3] : \dut.beats.mem[2] )
                                    : (slot[0] ? \dut.beats.mem[1] : \dut.beats.mem[0] );
  wire [7:0] offered = rd_valid ? rd_beats : 8'd0;
  always @* if (started) begin
    assert (asked <= limit && answered == asked - {29'd0, owed} && {29'd0, owed} <= asked);
    assert ({29'd0, waiting} <= answered);
    if (begun) begin
      assert (\dut.addr_q == first + asked);
      assert (\dut.left_q == limit - asked - {24'd0, offered});
    end else assert (!open && !rd_valid && waiting == 3'd0 && owed == 3'd0);
    assert (\dut.under_way_q == {5'd0, owed} + offered);
    assert (\dut.reserved_q == \dut.under_way_q + {5'd0, waiting} && \dut.reserved_q <= 8'd4);
    assert (\dut.beats.write_q == \dut.beats.read_q + waiting[1:0]);
    if (over || error_valid) assert (!open);
    if (open) begin
      if (HALF) assert ({2'd0, at_hand} == begin_beat + {33'd0, low});
      else assert ({2'd0, at_hand} == begin_beat && second == (TWO && left[0]));
      if (!HALF) assert (\dut.g_many.index_q == {7'd0, second} && (!second || waiting != 3'd0));
    end
    if (following) begin
      assert (f_number < answered);
      if (f_number >= at_hand) assert (stored == {f_err, f_data});
      else if (open) begin  // used up: neither an error nor an end, but for the half at hand
        assert (!f_err && !f_end_2);
        if (low && f_number + 32'd1 == at_hand) assert (\dut.g_half.low_q == f_data);
        else assert (!f_end);
      end
      if (open && second && f_number == at_hand) assert (!f_end && !f_err);
    end
  end
endmodule

`default_nettype wire
