// SPDX-License-Identifier: Apache-2.0
//
// reducer_props: each element of a row takes part in the row's sum exactly once, and nothing else
// does, while the next row overwrites the partials; the tree takes its fixed time; with `rows`,
// each group's sum is shown as its last beat leaves it. A sum is an exclusive or here
// (stub/fp32.vh); its order, and `largest`, are left to simulation.
`default_nettype none

module reducer_props #(
  parameter LANES = 4,
  parameter POOL = 0
) (
  input wire                clk,
  input wire                rst,
  input wire                step,
  input wire                in_valid,
  input wire [32*LANES-1:0] in_data,
  input wire [LANES-1:0]    in_mask,
  input wire                in_last,
  input wire                m_ready
);
  localparam [3:0] DONE = 4 + $clog2(LANES);

  reg started = 1'b0;
  reg [1:0] group;  // of the next beat
  wire in_ready, row_valid, m_valid;
  wire [32*LANES-1:0] row_x;
  wire [31:0] m_value;
  reg [32*LANES-1:0] in_x;  // lanes outside the mask are +0
  integer l;
  always @* for (l = 0; l < LANES; l = l + 1) begin
    in_x[32*l +: 32] = in_mask[l] ? in_data[32*l +: 32] : 32'd0;
  end

  vector_reducer #(.LANES(LANES)) dut (
    .clk(clk), .rst(rst), .step(step), .largest(1'b0), .rows(POOL != 0), .in_valid(in_valid),
    .in_ready(in_ready), .in_x(in_x), .in_mask(in_mask), .in_group(group), .in_last(in_last),
    .row_valid(row_valid), .row_x(row_x), .m_valid(m_valid), .m_ready(m_ready),
    .m_value(m_value)
  );

  wire take = step && in_valid;
  always @(posedge clk) begin
    started <= 1'b1;
    if (rst) group <= 2'd0;
    else if (take) group <= (in_last && POOL == 0) ? 2'd0 : group + 2'd1;
  end
  always @* begin
    assume (rst || started);
    // The engine withholds step from a beat that is not taken.
    assume (!take || in_ready);
  end

  function automatic [31:0] all(input [32*LANES-1:0] x);
    integer i;
    begin
      all = 32'd0;
      for (i = 0; i < LANES; i = i + 1) all = all ^ x[32*i +: 32];
    end
  endfunction

  (* hierconn *) wire [32*LANES-1:0] \dut.part[0] ;
  (* hierconn *) wire [32*LANES-1:0] \dut.part[1] ;
  (* hierconn *) wire [32*LANES-1:0] \dut.part[2] ;
  (* hierconn *) wire [32*LANES-1:0] \dut.part[3] ;
  (* hierconn *) wire [3:0] \dut.visited_q ;
  (* hierconn *) wire [1:0] \dut.row_group_q ;
  (* hierconn *) wire [31:0] \dut.half_q ;
  (* hierconn *) wire [32*LANES-1:0] \dut.odd_q ;
  (* hierconn *) wire [32*LANES-1:0] \dut.tree_q ;
  (* hierconn *) wire [3:0] \dut.phase_q ;
  (* hierconn *) wire [3:0] \dut.row_visited_q ;

  generate
    if (POOL == 0) begin : g_sum
      reg [31:0] sum;       // of the row under way
      reg [31:0] expected;  // of the row in the tree
      reg pending;          // there is one
      always @(posedge clk) begin
        if (rst) begin
          sum <= 32'd0;
          pending <= 1'b0;
        end else begin
          if (m_valid && m_ready) pending <= 1'b0;
          if (take) begin
            sum <= in_last ? 32'd0 : sum ^ all(in_x);
            if (in_last) begin
              expected <= sum ^ all(in_x);
              pending <= 1'b1;
            end
          end
        end
      end

      // Rule: a result is the sum of its row; no row is overtaken, none gives two results.
      always @* if (started) begin
        assert (!m_valid || (pending && m_value == expected));
        assert (!(take && in_last) || !pending || (m_valid && m_ready));
      end

      // Rule: a row waits for nothing but the tree, which takes DONE - 1 steps of its own.
      always @* if (started) begin
        assert (pending == (\dut.phase_q != 4'd0));
        assert (m_valid == (\dut.phase_q == DONE) && \dut.phase_q <= DONE);
        assert (in_ready || in_last);
      end

      // For the induction: what partials, tree and visits hold in each phase.
      wire [31:0] p0 = all(\dut.part[0] );
      wire [31:0] p1 = all(\dut.part[1] );
      wire [31:0] p2 = all(\dut.part[2] );
      wire [31:0] p3 = all(\dut.part[3] );
      wire [3:0] row = \dut.row_visited_q ;
      wire [31:0] even = p0 ^ (row[2] ? p2 : 32'd0);
      wire [31:0] odd = row[1] ? p1 ^ (row[3] ? p3 : 32'd0) : 32'd0;
      wire [31:0] tree = all(\dut.tree_q );
      wire [3:0] now = \dut.visited_q ;
      integer i;
      reg [31:0] left;  // lanes that the tree still has
      always @* begin
        left = 32'd0;
        for (i = 0; i < LANES; i = i + 1) begin
          if (i < 2 * \dut.half_q ) left = left ^ \dut.tree_q [32*i +: 32];
        end
      end
      always @* if (started) begin
        assert (now == 4'd0 || now == 4'd1 || now == 4'd3 || now == 4'd7 || now == 4'd15);
        assert (now == 4'd15 || now == (4'd1 << group) - 4'd1);
        assert (sum == ((now[0] ? p0 : 32'd0) ^ (now[1] ? p1 : 32'd0) ^ (now[2] ? p2 : 32'd0) ^
                        (now[3] ? p3 : 32'd0)));
        if (pending) assert (row == 4'd1 || row == 4'd3 || row == 4'd7 || row == 4'd15);
        case (\dut.phase_q )
          4'd0: ;
          4'd1: assert (now == 4'd0 && expected == (even ^ odd));
          4'd2: assert (now[3:1] == 3'd0 && expected == (tree ^ odd));
          4'd3: assert (now[3:2] == 2'd0 &&
                        expected == (tree ^ (row[1] ? all(\dut.odd_q ) : 32'd0)));
          default: begin
            if (\dut.phase_q < DONE) assert (\dut.half_q == (LANES >> (\dut.phase_q - 4'd3)));
            assert (expected == ((\dut.phase_q == DONE) ? \dut.tree_q [31:0] : left));
          end
        endcase
      end
    end else begin : g_rows
      reg [32*LANES-1:0] sums [0:3];  // of each group
      reg [3:0] begun;
      reg [32*LANES-1:0] expected;
      reg owed;
      always @(posedge clk) begin
        if (rst) begin
          begun <= 4'd0;
          owed <= 1'b0;
        end else if (step) begin
          owed <= in_valid && in_last;
          if (in_valid) begin
            expected <= begun[group] ? sums[group] ^ in_x : in_x;
            sums[group] <= begun[group] ? sums[group] ^ in_x : in_x;
            begun[group] <= !in_last;
          end
        end
      end

      // Rule: one step after the last beat of a group its sum is shown, and only then.
      always @* if (started) begin
        assert (row_valid == owed);
        assert (!row_valid || row_x == expected);
        assert (in_ready && !m_valid);
      end

      // For the induction.
      wire [32*LANES-1:0] shown = (\dut.row_group_q == 2'd0) ? \dut.part[0] :
        (\dut.row_group_q == 2'd1) ? \dut.part[1] :
        (\dut.row_group_q == 2'd2) ? \dut.part[2] : \dut.part[3] ;
      always @* if (started) begin
        assert (\dut.phase_q == 4'd0 && \dut.visited_q == begun);
        assert (!owed || shown == expected);
        assert (!begun[0] || sums[0] == \dut.part[0] );
        assert (!begun[1] || sums[1] == \dut.part[1] );
        assert (!begun[2] || sums[2] == \dut.part[2] );
        assert (!begun[3] || sums[3] == \dut.part[3] );
      end
    end
  endgenerate
endmodule

`default_nettype wire
