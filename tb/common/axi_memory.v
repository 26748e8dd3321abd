// SPDX-License-Identifier: Apache-2.0
// AXI4 memory model for simulation: one subordinate port, in-order, settable latency and
// bandwidth, byte strobes, backdoor access.
//
// Handshake law: every channel is valid/ready; valid does not wait for ready, a payload is stable
// while it waits (checked on AW, W and AR). All outputs but wready are registered.
// Reads: QUEUE bursts may be outstanding; data come back in order, a beat per cycle, the first
//   beat valid max(2, read_latency) cycles after AR was taken, if bandwidth allows.
// Writes: QUEUE bursts may be outstanding; W is taken once its AW has been; B is valid
//   max(2, write_latency) cycles after the last W beat. A read sees all W beats taken before its
//   beat is fetched; there is no other order between reads and writes.
// Bandwidth: reads and writes share `bandwidth` / 256 beats per cycle (256: no limit), and may
//   save up 16 beats while idle.
// Errors: a beat outside BASE .. BASE + DEPTH beats, or in a burst that is not INCR, is answered
//   with SLVERR and changes nothing. A burst over a 4 KiB boundary, a size above the bus width or
//   a misplaced WLAST is a fault of the initiator and stops the simulation.
// Contents: unknown at first (X on Icarus, random on Verilator), then plusargs, NAME in front:
//   +<NAME>_hex=FILE   $readmemh, a beat per word
//   +<NAME>_bin=FILE   raw, a beat at a time with its highest byte first; the fast way
//   +<NAME>_dump=FILE  written with $writememh when `dump` rises
//   tb/common/memory.py writes and reads these files.
// Backdoor: reads and writes at the clock edge, for no bandwidth; rdata follows a cycle later.
// Cost: DATA_WIDTH x DEPTH bits of host memory; simulation time only for beats that move.

`default_nettype none

// Clocked blocks use temporaries; BASE may be 0; an index may be wider than the memory needs.
/* verilator lint_off BLKSEQ */
/* verilator lint_off UNSIGNED */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off WIDTHTRUNC */
/* verilator lint_off WIDTHEXPAND */

module axi_memory #(
  parameter NAME = "mem",
  parameter DATA_WIDTH = 512,
  parameter ADDR_WIDTH = 32,
  parameter ID_WIDTH = 4,
  parameter DEPTH = 65536,                 // beats
  parameter [ADDR_WIDTH-1:0] BASE = 0,     // aligned to a beat
  parameter QUEUE = 16                     // bursts outstanding, a power of two from 2
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire [15:0]             read_latency,   // settings: may change at any time
  input  wire [15:0]             write_latency,
  input  wire [8:0]              bandwidth,

  input  wire                    s_axi_awvalid,
  output wire                    s_axi_awready,
  input  wire [ID_WIDTH-1:0]     s_axi_awid,
  input  wire [ADDR_WIDTH-1:0]   s_axi_awaddr,
  input  wire [7:0]              s_axi_awlen,
  input  wire [2:0]              s_axi_awsize,
  input  wire [1:0]              s_axi_awburst,

  input  wire                    s_axi_wvalid,
  output wire                    s_axi_wready,
  input  wire [DATA_WIDTH-1:0]   s_axi_wdata,
  input  wire [DATA_WIDTH/8-1:0] s_axi_wstrb,
  input  wire                    s_axi_wlast,

  output reg                     s_axi_bvalid,
  input  wire                    s_axi_bready,
  output reg  [ID_WIDTH-1:0]     s_axi_bid,
  output reg  [1:0]              s_axi_bresp,

  input  wire                    s_axi_arvalid,
  output wire                    s_axi_arready,
  input  wire [ID_WIDTH-1:0]     s_axi_arid,
  input  wire [ADDR_WIDTH-1:0]   s_axi_araddr,
  input  wire [7:0]              s_axi_arlen,
  input  wire [2:0]              s_axi_arsize,
  input  wire [1:0]              s_axi_arburst,

  output reg                     s_axi_rvalid,
  input  wire                    s_axi_rready,
  output reg  [ID_WIDTH-1:0]     s_axi_rid,
  output reg  [DATA_WIDTH-1:0]   s_axi_rdata,
  output reg  [1:0]              s_axi_rresp,
  output reg                     s_axi_rlast,

  input  wire                    backdoor_read,
  input  wire                    backdoor_write,
  input  wire [31:0]             backdoor_index, // beat
  input  wire [DATA_WIDTH-1:0]   backdoor_wdata,
  output reg  [DATA_WIDTH-1:0]   backdoor_rdata,
  input  wire                    dump,

  output reg  [31:0]             beats_read,     // since reset
  output reg  [31:0]             beats_written
);

  localparam BYTES = DATA_WIDTH / 8;
  localparam SIZE = $clog2(BYTES);
  localparam PTR = $clog2(QUEUE);
  localparam [1:0] INCR = 2'b01;
  localparam [1:0] OKAY = 2'b00;
  localparam [1:0] SLVERR = 2'b10;
  localparam [12:0] SAVED = 13'd4096;            // 16 beats, in 1/256 beat

  generate
    if (DATA_WIDTH < 8 || DATA_WIDTH > 1024 || (DATA_WIDTH & (DATA_WIDTH - 1)) != 0) begin : g_dw
      DATA_WIDTH_must_be_a_power_of_two_from_8_to_1024 stop ();
    end
    if (QUEUE < 2 || (QUEUE & (QUEUE - 1)) != 0) begin : g_queue
      QUEUE_must_be_a_power_of_two_from_2 stop ();
    end
  endgenerate

  reg [DATA_WIDTH-1:0] mem [0:DEPTH-1];

  reg  [31:0] now;                               // cycles since reset; only differences count
  reg  [12:0] credit;                            // saved bandwidth in 1/256 beat
  wire        unlimited = bandwidth >= 9'd256;
  wire        may_read;
  wire        may_write;

  // ---- contents ---------------------------------------------------------------------------
  reg [8*1024-1:0] file_name;
  integer file;
  integer count;

  initial begin
    if ($value$plusargs({NAME, "_hex=%s"}, file_name)) $readmemh(file_name, mem);
    if ($value$plusargs({NAME, "_bin=%s"}, file_name)) begin
      file = $fopen(file_name, "rb");
      if (file == 0) begin
        $display("axi_memory %0s: cannot open %0s", NAME, file_name);
        $fatal;
      end
      count = $fread(mem, file);
      if (count == 0) begin
        $display("axi_memory %0s: %0s is empty", NAME, file_name);
        $fatal;
      end
      $fclose(file);
    end
  end

  always @(posedge dump) begin
    if ($value$plusargs({NAME, "_dump=%s"}, file_name)) $writememh(file_name, mem);
    else $display("axi_memory %0s: dump without +%0s_dump=FILE", NAME, NAME);
  end

  always @(posedge clk) if (backdoor_read) backdoor_rdata <= mem[backdoor_index];

  // Beat index of an address; the top bit says whether it lies inside.
  function [32:0] locate(input [ADDR_WIDTH-1:0] address);
    reg [ADDR_WIDTH-1:0] offset;
    reg [31:0] index;
    reg hit;
    begin
      offset = address - BASE;
      hit = address >= BASE && (offset >> SIZE) < DEPTH;
      index = 32'd0 + (offset >> SIZE);
      locate = {hit, hit ? index : 32'd0};
    end
  endfunction

  // ---- reads ------------------------------------------------------------------------------
  reg [ID_WIDTH-1:0]   ar_id    [0:QUEUE-1];
  reg [ADDR_WIDTH-1:0] ar_addr  [0:QUEUE-1];
  reg [7:0]            ar_len   [0:QUEUE-1];
  reg [2:0]            ar_size  [0:QUEUE-1];
  reg [1:0]            ar_burst [0:QUEUE-1];
  reg [31:0]           ar_time  [0:QUEUE-1];     // when it was taken
  reg [PTR:0]          ar_head;
  reg [PTR:0]          ar_tail;
  reg [7:0]            r_beat;                   // next beat of the burst at the head
  reg [ADDR_WIDTH-1:0] r_addr;                   // its address, once r_beat is not 0

  wire                  ar_empty = ar_head == ar_tail;
  wire [PTR-1:0]        ar_at = ar_head[PTR-1:0];
  wire                  ar_due = now - ar_time[ar_at] + 32'd1 >= {16'd0, read_latency};
  wire [ADDR_WIDTH-1:0] fetch_addr = r_beat == 8'd0 ? ar_addr[ar_at] : r_addr;
  wire                  fetch = !rst && !ar_empty && (ar_due || r_beat != 8'd0) && may_read
                              && (!s_axi_rvalid || s_axi_rready);
  wire                  fetch_last = r_beat == ar_len[ar_at];

  reg [32:0] r_place;

  assign s_axi_arready = ar_tail - ar_head != QUEUE[PTR:0];

  always @(posedge clk) begin
    if (rst) begin
      now <= 32'd0;
      ar_head <= {(PTR + 1){1'b0}};
      ar_tail <= {(PTR + 1){1'b0}};
      r_beat <= 8'd0;
      s_axi_rvalid <= 1'b0;
      beats_read <= 32'd0;
    end else begin
      now <= now + 32'd1;
      if (s_axi_arvalid && s_axi_arready) begin
        ar_id[ar_tail[PTR-1:0]] <= s_axi_arid;
        ar_addr[ar_tail[PTR-1:0]] <= s_axi_araddr;
        ar_len[ar_tail[PTR-1:0]] <= s_axi_arlen;
        ar_size[ar_tail[PTR-1:0]] <= s_axi_arsize;
        ar_burst[ar_tail[PTR-1:0]] <= s_axi_arburst;
        ar_time[ar_tail[PTR-1:0]] <= now;
        ar_tail <= ar_tail + 1'b1;
      end
      if (fetch) begin
        r_place = locate(fetch_addr);
        s_axi_rvalid <= 1'b1;
        s_axi_rid <= ar_id[ar_at];
        s_axi_rlast <= fetch_last;
        if (r_place[32] && ar_burst[ar_at] == INCR) begin
          s_axi_rdata <= mem[r_place[31:0]];
          s_axi_rresp <= OKAY;
        end else begin
          s_axi_rdata <= {DATA_WIDTH{1'b0}};
          s_axi_rresp <= SLVERR;
        end
        r_addr <= advance(fetch_addr, ar_size[ar_at]);
        r_beat <= fetch_last ? 8'd0 : r_beat + 8'd1;
        if (fetch_last) ar_head <= ar_head + 1'b1;
        beats_read <= beats_read + 32'd1;
      end else if (s_axi_rready) begin
        s_axi_rvalid <= 1'b0;
      end
    end
  end

  // Next address of an INCR burst: aligned after an unaligned first beat.
  function [ADDR_WIDTH-1:0] advance(input [ADDR_WIDTH-1:0] address, input [2:0] size);
    advance = ((address >> size) + 1'b1) << size;
  endfunction

  // ---- writes -----------------------------------------------------------------------------
  reg [ID_WIDTH-1:0]   aw_id    [0:QUEUE-1];
  reg [ADDR_WIDTH-1:0] aw_addr  [0:QUEUE-1];
  reg [7:0]            aw_len   [0:QUEUE-1];
  reg [2:0]            aw_size  [0:QUEUE-1];
  reg [1:0]            aw_burst [0:QUEUE-1];
  reg [1:0]            b_resp   [0:QUEUE-1];     // of bursts whose data have come
  reg [31:0]           b_time   [0:QUEUE-1];
  reg [PTR:0]          aw_tail;                  // next to fill
  reg [PTR:0]          w_head;                   // burst whose data come now
  reg [PTR:0]          b_head;                   // burst to answer
  reg [7:0]            w_beat;
  reg [ADDR_WIDTH-1:0] w_addr;
  reg                  w_error;                  // an earlier beat of this burst had one

  wire [PTR-1:0]        w_at = w_head[PTR-1:0];
  wire [PTR-1:0]        b_at = b_head[PTR-1:0];
  wire                  store = s_axi_wvalid && s_axi_wready;
  wire [ADDR_WIDTH-1:0] store_addr = w_beat == 8'd0 ? aw_addr[w_at] : w_addr;
  wire                  store_last = w_beat == aw_len[w_at];

  reg [32:0] w_place;
  reg        w_bad;
  reg [DATA_WIDTH-1:0] w_merged;
  integer    i;

  assign s_axi_awready = aw_tail - b_head != QUEUE[PTR:0];
  assign s_axi_wready = w_head != aw_tail && may_write;

  always @(posedge clk) begin
    if (rst) begin
      aw_tail <= {(PTR + 1){1'b0}};
      w_head <= {(PTR + 1){1'b0}};
      b_head <= {(PTR + 1){1'b0}};
      w_beat <= 8'd0;
      w_error <= 1'b0;
      s_axi_bvalid <= 1'b0;
      beats_written <= 32'd0;
    end else begin
      if (s_axi_awvalid && s_axi_awready) begin
        aw_id[aw_tail[PTR-1:0]] <= s_axi_awid;
        aw_addr[aw_tail[PTR-1:0]] <= s_axi_awaddr;
        aw_len[aw_tail[PTR-1:0]] <= s_axi_awlen;
        aw_size[aw_tail[PTR-1:0]] <= s_axi_awsize;
        aw_burst[aw_tail[PTR-1:0]] <= s_axi_awburst;
        aw_tail <= aw_tail + 1'b1;
      end
      if (store) begin
        w_place = locate(store_addr);
        w_bad = !w_place[32] || aw_burst[w_at] != INCR;
        if (!w_bad) begin
          if (&s_axi_wstrb) mem[w_place[31:0]] <= s_axi_wdata;
          else begin
            w_merged = mem[w_place[31:0]];
            for (i = 0; i < BYTES; i = i + 1)
              if (s_axi_wstrb[i]) w_merged[8*i +: 8] = s_axi_wdata[8*i +: 8];
            mem[w_place[31:0]] <= w_merged;
          end
        end
        if (s_axi_wlast != store_last) begin
          $display("%0t axi_memory %0s: WLAST is %b at beat %0d of %0d", $time, NAME, s_axi_wlast,
                   w_beat, aw_len[w_at]);
          $fatal;
        end
        w_addr <= advance(store_addr, aw_size[w_at]);
        w_beat <= store_last ? 8'd0 : w_beat + 8'd1;
        w_error <= !store_last && (w_error || w_bad);
        if (store_last) begin
          b_resp[w_at] <= w_error || w_bad ? SLVERR : OKAY;
          b_time[w_at] <= now;
          w_head <= w_head + 1'b1;
        end
        beats_written <= beats_written + 32'd1;
      end
      if (b_head != w_head && now - b_time[b_at] + 32'd1 >= {16'd0, write_latency}
          && (!s_axi_bvalid || s_axi_bready)) begin
        s_axi_bvalid <= 1'b1;
        s_axi_bid <= aw_id[b_at];
        s_axi_bresp <= b_resp[b_at];
        b_head <= b_head + 1'b1;
      end else if (s_axi_bready) begin
        s_axi_bvalid <= 1'b0;
      end
    end
    if (backdoor_write) mem[backdoor_index] <= backdoor_wdata;
  end

  // ---- bandwidth --------------------------------------------------------------------------
  assign may_read = unlimited || credit >= 13'd256;
  assign may_write = unlimited || credit >= (fetch ? 13'd512 : 13'd256);

  wire [12:0] spent = (fetch ? 13'd256 : 13'd0) + (store ? 13'd256 : 13'd0);
  wire [12:0] credit_next = credit + {4'd0, bandwidth} - spent;

  always @(posedge clk) begin
    if (rst || unlimited) credit <= 13'd0;
    else credit <= credit_next > SAVED ? SAVED : credit_next;
  end

  // ---- what an initiator must not do ------------------------------------------------------
  task check_burst(
    input [8*2-1:0] channel, input [ADDR_WIDTH-1:0] address, input [7:0] len, input [2:0] size
  );
    reg [31:0] first;
    begin
      first = ({20'd0, address[11:0]} >> size) << size;
      if (first + (({24'd0, len} + 32'd1) << size) > 32'd4096) begin
        $display("%0t axi_memory %0s: %0s burst at %h of %0d beats crosses 4 KiB", $time, NAME,
                 channel, address, len + 1);
        $fatal;
      end
      if ({29'd0, size} > SIZE) begin
        $display("%0t axi_memory %0s: %0s size %0d is wider than the bus", $time, NAME, channel,
                 size);
        $fatal;
      end
    end
  endtask

  always @(posedge clk) begin
    if (!rst && s_axi_awvalid && s_axi_awready)
      check_burst("AW", s_axi_awaddr, s_axi_awlen, s_axi_awsize);
    if (!rst && s_axi_arvalid && s_axi_arready)
      check_burst("AR", s_axi_araddr, s_axi_arlen, s_axi_arsize);
  end

  stream_checker #(.NAME({NAME, ".AW"}), .WIDTH(ID_WIDTH + ADDR_WIDTH + 13)) check_aw (
    .clk(clk), .rst(rst), .valid(s_axi_awvalid), .ready(s_axi_awready),
    .payload({s_axi_awid, s_axi_awaddr, s_axi_awlen, s_axi_awsize, s_axi_awburst})
  );
  stream_checker #(.NAME({NAME, ".AR"}), .WIDTH(ID_WIDTH + ADDR_WIDTH + 13)) check_ar (
    .clk(clk), .rst(rst), .valid(s_axi_arvalid), .ready(s_axi_arready),
    .payload({s_axi_arid, s_axi_araddr, s_axi_arlen, s_axi_arsize, s_axi_arburst})
  );
  stream_checker #(.NAME({NAME, ".W"}), .WIDTH(DATA_WIDTH + BYTES + 1)) check_w (
    .clk(clk), .rst(rst), .valid(s_axi_wvalid), .ready(s_axi_wready),
    .payload({s_axi_wdata, s_axi_wstrb, s_axi_wlast})
  );

endmodule

`default_nettype wire
