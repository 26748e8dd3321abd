// SPDX-License-Identifier: Apache-2.0
//
// rx_buffer_props: link_rx_buffer behind a peer that keeps to its credits: what is accepted comes
//   out once, in order, as it came; beats of flits that are not accepted may be anything.
//
// One beat or signal is picked freely among those accepted and followed. Totals have more bits
// than the design's and stand for numbers without end.
`default_nettype none

module rx_buffer_props (
  input wire         clk,
  input wire         rst,
  input wire         beat_valid,
  input wire [2:0]   beat_index,
  input wire [7:0]   beat_data,
  input wire         accept,
  input wire [169:0] desc,
  input wire         rx_ready,
  input wire         pick
);
  localparam [11:0] BEATS = 8;
  localparam [11:0] FLITS = 2;

  wire rx_valid, rx_first, rx_last, rx_empty, freed, overflow;
  wire [15:0] rx_addr, rx_exps, rx_meta;
  wire [7:0] rx_data, flit_limit;
  wire [9:0] beat_limit;

  link_rx_buffer #(.BLOCK(1), .BEATS(8), .FLITS(2)) dut (
    .clk(clk), .rst(rst), .beat_valid(beat_valid), .beat_index(beat_index),
    .beat_data(beat_data), .accept(accept), .desc(desc), .rx_valid(rx_valid),
    .rx_ready(rx_ready), .rx_addr(rx_addr), .rx_data(rx_data), .rx_exps(rx_exps),
    .rx_first(rx_first), .rx_last(rx_last), .rx_empty(rx_empty), .rx_meta(rx_meta),
    .beat_limit(beat_limit), .flit_limit(flit_limit), .freed(freed), .overflow(overflow));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- what has happened, in all
  reg [11:0] beats_in, beats_out, flits_in, flits_out, announced_beats, announced_flits;
  reg [11:0] items_in, items_out;
  reg [9:0]  beat_limit_before;
  reg [7:0]  flit_limit_before;
  wire [3:0] count = desc[166:163];
  wire       signal = desc[160];
  wire [11:0] items = signal ? 12'd1 : {8'd0, count};
  wire [9:0] beat_more = beat_limit - beat_limit_before;
  wire [7:0] flit_more = flit_limit - flit_limit_before;
  wire [11:0] beat_room = beats_out + BEATS - beats_in;
  wire [11:0] flit_room = flits_out + FLITS - flits_in;
  wire        out = rx_valid && rx_ready;

  always @(posedge clk) begin
    if (accept) begin
      beats_in <= beats_in + {8'd0, count};
      flits_in <= flits_in + 12'd1;
      items_in <= items_in + items;
    end
    if (out) items_out <= items_out + 12'd1;
    beat_limit_before <= beat_limit;
    flit_limit_before <= flit_limit;
    if (rst) begin
      beats_in <= 0;
      flits_in <= 0;
      items_in <= 0;
      items_out <= 0;
      beat_limit_before <= 10'd8;
      flit_limit_before <= 8'd2;
    end
  end
  // What the limits have announced.
  always @* begin
    beats_out = announced_beats + {2'd0, beat_more};
    flits_out = announced_flits + {4'd0, flit_more};
  end
  always @(posedge clk) begin
    announced_beats <= rst ? 12'd0 : beats_out;
    announced_flits <= rst ? 12'd0 : flits_out;
  end

  // ---- the peer: beat j of the next flit, as last offered
  (* anyconst *) wire [2:0] j;
  reg       offered;  // with a credit
  reg [7:0] value;
  always @(posedge clk) begin
    if (beat_valid && beat_index == j) begin
      offered <= beat_room > {9'd0, j} && beat_room <= BEATS;
      value <= beat_data;
    end
    if (rst || accept) offered <= 1'b0;
  end
  always @* if (accept) begin
    // Beats of the flit or a signal, never both; in any other flit the bits are as link_tx sets
    // them.
    assume (signal ? count == 0 : count >= 1 && count <= 8);
    if (signal) assume (desc[162:161] == 2'b11);
    // Credits for the flit and its beats were there when they were offered.
    assume (flit_room != 0 && {8'd0, count} <= beat_room);
    if (!signal && count > {1'b0, j}) assume (offered);
    assume (!beat_valid);
  end

  // ---- the item that is followed
  reg         have;
  reg [11:0]  number;  // items before it
  reg [11:0]  place;   // beats before it
  reg [7:0]   k_data;
  reg [15:0]  k_addr, k_exps, k_meta;
  reg         k_first, k_last, k_empty;
  wire        mine = pick && !have && (signal || count > {1'b0, j});
  wire [2:0]  index = signal ? 3'd0 : j;
  always @(posedge clk) begin
    if (out && items_out == number) have <= 1'b0;
    if (accept && mine) begin
      have <= 1'b1;
      number <= items_in + {9'd0, index};
      place <= beats_in + {9'd0, index};
      k_data <= value;
      k_addr <= desc[159:144] + {13'd0, index};
      k_exps <= desc[16*index +: 16];
      k_meta <= desc[143:128];
      k_first <= desc[162] && index == 0;
      k_last <= desc[161] && (signal || {1'b0, j} == count - 4'd1);
      k_empty <= signal;
    end
    if (rst) have <= 1'b0;
  end

  wire [11:0] waiting = items_in - items_out;
  wire [11:0] to_mine = number - items_out;
  wire        same = rx_addr == k_addr && rx_meta == k_meta && rx_exps == k_exps &&
                     rx_first == k_first && rx_last == k_last && rx_empty == k_empty &&
                     (k_empty || rx_data == k_data);

  reg stalled;
  reg [59:0] payload;
  always @(posedge clk) begin
    stalled <= rx_valid && !rx_ready && !rst;
    payload <= {rx_addr, rx_exps, rx_meta, rx_first, rx_last, rx_empty, rx_data};
  end

  always @* if (started) begin
    // No overflow while the peer keeps to its credits.
    assert (!overflow && beat_room <= BEATS && flit_room <= FLITS);
    // Nothing comes out that did not go in.
    if (rx_valid) assert (waiting != 0);
    // The item that is followed comes out at its turn, as it went in.
    if (have) assert (to_mine < waiting);
    if (have && rx_valid && to_mine == 0) assert (same);
    // An offer stays until it is taken.
    if (stalled) assert (rx_valid && payload[59:8] == {rx_addr, rx_exps, rx_meta, rx_first,
                                                       rx_last, rx_empty});
    if (stalled && !rx_empty) assert (payload[7:0] == rx_data);
    // With nothing inside all credits are back: none is lost.
    if (waiting == 0) assert (beat_room == BEATS && flit_room == FLITS);
  end

  // ---- induction: registers of the design
  (* hierconn *) wire [3:0] \dut.write_q ;
  (* hierconn *) wire [3:0] \dut.read_q ;
  (* hierconn *) wire [2:0] \dut.index_q ;
  (* hierconn *) wire [1:0] \dut.flit_list.count_q ;
  (* hierconn *) wire \dut.flit_list.read_q ;
  (* hierconn *) wire \dut.flit_list.write_q ;
  (* hierconn *) wire [166:0] \dut.flit_list.mem[0] ;
  (* hierconn *) wire [166:0] \dut.flit_list.mem[1] ;
  (* hierconn *) wire [7:0] \dut.mem[0] ;
  (* hierconn *) wire [7:0] \dut.mem[1] ;
  (* hierconn *) wire [7:0] \dut.mem[2] ;
  (* hierconn *) wire [7:0] \dut.mem[3] ;
  (* hierconn *) wire [7:0] \dut.mem[4] ;
  (* hierconn *) wire [7:0] \dut.mem[5] ;
  (* hierconn *) wire [7:0] \dut.mem[6] ;
  (* hierconn *) wire [7:0] \dut.mem[7] ;
  wire [63:0] stored = {\dut.mem[7] , \dut.mem[6] , \dut.mem[5] , \dut.mem[4] , \dut.mem[3] ,
                        \dut.mem[2] , \dut.mem[1] , \dut.mem[0] };
  wire [1:0] listed = \dut.flit_list.count_q ;
  wire [166:0] one = \dut.flit_list.read_q ? \dut.flit_list.mem[1] : \dut.flit_list.mem[0] ;
  wire [166:0] two = \dut.flit_list.read_q ? \dut.flit_list.mem[0] : \dut.flit_list.mem[1] ;
  wire [11:0] one_items = one[160] ? 12'd1 : {8'd0, one[166:163]};
  wire [11:0] two_items = two[160] ? 12'd1 : {8'd0, two[166:163]};
  wire [11:0] loaded = {9'd0, \dut.index_q };
  wire [11:0] in_list = (listed == 0) ? 12'd0 :
                        (listed == 1) ? one_items - loaded : one_items + two_items - loaded;
  wire [11:0] one_beats = {8'd0, one[166:163]};
  wire [11:0] two_beats = {8'd0, two[166:163]};
  wire [11:0] beats_listed = (listed == 0) ? 12'd0 : (listed == 1) ? one_beats - loaded :
                             one_beats + two_beats - loaded;
  // The followed item in the list: in the first flit or in the second, at an index.
  wire [11:0] ahead = to_mine - {11'd0, rx_valid};  // in the list, ahead of it
  wire        in_one = ahead + loaded < one_items;
  wire [166:0] entry = in_one ? one : two;
  wire [11:0] at = in_one ? ahead + loaded : ahead + loaded - one_items;
  wire [11:0] place_now = place - (beats_in - beats_listed);  // beats ahead of it

  always @* if (started) begin
    assert (\dut.write_q == beats_in[3:0] && \dut.write_q - \dut.read_q == beats_listed[3:0]);
    assert (beats_listed <= BEATS && beat_room == BEATS - beats_listed);
    assert (listed <= 2 && flit_room == FLITS - {10'd0, listed});
    assert (\dut.flit_list.write_q == (\dut.flit_list.read_q ^ listed[0]));
    assert (waiting == in_list + {11'd0, rx_valid});
    if (listed == 0) assert (loaded == 0);
    if (listed >= 1) begin
      assert (one[160] ? one[166:161] == 6'b000011 : one[166:163] >= 1 && one[166:163] <= 8);
      assert (loaded < one_items);
    end
    if (listed == 2) begin
      assert (two[160] ? two[166:161] == 6'b000011 : two[166:163] >= 1 && two[166:163] <= 8);
    end
    if (offered) assert (j < beat_room && stored[8*((beats_in[2:0] + j) & 7) +: 8] == value);
    if (have && (to_mine != 0 || !rx_valid)) begin
      assert (at < (in_one ? one_items : two_items));
      assert (k_empty == entry[160] && k_meta == entry[143:128]);
      assert (k_addr == entry[159:144] + {4'd0, at} && k_exps == entry[16*at[2:0] +: 16]);
      assert (k_first == (entry[162] && at == 0));
      assert (k_last == (entry[161] && at == (in_one ? one_items : two_items) - 12'd1));
      if (!k_empty) begin
        assert (place_now == (in_one ? ahead : at + one_beats - loaded));
        assert (stored[8*place[2:0] +: 8] == k_data);
      end
    end
  end
endmodule

`default_nettype wire
