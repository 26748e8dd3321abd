// SPDX-License-Identifier: Apache-2.0
// Testbench of the control core: memories with random latency, a small device, retirement records.
//
// Memory map (that of the chip, with the device in place of the registers)
//   0x0000_0000  ROM, 8 KiB: stores fault      0x1000_0000  RAM, 64 KiB
//   0x2000_0000  device, 256 bytes, reads 0    0xefff_0000  the same RAM: all upper bits differ
//   Everything else faults, on both ports. Device:
//     +0  EXIT   end of the test, the value is the result (1 is good)
//     +4  PUT    print a character
//     +8  SET    raise interrupt lines, numbered as in mip
//     +c  CLEAR  lower interrupt lines
//     +10 TIMER  raise line 7 after that many cycles
//
// Plusargs: +rom=FILE +ram=FILE ($readmemh, words), +seed=N, +flip=N (the result of the Nth
// retirement is reported wrong: the scoreboard must see it). At each reset the memories are loaded.
//
// Inputs that tests drive at any time: i_stall and d_stall (0 to 255: chance in 1/256 that a port
// is not ready, or does not respond), i_fault and d_fault (chance in 1/256 that an access to words
// i_first to i_last, at either place, or d_first to d_last, fails though it should not), irq_chance
// (in 1/65536 per cycle that a random line rises).
//
// Retirement records are handed to Python in batches: `batches` counts up when `batch` holds
// `batch_records` new ones, in its upper bits, the oldest lowest. Fields: Record in lock_step.py.
// Memory beyond the image is 0; registers of the core are as reset leaves them.
`default_nettype none

`include "core_rvfi.vh"

module core_tb #(
    parameter [31:0] RESET_PC = 32'h1000_0000,
    parameter integer STALL_COUNTERS = 1,
    parameter integer BATCH = 32
) (
    input  wire clk,
    input  wire rst,
    input  wire [7:0]           i_stall, d_stall, i_fault, d_fault,
    input  wire [31:0]          i_first, i_last, d_first, d_last,
    input  wire [15:0]          irq_chance,
    output reg                  finished,
    output reg  [31:0]          result,
    output reg                  flushed,         // this batch is the last
    output reg  [31:0]          batches,
    output reg  [7:0]           batch_records,
    output reg  [512*BATCH-1:0] batch,
    output reg  [31:0]          cycles,
    output wire                 sleeping
);

  localparam integer ROM_WORDS = 2048, RAM_WORDS = 16384;
  localparam [31:0] LINES = 32'hffff_0888;

  reg [31:0] rom [0:ROM_WORDS-1];
  reg [31:0] ram [0:RAM_WORDS-1];

  reg [8*256-1:0] file;
  reg [31:0] seed, flip;
  reg [31:0] random_i, random_d, random_irq;

  integer word;
  initial begin
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    if (!$value$plusargs("flip=%d", flip)) flip = 0;
    random_i   = seed ^ 32'h1234_5678;
    random_d   = seed ^ 32'h9abc_def1;
    random_irq = seed ^ 32'h0fed_cba9;
  end

  reg loaded;
  initial loaded = 1'b0;
  always @(posedge clk) begin
    loaded <= rst === 1'b1;
    if (rst === 1'b1 && !loaded) begin
      for (word = 0; word < ROM_WORDS; word = word + 1) rom[word] = 32'd0;
      for (word = 0; word < RAM_WORDS; word = word + 1) ram[word] = 32'd0;
      if ($value$plusargs("rom=%s", file)) $readmemh(file, rom);
      if ($value$plusargs("ram=%s", file)) $readmemh(file, ram);
    end
  end

  // Three 32-bit xorshift generators, which go on across resets

  function [31:0] next_random(input [31:0] x);
    reg [31:0] y;
    begin
      y = x ^ (x << 13);
      y = y ^ (y >> 17);
      next_random = y ^ (y << 5);
    end
  endfunction

  always @(posedge clk) begin
    random_i   <= next_random(random_i);
    random_d   <= next_random(random_d);
    random_irq <= next_random(random_irq);
  end

  // Device and memories under test
  wire        i_req_valid, i_req_ready, i_rsp_valid, i_rsp_err, i_access;
  wire        d_req_valid, d_req_ready, d_rsp_valid, d_rsp_err, d_access, d_req_we;
  wire [31:0] i_req_addr, i_rsp_data, d_req_addr, d_req_wdata, d_rsp_data;
  wire [3:0]  d_req_strb;

  wire i_rom = i_req_addr[31:13] == 19'd0;
  wire i_ram = i_req_addr[31:16] == 16'h1000 || i_req_addr[31:16] == 16'hefff;
  wire d_rom = d_req_addr[31:13] == 19'd0;
  wire d_ram = d_req_addr[31:16] == 16'h1000 || d_req_addr[31:16] == 16'hefff;
  wire d_dev = d_req_addr[31:8] == 24'h20_0000;

  wire [31:0] i_place = i_ram ? {16'h1000, i_req_addr[15:0]} : i_req_addr;

  wire i_inject = i_place >= i_first && i_place <= i_last && random_i[23:16] < i_fault;
  wire d_inject = d_req_addr >= d_first && d_req_addr <= d_last && random_d[23:16] < d_fault;
  wire i_injected, d_injected, i_waiting, d_waiting;

  core_mem_port #(.PAYLOAD(32)) i_port (
      .clk(clk), .rst(rst), .stall(i_stall), .random(random_i[15:0]),
      .inject(i_inject), .rsp_injected(i_injected), .waiting(i_waiting),
      .req_valid(i_req_valid), .req_ready(i_req_ready), .req_payload(i_req_addr),
      .access(i_access), .access_err(!(i_rom || i_ram)),
      .access_rdata(i_rom ? rom[i_req_addr[12:2]] : i_ram ? ram[i_req_addr[15:2]] : 32'hx),
      .rsp_valid(i_rsp_valid), .rsp_data(i_rsp_data), .rsp_err(i_rsp_err));

  core_mem_port #(.PAYLOAD(69)) d_port (
      .clk(clk), .rst(rst), .stall(d_stall), .random(random_d[15:0]),
      .inject(d_inject), .rsp_injected(d_injected), .waiting(d_waiting),
      .req_valid(d_req_valid), .req_ready(d_req_ready),
      .req_payload({d_req_we, d_req_strb, d_req_addr, d_req_we ? d_req_wdata : 32'd0}),
      .access(d_access), .access_err(!(d_ram || d_dev || (d_rom && !d_req_we))),
      .access_rdata(d_rom ? rom[d_req_addr[12:2]] : d_ram ? ram[d_req_addr[15:2]]
                    : d_dev ? 32'd0 : 32'hx),
      .rsp_valid(d_rsp_valid), .rsp_data(d_rsp_data), .rsp_err(d_rsp_err));

  integer lane;
  always @(posedge clk)
    if (d_access && d_req_we && d_ram && !d_inject)
      for (lane = 0; lane < 4; lane = lane + 1)
        if (d_req_strb[lane]) ram[d_req_addr[15:2]][8*lane +: 8] <= d_req_wdata[8*lane +: 8];

  reg [31:0] lines, timer;
  wire       dev_write = d_access && d_req_we && d_dev;
  wire       rise = random_irq[31:16] < irq_chance;

  always @(posedge clk)
    if (rst) begin
      finished <= 1'b0;
      result   <= 32'd0;
      lines    <= 32'd0;
      timer    <= 32'd0;
      cycles   <= 32'd0;
    end else begin
      cycles <= cycles + 32'd1;
      if (timer != 32'd0) timer <= timer - 32'd1;
      lines <= (lines | (rise ? 32'd1 << random_irq[4:0] : 32'd0)
                | (timer == 32'd1 ? 32'h80 : 32'd0)) & LINES;
      if (dev_write)
        case (d_req_addr[7:0])
          8'h00: begin
            finished <= 1'b1;
            result   <= d_req_wdata;
          end
          8'h04: $write("%c", d_req_wdata[7:0]);
          8'h08: lines <= (lines | d_req_wdata) & LINES;
          8'h0c: lines <= lines & ~d_req_wdata;
          8'h10: timer <= d_req_wdata;
          default: ;
        endcase
    end

  wire        rvfi_valid, rvfi_trap, rvfi_halt, rvfi_intr;
  wire [63:0] rvfi_order;
  wire [31:0] rvfi_insn, rvfi_rs1_rdata, rvfi_rs2_rdata, rvfi_rd_wdata, rvfi_pc_rdata,
              rvfi_pc_wdata, rvfi_mem_addr, rvfi_mem_rdata, rvfi_mem_wdata, rvfi_ext_mip,
              rvfi_ext_irq_mip;
  wire [1:0]  rvfi_mode, rvfi_ixl;
  wire [4:0]  rvfi_rs1_addr, rvfi_rs2_addr, rvfi_rd_addr;
  wire [3:0]  rvfi_mem_rmask, rvfi_mem_wmask, rvfi_mem_fault_rmask, rvfi_mem_fault_wmask;
  wire        rvfi_mem_fault;
  wire [415:0] csr_rmask, csr_wmask, csr_rdata, csr_wdata;

  core #(.RESET_PC(RESET_PC), .HART_ID(32'd5), .STALL_COUNTERS(STALL_COUNTERS)) dut (
      .clk(clk), .rst(rst),
      .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
      .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
      .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
      .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
      .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
      .irq_software(lines[3]), .irq_timer(lines[7]), .irq_external(lines[11]),
      .irq_local(lines[31:16]), .core_sleep(sleeping),
      .rvfi_valid(rvfi_valid), .rvfi_order(rvfi_order), .rvfi_insn(rvfi_insn),
      .rvfi_trap(rvfi_trap), .rvfi_halt(rvfi_halt), .rvfi_intr(rvfi_intr), .rvfi_mode(rvfi_mode),
      .rvfi_ixl(rvfi_ixl), .rvfi_rs1_addr(rvfi_rs1_addr), .rvfi_rs2_addr(rvfi_rs2_addr),
      .rvfi_rs1_rdata(rvfi_rs1_rdata), .rvfi_rs2_rdata(rvfi_rs2_rdata),
      .rvfi_rd_addr(rvfi_rd_addr), .rvfi_rd_wdata(rvfi_rd_wdata), .rvfi_pc_rdata(rvfi_pc_rdata),
      .rvfi_pc_wdata(rvfi_pc_wdata), .rvfi_mem_addr(rvfi_mem_addr),
      .rvfi_mem_rmask(rvfi_mem_rmask), .rvfi_mem_wmask(rvfi_mem_wmask),
      .rvfi_mem_rdata(rvfi_mem_rdata), .rvfi_mem_wdata(rvfi_mem_wdata),
      .rvfi_mem_fault(rvfi_mem_fault), .rvfi_mem_fault_rmask(rvfi_mem_fault_rmask),
      .rvfi_mem_fault_wmask(rvfi_mem_fault_wmask),
      `CORE_RVFI_CSRS,
      .rvfi_ext_mip(rvfi_ext_mip), .rvfi_ext_irq_mip(rvfi_ext_irq_mip));

  core_csr_checker csr_checker (
      .clk(clk), .rst(rst), .valid(rvfi_valid), .insn(rvfi_insn), .trap(rvfi_trap),
      .intr(rvfi_intr), .pc(rvfi_pc_rdata), .rs1_rdata(rvfi_rs1_rdata), .rd_addr(rvfi_rd_addr),
      .rd_wdata(rvfi_rd_wdata), .rmask(csr_rmask), .wmask(csr_wmask), .rdata(csr_rdata),
      .wdata(csr_wdata));

  // Where the last injected faults of the instruction port were: a fetch that fails has to name one
  reg [29:0] failed_q [0:7];
  integer    place;
  always @(posedge clk)
    if (i_access && i_inject)
      for (place = 0; place < 8; place = place + 1)
        failed_q[place] <= place == 0 ? i_req_addr[31:2] : failed_q[place-1];

  wire [29:0] named = csr_wdata[226 +: 30];   // mtval
  reg         fault_known;
  integer     which;
  always @* begin
    fault_known = 1'b0;
    for (which = 0; which < 8; which = which + 1)
      if (failed_q[which] === named) fault_known = rvfi_trap && rvfi_mem_fault;
  end
  wire fault_high = named != rvfi_pc_rdata[31:2];

  // Whether a port kept the core waiting since the last record, and whether it slept
  reg i_wait_q, d_wait_q;
  always @(posedge clk)
    if (rst || rvfi_valid) {i_wait_q, d_wait_q} <= 2'b00;
    else {i_wait_q, d_wait_q} <= {i_wait_q || i_waiting, d_wait_q || d_waiting};

  reg slept_q;
  always @(posedge clk) slept_q <= !rst && (sleeping || (slept_q && !rvfi_valid));

  // Retirement records
  wire [31:0] rd_value = rvfi_rd_wdata ^ {31'd0, flip != 32'd0 && rvfi_order[31:0] == flip};
  wire [511:0] record = {
      18'd0, slept_q, d_wait_q || d_waiting, i_wait_q || i_waiting, fault_high, fault_known,
      d_rsp_valid && d_injected, rvfi_mem_fault_wmask, rvfi_mem_fault_rmask,
      rvfi_order[31:0], cycles, lines, rvfi_ext_irq_mip, rvfi_ext_mip, rvfi_mem_wdata,
      rvfi_mem_rdata, rvfi_mem_addr, rvfi_rs2_rdata, rvfi_rs1_rdata, rd_value, rvfi_pc_wdata,
      rvfi_pc_rdata, rvfi_insn,
      rvfi_mem_fault, rvfi_mode, rvfi_ixl, rvfi_halt, rvfi_intr, rvfi_trap, rvfi_mem_wmask,
      rvfi_mem_rmask, 1'b0, rvfi_rs2_addr, rvfi_rs1_addr, rvfi_rd_addr};

  reg [512*BATCH-1:0] collected;
  reg [7:0]           count;

  always @(posedge clk)
    if (rst) begin
      batches <= 32'd0;
      count   <= 8'd0;
      flushed <= 1'b0;
    end else if (rvfi_valid && !flushed) begin
      collected <= {record, collected[512*BATCH-1:512]};
      count     <= count + 8'd1;
      if (count == BATCH[7:0] - 8'd1 || finished) begin
        batch         <= {record, collected[512*BATCH-1:512]};
        batch_records <= count + 8'd1;
        batches       <= batches + 32'd1;
        count         <= 8'd0;
        flushed       <= finished;   // the record behind the store to EXIT is the last
      end
    end

endmodule

`default_nettype wire
