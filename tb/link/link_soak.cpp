// SPDX-License-Identifier: Apache-2.0
//
// Two link ends under everything that can happen to them, at full speed: `link_soak <seed> <beats>
// [<fault>]` runs rounds of all troubles below on link_tb until so many beats have arrived, and
// compares every beat and message as it comes. Prints one line of JSON, or what was wrong first.
// <fault> lost, repeated, swapped, bit: a beat that enters is not the one expected.
#include "Vlink_tb.h"
#include "soak_streams.h"
#include "verilated.h"

struct TxPorts { CData& valid; const CData& ready; void* data; SData &addr, &exps, &meta;
                 CData &first, &last, &empty; };
struct RxPorts { const CData& valid; CData& ready; const void* data;
                 const SData &addr, &exps, &meta; const CData &first, &last, &empty; };
struct MtxPorts { CData& valid; const CData& ready; QData& data; };
struct MrxPorts { const CData& valid; CData& ready; const QData& data; };
using BulkPath = Bulk<TxPorts, RxPorts>;
using MessagePath = Messages<MtxPorts, MrxPorts>;
#define TX(e) {top.e##_tx_valid, top.e##_tx_ready, &top.e##_tx_data, top.e##_tx_addr, \
    top.e##_tx_exps, top.e##_tx_meta, top.e##_tx_first, top.e##_tx_last, top.e##_tx_empty}
#define RX(e) {top.e##_rx_valid, top.e##_rx_ready, &top.e##_rx_data, top.e##_rx_addr, \
    top.e##_rx_exps, top.e##_rx_meta, top.e##_rx_first, top.e##_rx_last, top.e##_rx_empty}
#define MTX(e) {top.e##_mtx_valid, top.e##_mtx_ready, top.e##_mtx_data}
#define MRX(e) {top.e##_mrx_valid, top.e##_mrx_ready, top.e##_mrx_data}

constexpr int LANES = BLOCK / 2 + 2, SPARE = LANES - 1, FRAME = LANES - 2;
constexpr int CONTROLS = BLOCK >= 64 ? 1 : 64 / BLOCK;  // phits of a control word
enum { STATUS, CONTROL, BAD_LANES, LANE = 4, ROUND_TRIP, HISTOGRAM = 8, FLITS_SENT = 16,
       FLITS_RECEIVED, REPLAYS, ERRORS, STALLS, BEATS_SENT, BEATS_RECEIVED, TRAININGS, REPAIRS,
       LANES_LOST };
enum { NONE, NO_ACK, TOO_MANY_ERRORS, SILENCE, PROTOCOL, NO_SIGNAL, BAD_LANES_2, TRAINING,
       PEER_DOWN, PEER_RESET };

static VerilatedContext context;
static Vlink_tb top(&context);

struct End {
    const char* name;
    const CData &up, &down, &cause;
    CData &clear, &reset, &reg_index, &reg_write;
    IData &reg_wdata;
    const IData& reg_rdata;
};
#define END(e) {#e, top.e##_link_up, top.e##_link_down, top.e##_link_cause, top.e##_clear, \
    top.e##_reset, top.e##_reg_index, top.e##_reg_write, top.e##_reg_wdata, top.e##_reg_rdata}
struct Channel {
    IData &errors, &burst_rate;
    SData& burst_length;
    CData &burst_all, &cut, &mute, &forge;
    IData& forge_phit;
    const IData &phits, &flips;
    uint8_t *skew, *lane_errors, *faults, *forge_mask;
    void fault(int lane, int kind) {
        const int at = lane % 4 * 2;
        faults[lane / 4] = uint8_t((faults[lane / 4] & ~(3 << at)) | kind << at);
    }
    void weak(int lane, uint32_t threshold) { std::memcpy(lane_errors + 4 * lane, &threshold, 4); }
};
#define BYTES(signal) reinterpret_cast<uint8_t*>(&top.signal)
#define CHANNEL(c) {top.c##_error_threshold, top.c##_burst_threshold, top.c##_burst_length, \
    top.c##_burst_all, top.c##_cut, top.c##_mute, top.c##_forge, top.c##_forge_phit, \
    top.c##_count_phits, top.c##_count_flips, BYTES(c##_lane_skew), BYTES(c##_lane_errors), \
    BYTES(c##_lane_fault), BYTES(c##_forge_mask)}

// Index 0: end a and what it sends; 1: end b.
static End ends[2] = {END(a), END(b)};
static Channel lines[2] = {CHANNEL(ab), CHANNEL(ba)};
static BulkPath bulk[2] = {{TX(a), RX(b)}, {TX(b), RX(a)}};
static MessagePath mgmt[2] = {{MTX(a), MRX(b)}, {MTX(b), MRX(a)}};
static bool may_be_down;
static int anew_alone = -1;  // the end that has begun anew without the other
static uint64_t quiet, downs, trips_down[16];
static int fault_kind;       // of the checker's own test

static bool any_down() { return ends[0].down || ends[1].down; }
static bool both_up() { return ends[0].up && ends[1].up; }
static uint64_t arrived() { return bulk[0].board.arrived + bulk[1].board.arrived; }

static void cycle() {
    for (int e : {0, 1}) {
        if (ends[e].reset) bulk[e].withdraw(), mgmt[e].withdraw();
        bulk[e].drive();
        mgmt[e].drive();
    }
    top.eval();
    bool moved = false;
    for (int e : {0, 1}) {
        const size_t before = bulk[e].board.expected.size();
        moved |= bulk[e].sample(!ends[e].reset, !ends[!e].reset);
        moved |= mgmt[e].sample(!ends[e].reset, !ends[!e].reset);
        auto& list = bulk[e].board.expected;
        if (fault_kind && arrived() > 500 && list.size() > before && before > 1) {
            if (fault_kind == 1) list.pop_back();
            if (fault_kind == 2) list.push_back(list.back());
            if (fault_kind == 3) std::swap(list.back(), list[before - 1]);
            if (fault_kind == 4) list.back().data[1] ^= 1ull << 40;
            fault_kind = 0;
        }
    }
    ++now;
    quiet = moved ? 0 : quiet + 1;
    for (End& end : ends) {
        if (end.down && !may_be_down) {
            fail(std::string("end ") + end.name + " went down, cause " + std::to_string(end.cause));
        }
    }
    if (quiet > 60000) {
        fail("nothing moved for 60000 cycles; expected " +
             std::to_string(bulk[0].board.expected.size()) + " " +
             std::to_string(bulk[1].board.expected.size()) + " beats, up " +
             std::to_string(ends[0].up) + std::to_string(ends[1].up));
    }
    top.clk = 1;
    top.eval();
    top.clk = 0;
    top.eval();
}
static void cycles(uint64_t count) { while (count-- > 0) cycle(); }
template <typename Condition>
static void wait(uint64_t limit, const char* what, Condition condition) {
    for (uint64_t left = limit; !condition(); cycle()) {
        if (left-- == 0) fail(std::string("waited for ") + what);
    }
}

static uint32_t read(int e, int index) {
    ends[e].reg_index = CData(index);
    cycles(2);
    return ends[e].reg_rdata;
}
static void write(int e, int index, uint32_t value) {
    ends[e].reg_index = CData(index);
    ends[e].reg_wdata = value;
    ends[e].reg_write = 1;
    cycle();
    ends[e].reg_write = 0;
}
static void want(uint64_t got, uint64_t expected, const std::string& what) {
    if (got != expected) {
        fail(what + ": expected " + std::to_string(expected) + ", got " + std::to_string(got));
    }
}

// ---- what the ends go through
static void restarted(int e) {  // end e has begun anew
    const bool alone = anew_alone != !e;
    anew_alone = alone ? e : -1;
    bulk[e].board.source_anew(alone), mgmt[e].board.source_anew(alone);
    bulk[!e].board.sink_anew(alone), mgmt[!e].board.sink_anew(alone);
}
static void clear(int e) {
    const bool anew = ends[e].cause == PROTOCOL || ends[e].cause == PEER_RESET;
    const bool bulk_open = bulk[e].open, mgmt_open = mgmt[e].open;
    if (anew) {
        bulk[e].open = mgmt[e].open = false;
        cycles(8);
    }
    if (draw(2)) {
        write(e, CONTROL, 1);
    } else {
        ends[e].clear = 1;
        cycle();
        ends[e].clear = 0;
    }
    if (anew) {
        cycle();
        restarted(e);
        bulk[e].open = bulk_open, mgmt[e].open = mgmt_open;
    }
}
static void recover() {
    cycles(250 + draw(400));
    for (int attempt = 0; attempt < 8; ++attempt) {
        const int first = int(draw(2));
        for (int e : {first, 1 - first}) {
            if (ends[e].down) ++trips_down[ends[e].cause], clear(e);
            cycles(draw(60));
        }
        for (int left = 6000; left > 0 && !(both_up() && !any_down()); --left) cycle();
        cycles(400);
        if (both_up() && !any_down()) {
            if (anew_alone >= 0) fail("one end alone began anew, and nobody said so");
            may_be_down = false;
            return;
        }
    }
    fail("the link does not come back");
}
static void go_down(std::initializer_list<int> causes, bool both, const char* what) {
    wait(60000, what, [&] { return both ? ends[0].down && ends[1].down : any_down(); });
    cycles(20);
    for (End& end : ends) {
        bool known = !end.down;
        for (int cause : causes) known |= end.cause == cause;
        if (!known) fail(std::string(what) + ": end " + end.name + " cause " +
                         std::to_string(end.cause));
    }
    ++downs;
}
static void retrain(int e) {
    write(e, CONTROL, 2);
    cycles(20);
    wait(9000, "training", both_up);
}
static void run(uint64_t beats) {
    const uint64_t target = arrived() + beats;
    wait(400 * beats + 60000, "beats", [&] { return arrived() >= target || any_down(); });
}
static void open_all(bool open) {
    for (int e : {0, 1}) bulk[e].open = mgmt[e].open = open;
}
static void new_traffic() {
    for (int e : {0, 1}) {
        for (Stall* stall : {&bulk[e].in, &bulk[e].out, &mgmt[e].in, &mgmt[e].out}) {
            stall->kind = int(draw(3) ? draw(ALWAYS) : NO_STALLS);
        }
        bulk[e].mix = {draw(2) ? 0.0 : 0.1, draw(3) ? 0.0 : 0.5, draw(3) ? 40u : 3u, false};
        mgmt[e].rate = draw(3) ? 0.02 : 1.0;
    }
    open_all(true);
}
static void calm() {  // good lines, no stalls
    for (Channel& line : lines) {
        line.errors = line.burst_rate = 0;
        line.cut = line.mute = line.forge = 0;
        std::memset(line.faults, 0, (2 * LANES + 7) / 8);
        std::memset(line.lane_errors, 0, 4 * LANES);
    }
}
static void no_stalls() {
    for (int e : {0, 1}) {
        for (Stall* stall : {&bulk[e].in, &bulk[e].out, &mgmt[e].in, &mgmt[e].out}) stall->kind = 0;
        bulk[e].mix = {};
    }
}
static void drain() {
    open_all(false);
    wait(200000, "the last beats", [] {
        bool done = true;
        for (int e : {0, 1}) {
            done &= bulk[e].board.empty() && mgmt[e].board.empty();
            done &= !bulk[e].offered && !mgmt[e].offered;
        }
        return done || any_down();
    });
}
static void threshold(int e, double errors_per_cycle) {
    lines[e].errors = IData(errors_per_cycle * 4294967296.0);
}

#include "soak_exact.h"
#include "soak_troubles.h"

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    context.commandArgs(argc, argv);
    context.randReset(2);
    context.randSeed(std::atoi(argv[1]));
    generator.seed(std::strtoull(argv[1], nullptr, 0));
    const uint64_t beats = std::strtoull(argv[2], nullptr, 0);
    const std::string fault = argc > 3 && argv[3][0] != '+' ? argv[3] : "";
    fault_kind = fault == "lost" ? 1 : fault == "repeated" ? 2 : fault == "swapped" ? 3 :
                 fault == "bit" ? 4 : 0;
    for (int e : {0, 1}) {
        bulk[e].board.name = ends[!e].name + std::string("_rx");
        mgmt[e].board.name = ends[!e].name + std::string("_mrx");
    }
    top.seed = IData(generator());
    top.rst = 1;
    for (int i = 0; i < 4; ++i) {
        ends[0].reset = ends[1].reset = 1;
        cycle();
    }
    ends[0].reset = ends[1].reset = top.rst = 0;
    wait(2000, "the first training", both_up);
    int rounds = 0;
    for (; arrived() < beats || rounds == 0; ++rounds) {
        exact();
        limits();
        lanes_stop();
        for (size_t i = 0; i < TROUBLES; ++i) trouble(rounds == 0 ? i : draw(TROUBLES), beats);
    }
    calm();
    drain();
    cycles(3000);
    uint64_t trips = 0;
    for (int b = 0; b < 8; ++b) trips += read(0, HISTOGRAM + b);
    if (trips == 0) fail("no round trip was measured");
    std::printf("{\"beats\": %llu, \"messages\": %llu, \"cycles\": %llu, \"rounds\": %d, "
                "\"flips\": %llu, \"downs\": %llu}\n",
                static_cast<unsigned long long>(arrived()),
                static_cast<unsigned long long>(mgmt[0].board.arrived + mgmt[1].board.arrived),
                static_cast<unsigned long long>(now), rounds,
                static_cast<unsigned long long>(lines[0].flips) + lines[1].flips,
                static_cast<unsigned long long>(downs));
    return 0;
}
