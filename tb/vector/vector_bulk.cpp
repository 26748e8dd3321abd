// SPDX-License-Identifier: Apache-2.0
//
// Thousands of commands through vector_tb. Reads episodes from standard input (layout:
// tb/vector/bulk.py): operands, commands sent back to back, the beats, scalars, signatures and
// cycles that they must give, and the stalls of each port. Compares as it goes and stops at the
// first difference. It computes nothing but the times that stalls add (`counters`).
//
//   vector_bulk SEED FAULT +plusarg ...     FAULT as in vector_tb, 0 for none
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "Vvector_tb.h"
#include "verilated.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

struct Header {
    uint32_t loads, commands, beats, scalars;
    uint32_t reset_after;             // 0, or cycles from the last command's acceptance to a reset
    uint8_t stall_a, stall_b, stall_d, pause;  // of 256 cycles, in how many the port refuses
};
struct Load {
    uint8_t data[BLOCK];
    uint32_t addr;
};
struct Command {
    uint8_t word[32];
    uint32_t beats, scalars, a_reads, b_reads, signature;
    uint32_t cycles;  // without stalls
    uint8_t status, sticky;
    uint8_t exact;   // a beat that comes late delays the end as much
    uint8_t queued;  // a beat of D per beat of A, one per cycle
};
struct Beat {
    uint8_t data[BLOCK];
    uint16_t addr, exps;
};
struct Scalar {
    uint32_t value;
    uint16_t addr, unused;
};
struct Counts {
    uint64_t busy, a, b, d;
};

static uint64_t state = 88172645463325252ull;
static uint64_t random64() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

template <typename Item>
static std::vector<Item> read(size_t count) {
    std::vector<Item> items(count);
    if (std::fread(items.data(), sizeof(Item), count, stdin) != count) std::exit(2);
    return items;
}

static Vvector_tb* top;
static uint64_t cycle = 0;
static int episode = 0;

[[noreturn]] static void fail(const char* what, uint64_t expected, uint64_t got) {
    std::printf("episode %d cycle %" PRIu64 " %s: expected %" PRIx64 ", got %" PRIx64 "\n",
                episode, cycle, what, expected, got);
    std::exit(1);
}
static void check(const char* what, uint64_t expected, uint64_t got) {
    if (expected != got) fail(what, expected, got);
}

static void edge() {
    top->clk = 1;
    top->eval();
    top->clk = 0;
    ++cycle;
}

static Counts counts() {
    return {top->count_busy, top->count_stall_a, top->count_stall_b, top->count_stall_d};
}

// Stall counters of a command that took `taken` cycles: exact where one port stalls and nothing
// hides a late beat. The queue of D has four places; its beats come to it from cycle 12 on.
static void counters(const Header& h, const Command& c, uint64_t taken, const Counts& before,
                     const std::vector<uint64_t>& accepted) {
    const Counts now = counts();
    const uint64_t a = now.a - before.a, b = now.b - before.b, d = now.d - before.d;
    check("count_busy", taken - 1, now.busy - before.busy);
    if (c.status) return check("stalls of a refused command", 0, a + b + d);
    const uint64_t extra = taken - c.cycles;
    if (!h.stall_a) check("count_stall_a", 2, a);
    if (!h.stall_b) check("count_stall_b", 0, b);
    if (!h.stall_d) check("count_stall_d", 0, d);
    if (c.exact && !h.stall_b && !h.stall_d) check("count_stall_a", extra + 2, a);
    if (c.exact && !h.stall_a && !h.stall_d) check("count_stall_b", extra, b);
    if (c.queued && !h.stall_a && !h.stall_b) {
        uint64_t in = 11;
        for (size_t k = 0; k < accepted.size(); ++k) {
            ++in;
            if (k >= 4 && in <= accepted[k - 4]) in = accepted[k - 4] + 1;
        }
        check("count_stall_d", in - 11 - accepted.size(), d);
    }
}

static void reset() {
    top->rst = 1;
    for (int i = 0; i < 4; ++i) top->eval(), edge();
    top->eval();
    check("output in reset", 0, top->done_valid || top->d_req_valid || top->scalar_valid);
    check("status after reset", 0, top->sticky_nonfinite || top->count_busy ||
          top->count_stall_a || top->count_stall_b || top->count_stall_d);
    check("cmd_ready after reset", 1, top->cmd_ready);
    top->rst = 0;
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    VerilatedContext context;
    context.commandArgs(argc, argv);
    context.randReset(2);
    context.randSeed(std::atoi(argv[1]));
    state += uint64_t(std::atoi(argv[1])) << 20;
    top = new Vvector_tb(&context);
    top->cmd_valid = top->host_we = 0;
    top->fault = uint8_t(std::atoi(argv[2]));
    for (int i = 0; i < 3; ++i) top->seeds[i] = uint32_t(random64()) | 1;
    top->rst = 1;
    for (int i = 0; i < 4; ++i) top->eval(), edge();
    reset();

    uint64_t commands = 0, beats = 0;
    Header head;
    for (; std::fread(&head, sizeof head, 1, stdin) == 1; ++episode) {
        top->host_we = 1;
        for (const Load& load : read<Load>(head.loads)) {
            top->host_addr = uint16_t(load.addr);
            std::memcpy(&top->host_data, load.data, BLOCK);
            top->eval();
            check("beat in an idle engine", 0, top->d_req_valid || top->scalar_valid);
            edge();
        }
        top->host_we = 0;
        top->stall_a = head.stall_a, top->stall_b = head.stall_b, top->stall_d = head.stall_d;
        const auto list = read<Command>(head.commands);
        const auto out = read<Beat>(head.beats);
        const auto scalars = read<Scalar>(head.scalars);

        size_t taken = 0, done = 0, beat = 0, scalar = 0;    // so far
        size_t beats_due = 0, scalars_due = 0;               // of the command under way
        uint64_t a_reads = 0, b_reads = 0, began = 0;
        int quiet = 0;
        bool offered = false;
        Counts before = counts();
        std::vector<uint64_t> accepted;
        while (done < list.size()) {
            if (!offered && taken < list.size() && random64() % 256 >= head.pause) {
                offered = true;
                std::memcpy(&top->cmd_data, list[taken].word, 32);
            } else if (!offered) {
                for (int i = 0; i < 8; ++i) top->cmd_data[i] = uint32_t(random64());
            }
            top->cmd_valid = offered;
            top->eval();
            bool moved = top->a_taken || top->b_taken;
            a_reads += top->a_taken;
            b_reads += top->b_taken;
            if (top->d_req_valid && top->d_req_ready) {
                moved = true;
                if (beat == beats_due) fail("beats of D", beats_due, beat + 1);
                const Beat& want = out[beat];
                check("address of D", want.addr, top->d_req_addr);
                uint32_t lane[BLOCK / 4], got[BLOCK / 4];
                std::memcpy(lane, want.data, BLOCK);
                std::memcpy(got, &top->d_req_data, BLOCK);
                for (int i = 0; i < BLOCK / 4; ++i) check("lane of D", lane[i], got[i]);
                check("exponents of D", want.exps, top->d_req_exps);
                accepted.push_back(cycle - began);
                ++beat;
            }
            if (top->scalar_valid) {
                moved = true;
                if (scalar == scalars_due) fail("scalars", scalars_due, scalar + 1);
                check("entry of a scalar", scalars[scalar].addr, top->scalar_addr);
                check("scalar", scalars[scalar].value, top->scalar_value);
                ++scalar;
            }
            if (top->done_valid) {
                moved = true;
                if (done == taken) fail("commands done", done, done + 1);
                const Command& c = list[done++];
                check("beats of D", beats_due, beat);
                check("scalars", scalars_due, scalar);
                check("status", c.status, top->done_status);
                check("signature", c.signature, top->done_signature);
                check("sticky bit", c.sticky, top->sticky_nonfinite);
                check("reads of A", c.a_reads, a_reads);
                check("reads of B", c.b_reads, b_reads);
                const bool free = !head.stall_a && !head.stall_b && !head.stall_d;
                if (free || c.status) check("cycles", c.cycles, cycle - began);
                counters(head, c, cycle - began, before, accepted);
                before = counts();
            }
            if (offered && top->cmd_ready) {
                moved = true;
                check("commands taken", done, taken);
                beats_due += list[taken].beats;
                scalars_due += list[taken].scalars;
                accepted.clear();
                a_reads = b_reads = 0;
                began = cycle;
                offered = false;
                ++taken;
            }
            edge();
            if (moved) quiet = 0;
            else if (++quiet == 5000) fail("cycles in which nothing moves", 0, 5000);
            if (head.reset_after && taken == list.size() && cycle - began >= head.reset_after) {
                break;
            }
        }
        top->cmd_valid = 0;
        if (head.reset_after) reset();
        commands += done;
        beats += beat;
    }
    std::printf("{\"commands\": %" PRIu64 ", \"beats\": %" PRIu64 ", \"cycles\": %" PRIu64 "}\n",
                commands, beats, cycle);
#if VM_COVERAGE
    context.coveragep()->write(context.coverageFilename().c_str());
#endif
    return 0;
}
