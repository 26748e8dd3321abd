// SPDX-License-Identifier: Apache-2.0
//
// Millions of vectors through dimc_macro_tb. Reads phases from standard input (layout:
// tb/dimc/macro_bulk.py): writes, vectors, preload beats, the results they must give, and the stalls
// of each port; drives them at once, compares each result beat as it comes and status at the end of
// a phase, and stops at the first difference. It computes nothing itself.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "Vdimc_macro_tb.h"
#include "verilated.h"

struct Header {
    uint32_t writes, vectors, preloads, results;
    uint32_t count_vectors, count_conflicts;
    uint16_t lock_first, lock_last;
    uint8_t lock, inf, nan, clear;
    uint8_t stalls[4];  // kind on wr, act, pre, res: 0 none, 1 random, 2 mostly, 3 bursts
};
struct Write {
    uint8_t data[ROWS];
    uint64_t strb;
    uint16_t set, exps;
    uint8_t index, row, unused[2];
};
struct Vector {
    uint8_t data[ROWS];
    uint16_t set;
    uint8_t exp, rows, cols, int4, first, preload, last, tag, unused[6];
};
struct Preload {
    uint8_t data[ROWS];
};
struct Result {
    uint32_t data[ROWS / 4];
    uint8_t index, last, tag, unused[5];
};

static uint64_t state = 88172645463325252ull;
static uint64_t random64() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

struct Stall {
    int kind = 0, left = 0;
    bool stalled = false;
    bool next() {
        if (kind == 0) return false;
        if (kind < 3) return random64() % 100 < (kind == 1 ? 40 : 85);
        if (left == 0) {
            stalled = !stalled;
            left = 1 + int(random64() % 12);
        }
        --left;
        return stalled;
    }
};

template <typename Signal>
static void garbage(Signal& signal) {
    for (size_t i = 0; i < sizeof signal; ++i) reinterpret_cast<uint8_t*>(&signal)[i] = uint8_t(random64());
}

template <typename Beat>
struct Source {
    std::vector<Beat> beats;
    size_t sent = 0;
    bool offered = false;
    Stall stall;
    bool offer() {  // whether a new beat goes onto the wires
        if (offered || sent == beats.size() || stall.next()) return false;
        return offered = true;
    }
    bool taken(bool ready) {
        if (!offered || !ready) return false;
        ++sent;
        offered = false;
        return true;
    }
    bool done() const { return sent == beats.size(); }
};

template <typename Beat>
static void read(std::vector<Beat>& beats, size_t count) {
    beats.resize(count);
    if (std::fread(beats.data(), sizeof(Beat), count, stdin) != count) std::exit(2);
}

static void drop_bits(Vdimc_macro_tb& top, int port) {  // payload of a port that offers nothing
    if (port == 0) garbage(top.wr_data), top.wr_set = uint16_t(random64()), top.wr_row ^= 1;
    if (port == 1) garbage(top.act_data), garbage(top.act_exp), garbage(top.act_rows);
    if (port == 2) garbage(top.pre_data);
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    VerilatedContext context;
    context.commandArgs(argc, argv);
    context.randReset(2);
    context.randSeed(std::atoi(argv[1]));
    state += uint64_t(std::atoi(argv[1])) << 20;
    Vdimc_macro_tb top(&context);
    uint64_t cycles = 0, vectors = 0, beats = 0;
    auto edge = [&] {
        top.clk = 1;
        top.eval();
        top.clk = 0;
        ++cycles;
    };
    top.wr_valid = top.act_valid = top.pre_valid = top.res_ready = top.clear = top.disturb = 0;
    top.lock_valid = 0;
    top.rst = 1;
    top.clk = 0;
    for (int i = 0; i < 4; ++i) top.eval(), edge();
    top.rst = 0;

    Header head;
    Source<Write> wr;
    Source<Vector> act;
    Source<Preload> pre;
    std::vector<Result> results;
    Stall res;
    for (int phase = 0; std::fread(&head, sizeof head, 1, stdin) == 1; ++phase) {
        read(wr.beats, head.writes);
        read(act.beats, head.vectors);
        read(pre.beats, head.preloads);
        read(results, head.results);
        wr.sent = act.sent = pre.sent = 0;
        wr.stall.kind = head.stalls[0];
        act.stall.kind = head.stalls[1];
        pre.stall.kind = head.stalls[2];
        res.kind = head.stalls[3];
        top.lock_valid = head.lock;
        top.lock_first = head.lock_first;
        top.lock_last = head.lock_last;
        size_t got = 0;
        int quiet = 0;
        while (!wr.done() || !act.done() || !pre.done() || got < results.size() || top.busy) {
            if (wr.offer()) {
                const Write& b = wr.beats[wr.sent];
                std::memcpy(&top.wr_data, b.data, ROWS);
                std::memcpy(&top.wr_strb, &b.strb, sizeof top.wr_strb);
                top.wr_set = b.set, top.wr_exps = b.exps, top.wr_index = b.index, top.wr_row = b.row;
            }
            if (act.offer()) {
                const Vector& b = act.beats[act.sent];
                std::memcpy(&top.act_data, b.data, ROWS);
                top.act_set = b.set, top.act_exp = b.exp, top.act_rows = b.rows;
                top.act_cols = b.cols, top.act_int4 = b.int4, top.act_first = b.first;
                top.act_preload = b.preload, top.act_last = b.last, top.act_tag = b.tag;
            }
            if (pre.offer()) std::memcpy(&top.pre_data, pre.beats[pre.sent].data, ROWS);
            const bool offered[] = {wr.offered, act.offered, pre.offered};
            for (int port = 0; port < 3; ++port) {
                if (!offered[port]) drop_bits(top, port);
            }
            top.wr_valid = wr.offered;
            top.act_valid = act.offered;
            top.pre_valid = pre.offered;
            top.res_ready = !res.next();
            top.eval();
            bool moved = wr.taken(top.wr_ready);
            moved |= act.taken(top.act_ready);
            moved |= pre.taken(top.pre_ready);
            if (top.res_valid && top.res_ready) {
                moved = true;
                if (got == results.size()) {
                    std::printf("phase %d: a result beat too many\n", phase);
                    return 1;
                }
                const Result& want = results[got];
                const uint32_t* data = reinterpret_cast<const uint32_t*>(&top.res_data);
                for (int lane = 0; lane < ROWS / 4; ++lane) {
                    if (data[lane] != want.data[lane]) {
                        std::printf("phase %d result beat %zu lane %d: expected %08" PRIx32
                                    ", got %08" PRIx32 "\n",
                                    phase, got, lane, want.data[lane], data[lane]);
                        return 1;
                    }
                }
                if (top.res_index != want.index || top.res_last != want.last ||
                    top.res_tag != want.tag) {
                    std::printf("phase %d result beat %zu: expected index, last, tag %d %d %d, "
                                "got %d %d %d\n", phase, got, want.index, want.last, want.tag,
                                int(top.res_index), int(top.res_last), int(top.res_tag));
                    return 1;
                }
                ++got;
            }
            edge();
            quiet = moved ? 0 : quiet + 1;
            if (quiet == 2000) {
                std::printf("phase %d: nothing moved for 2000 cycles; %zu writes, %zu vectors, "
                            "%zu preload and %zu result beats moved\n",
                            phase, wr.sent, act.sent, pre.sent, got);
                return 1;
            }
        }
        top.wr_valid = top.act_valid = top.pre_valid = top.res_ready = 0;
        top.eval();
        if (top.count_vectors != head.count_vectors || top.seen_inf != head.inf ||
            top.count_conflicts != head.count_conflicts || top.seen_nan != head.nan) {
            std::printf("phase %d status: expected vectors, conflicts, inf, nan %u %u %d %d, "
                        "got %u %u %d %d\n", phase, head.count_vectors, head.count_conflicts,
                        head.inf, head.nan, top.count_vectors, top.count_conflicts,
                        int(top.seen_inf), int(top.seen_nan));
            return 1;
        }
        top.clear = head.clear;
        edge();
        top.clear = 0;
        vectors += act.beats.size();
        beats += got;
    }
    std::printf("{\"vectors\": %" PRIu64 ", \"beats\": %" PRIu64 ", \"cycles\": %" PRIu64 "}\n",
                vectors, beats, cycles);
    return 0;
}
