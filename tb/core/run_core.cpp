// SPDX-License-Identifier: Apache-2.0
// Runs a program on the Verilated core; scripts/run_core.py builds this, reads the ELF file, and
// turns the records into text.
//
//   run_core key=value ...
//     entry=A               address of the first instruction
//     ram=BASE,SIZE         memory (rounded to whole MiB); everything else answers with an error
//     load=A,SIZE           bytes at A, taken from standard input
//     tohost=A fromhost=A   fromhost=0: there is none
//     cycles=N latency=N seed=N     latency 0: random, with back-pressure
//     signature=BEGIN,END,NAME      words to write to that file at the end
//     report=FD             gets the last ten records, then a line: whether the program ended,
//                           tohost, cycles, retired instructions, seconds, pc
//     records=FD            gets a Record for each retirement
//     waves=NAME            with a build that traces
//
// Status: 2 if the signature cannot be written.
//
// The program ends by writing to tohost: 1 passed, other odd numbers failed. An even number is the
// address of four 64-bit words that ask the host for something, as the field's C libraries do: 64
// (write: file, address, length) goes to standard output, 93 ends, others are answered with -1.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "Vcore.h"
#include "Vcore___024root.h"
#include "run_core_memory.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

struct Record {
  uint64_t cycle;
  uint32_t pc, insn, rd_value, address, rdata, wdata;
  uint8_t rd, rmask, wmask, flags;  // flags: 1 trap, 2 first behind an interrupt
};

struct Settings {
  uint32_t entry = 0, tohost = 0, fromhost = 0, latency = 1, seed = 1;
  uint64_t cycles = 0;
  uint32_t signature_begin = 0, signature_end = 0;
  std::string signature, waves;
  FILE *records = nullptr, *report = nullptr;
};

Ram ram;
Clint clint;

[[noreturn]] void fail(const std::string& what) {
  fprintf(stderr, "run_core: %s\n", what.c_str());
  exit(1);
}

std::vector<uint64_t> numbers(const std::string& text) {
  std::vector<uint64_t> out;
  for (const char* at = text.c_str(); *at;) {
    char* end;
    out.push_back(strtoull(at, &end, 0));
    at = *end ? end + 1 : end;
  }
  return out;
}

Settings read_arguments(int argc, char** argv) {
  Settings s;
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    size_t split = argument.find('=');
    if (split == std::string::npos) fail("not key=value: " + argument);
    std::string key = argument.substr(0, split), value = argument.substr(split + 1);
    if (key == "waves") {
      s.waves = value;
    } else if (key == "signature") {
      size_t second = value.find(',', value.find(',') + 1);
      std::vector<uint64_t> n = numbers(value.substr(0, second));
      s.signature_begin = n[0], s.signature_end = n[1], s.signature = value.substr(second + 1);
    } else {
      std::vector<uint64_t> n = numbers(value);
      if (key == "entry") s.entry = n[0];
      else if (key == "ram") ram.add(n[0], n[1]);
      else if (key == "load")
        for (uint64_t at = n[0]; at < n[0] + n[1]; at++) *ram.byte(at) = getchar();
      else if (key == "tohost") s.tohost = n[0];
      else if (key == "fromhost") s.fromhost = n[0];
      else if (key == "cycles") s.cycles = n[0];
      else if (key == "latency") s.latency = n[0];
      else if (key == "seed") s.seed = n[0];
      else if (key == "records") s.records = fdopen(n[0], "wb");
      else if (key == "report") s.report = fdopen(n[0], "wb");
      else fail("unknown key " + key);
    }
  }
  if (!s.report) fail("no report=");
  return s;
}

// Answers a request of the program to the host. Returns whether it asked to end, with what.
bool host_call(const Settings& s, uint32_t block, uint32_t& result) {
  uint32_t call[4];
  for (int i = 0; i < 4; i++) call[i] = ram.read(block + 8 * i);
  if (call[0] == 93) {
    result = call[1] << 1 | 1;
    return true;
  }
  uint32_t answer = ~0u;
  if (call[0] == 64) {
    answer = 0;
    for (uint8_t* at; answer < call[3] && (at = ram.byte(call[2] + answer)); answer++)
      putchar(*at);
    fflush(stdout);
  }
  if (uint8_t* at = ram.word(block)) memcpy(at, &answer, 4);
  if (uint8_t* at = ram.word(s.fromhost)) *at = 1;
  return false;
}

// One access of the data port. Returns the word read; `err` if nobody answers.
uint32_t access_data(const Vcore& core, bool& err) {
  uint32_t address = core.d_req_addr;
  uint8_t* at = ram.word(address);
  if (!at) at = reinterpret_cast<uint8_t*>(clint.reg(address));
  err = at == nullptr;
  if (err) return 0;
  if (core.d_req_we) {
    for (int lane = 0; lane < 4; lane++)
      if (core.d_req_strb >> lane & 1) at[lane] = core.d_req_wdata >> 8 * lane;
    return 0;
  }
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

// Whether it could be written.
bool write_signature(const Settings& s) {
  FILE* out = fopen(s.signature.c_str(), "w");
  if (!out) return false;
  for (uint64_t at = s.signature_begin; at < s.signature_end; at += 4)
    fprintf(out, "%08" PRIx32 "\n", ram.read(at));
  return fclose(out) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s = read_arguments(argc, argv);
  VerilatedContext context;
  context.randReset(0);
  context.traceEverOn(!s.waves.empty());
  Vcore core(&context);
#if VM_TRACE
  VerilatedVcdC trace;
  if (!s.waves.empty()) {
    core.trace(&trace, 99);
    trace.open(s.waves.c_str());
  }
#endif

  core.rst = 1;
  for (int i = 0; i < 4; i++) {
    core.clk = i & 1;
    core.eval();
  }
  core.rootp->core__DOT__fetch__DOT__pc_q = s.entry >> 1;
  core.rst = 0;

  Port i_port(s.latency, s.seed), d_port(s.latency, s.seed + 1);
  Record last[10];
  uint64_t cycle = 0, retired = 0, records = 0;
  uint32_t pc = s.entry, result = 0;
  bool ending = false, done = false;
  auto began = std::chrono::steady_clock::now();

  while (!done && cycle < s.cycles) {
    core.clk = 0;
    i_port.drive(cycle, core.i_req_ready, core.i_rsp_valid, core.i_rsp_data, core.i_rsp_err);
    d_port.drive(cycle, core.d_req_ready, core.d_rsp_valid, core.d_rsp_data, core.d_rsp_err);
    core.irq_software = clint.software & 1;
    core.irq_timer = clint.time >= clint.compare;
    core.eval();
#if VM_TRACE
    if (!s.waves.empty()) trace.dump(10 * cycle);
#endif

    if (core.rvfi_valid) {
      pc = core.rvfi_pc_wdata;
      retired += !core.rvfi_trap;
      Record& r = last[records++ % 10];
      r = {cycle,
           core.rvfi_pc_rdata,
           core.rvfi_insn,
           core.rvfi_rd_wdata,
           core.rvfi_mem_addr,
           core.rvfi_mem_rdata,
           core.rvfi_mem_wdata,
           core.rvfi_rd_addr,
           core.rvfi_mem_rmask,
           core.rvfi_mem_wmask,
           static_cast<uint8_t>(core.rvfi_trap | core.rvfi_intr << 1)};
      if (s.records) fwrite(&r, sizeof r, 1, s.records);
      // The store to tohost has retired.
      done = ending && core.rvfi_mem_wmask && core.rvfi_mem_addr == (s.tohost & ~3u);
    }
    if (core.i_req_valid && core.i_req_ready) {
      const uint8_t* at = ram.word(core.i_req_addr);
      i_port.accept(cycle, ram.read(core.i_req_addr), at == nullptr);
    }
    if (core.d_req_valid && core.d_req_ready) {
      bool err;
      uint32_t data = access_data(core, err);
      d_port.accept(cycle, data, err);
      if (core.d_req_we && !err && !((core.d_req_addr ^ s.tohost) & ~3u)) {
        result = ram.read(s.tohost);
        bool asks = !(result & 1) && s.fromhost && ram.word(result);
        ending = result != 0 && (!asks || host_call(s, result, result));
        if (asks && !ending) memset(ram.word(s.tohost), 0, 4);
      }
    }
    core.clk = 1;
    core.eval();
#if VM_TRACE
    if (!s.waves.empty()) trace.dump(10 * cycle + 5);
#endif
    cycle++;
    clint.time++;
  }

  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
#if VM_TRACE
  if (!s.waves.empty()) trace.close();
#endif
  core.final();
  if (s.records) fclose(s.records);
  if (!s.signature.empty() && !write_signature(s)) return 2;
  for (uint64_t n = records < 10 ? 0 : records - 10; n < records; n++)
    fwrite(&last[n % 10], sizeof(Record), 1, s.report);
  fprintf(s.report, "\n%d %" PRIu32 " %" PRIu64 " %" PRIu64 " %.6f %" PRIu32 "\n", done, result,
          cycle, retired, took.count(), pc);
  fclose(s.report);
  return 0;
}
