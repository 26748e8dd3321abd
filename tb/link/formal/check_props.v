// SPDX-License-Identifier: Apache-2.0
//
// check_props: link_rx passes on what arrived. Phits and frame codes are free. A flit that it
//   accepts came as HEAD and BODY phits, twice its count, then four of control; any one beat of it
//   was offered last, since the flit before, with the two phits that came in its place; the
//   descriptor is that of the control word that came.
//
// The flit as it came is kept here, by the frame codes alone. That it came as it was sent is what
// the CRC has to see.
`default_nettype none

module check_props (
  input wire        clk,
  input wire        rst,
  input wire [63:0] rx_data,
  input wire [7:0]  rx_frame
);
  `include "link_format.vh"

  wire beat_valid, accept_bulk, accept_mgmt, protocol_error;
  wire [2:0] beat_index;
  wire [127:0] beat_data;
  wire [169:0] desc;

  link_rx #(.BLOCK(16)) dut (
    .clk(clk), .rst(rst), .rx_data(rx_data), .rx_frame(rx_frame), .beat_valid(beat_valid),
    .beat_index(beat_index), .beat_data(beat_data), .accept_bulk(accept_bulk),
    .accept_mgmt(accept_mgmt), .desc(desc), .protocol_error(protocol_error));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the flit as it came, a cycle late
  (* anyconst *) wire [2:0] index;  // the beat that is followed
  reg [7:0]   frame;
  reg [63:0]  phit, low, high;
  reg [5:0]   data;                 // data phits so far
  reg [2:0]   parts;                // control phits so far
  reg [255:0] word;
  wire head = frame == FRAME_HEAD0 || frame == FRAME_HEAD1;
  wire solo = frame == FRAME_SOLO0 || frame == FRAME_SOLO1;
  wire body = frame == FRAME_BODY;
  wire [5:0] place = head ? 6'd0 : data;
  always @(posedge clk) begin
    frame <= rst ? FRAME_IDLE : rx_frame;
    phit <= rx_data;
    if (head) data <= 6'd1;
    else if (solo) data <= 6'd0;
    else if (body && data != 6'd63) data <= data + 6'd1;
    if (head || body) begin
      if (place == {2'd0, index, 1'b0}) low <= phit;
      if (place == {2'd0, index, 1'b1}) high <= phit;
    end
    if (head) parts <= 3'd0;
    else if (solo || frame == FRAME_CTRL) parts <= 3'd1;
    else if (frame == FRAME_CONT && parts != 7) parts <= parts + 3'd1;
    if (solo || frame == FRAME_CTRL) word[63:0] <= phit;
    else if (frame == FRAME_CONT && parts < 4) word[64*parts[1:0] +: 64] <= phit;
  end

  // ---- the followed beat as it was offered since the last flit that was accepted
  reg         offered;
  reg [127:0] value;
  wire        accept = accept_bulk || accept_mgmt;
  always @(posedge clk) begin
    if (beat_valid && beat_index == index) begin
      offered <= 1'b1;
      value <= beat_data;
    end
    if (rst || accept) offered <= 1'b0;
  end

  wire [3:0] count = word[COUNT_LSB +: 4];
  wire       whole = data >= {2'd0, index, 1'b0} + 6'd2;
  always @* if (started) begin
    if (accept) begin
      assert (parts == 4 && data == {1'b0, count, 1'b0} && !beat_valid);
      assert (desc == {word[TYPE_LSB +: 3], count, word[FIRST_BIT], word[LAST_BIT],
                       word[EMPTY_BIT], word[ADDR_LSB +: 16], word[META_LSB +: 16],
                       word[127:0]});
      assert (accept_bulk == (word[TYPE_LSB +: 3] == TYPE_BULK) && accept_mgmt == !accept_bulk);
      if ({1'b0, index} < count) assert (offered && value == {high, low});
    end
  end

  // ---- induction: registers of the design
  (* hierconn *) wire [7:0] \dut.frame_q ;
  (* hierconn *) wire [63:0] \dut.data_q ;
  (* hierconn *) wire [63:0] \dut.half_q ;
  (* hierconn *) wire \dut.data_phase_q ;
  (* hierconn *) wire \dut.control_phase_q ;
  (* hierconn *) wire \dut.done_q ;
  (* hierconn *) wire [4:0] \dut.phits_q ;
  (* hierconn *) wire [4:0] \dut.done_phits_q ;
  (* hierconn *) wire [3:0] \dut.control_q ;
  (* hierconn *) wire [255:0] \dut.word_q ;
  integer k;
  always @* if (started) begin
    assert (\dut.frame_q == frame && (frame == FRAME_IDLE || \dut.data_q == phit));
    assert (!(\dut.data_phase_q && \dut.control_phase_q ));
    if (\dut.data_phase_q ) begin
      assert (parts == 0 && data >= 1 && data <= 16);
      if (data == {2'd0, index, 1'b0} + 6'd1) assert (low == \dut.half_q );
    end
    if (\dut.control_phase_q ) begin
      assert (parts >= 1 && parts <= 3 && \dut.control_q == {1'b0, parts});
    end
    if (\dut.data_phase_q || \dut.control_phase_q ) begin
      assert ({1'b0, \dut.phits_q } == data);
      if (whole) assert (offered && value == {high, low});
      for (k = 0; k < 3; k = k + 1) if (k < parts) begin
        assert (\dut.word_q [64*k +: 64] == word[64*k +: 64]);
      end
    end
    if (\dut.done_q ) begin
      assert (parts == 4 && {1'b0, \dut.done_phits_q } == data);
      assert (\dut.word_q == word);
      if (whole) assert (offered && value == {high, low});
    end
  end
endmodule

`default_nettype wire
