// SPDX-License-Identifier: Apache-2.0
//
// The end under test of link_peer.cpp and the comparison of every cycle with Model.
#pragma once
#include "Vlink.h"
#include "peer_behaviour.h"
#include "peer_model.h"
#include "verilated.h"

enum { STATUS, CONTROL_REGISTER, BAD_LANES, LANE = 4, ROUND_TRIP, HISTOGRAM = 8, COUNTERS = 16 };
enum { S_RESET, S_DETECT, S_TRAIN, S_ALIGN, S_REPAIR, S_ACTIVE, S_RETRAIN, S_DOWN, S_RAW };

static VerilatedContext context;
static Vlink top(&context);

struct TxPorts { CData& valid; const CData& ready; void* data; SData &addr, &exps, &meta;
                 CData &first, &last, &empty; };
struct RxPorts { CData& ready; };
struct MtxPorts { CData& valid; const CData& ready; QData& data; };
static Bulk<TxPorts, RxPorts> bulk{
    {top.tx_valid, top.tx_ready, &top.tx_data, top.tx_addr, top.tx_exps, top.tx_meta, top.tx_first,
     top.tx_last, top.tx_empty}, {top.rx_ready}};
static Messages<MtxPorts, RxPorts> mgmt{{top.mtx_valid, top.mtx_ready, top.mtx_data},
                                        {top.mrx_ready}};

struct Output {
    bool up, down, rx_valid, mrx_valid, tx_ready, mtx_ready, in_data;
    int cause, index;
    uint32_t counters[7], reg;
    Beat beat;
    uint64_t message;
    Phit line;
};

static Peer peer;
static LaneReader reader;
static Model model;
static Seen seen[64];
static Output output[64];
static Phit sent[64];
static int skew[LANES];           // bits
static int late;                  // words, of the latest lane
static Word past[5], arrived[64]; // of the peer's lanes, before and after the line
static Word change;               // bits to turn over in this cycle
static bool checking;
static bool may_retrain;          // for a reason that Model does not know
static uint32_t trainings, repairs, lanes_lost;
static int state;                 // one cycle late, where STATUS is read
static uint64_t replaced;          // lanes that show other bytes on the line
static Word shown;                // those
static bool raw;                  // the lanes are in the registers' hands
static bool scan;                 // all registers, one after the other

static void check(uint64_t c) {
    Seen& in = seen[c % 64];
    const Output& out = output[c % 64];
    const auto same = [&](uint64_t got, uint64_t expected, const char* what) {
        if (got != expected) {
            char text[160];
            std::snprintf(text, sizeof text, "%s in cycle %llu: expected %llx, got %llx", what,
                          static_cast<unsigned long long>(c), static_cast<unsigned long long>(expected),
                          static_cast<unsigned long long>(got));
            fail(text);
        }
    };
    const uint64_t begun = c - reader.released;
    const bool on = begun > 4 && (output[(c - 3) % 64].up || output[(c - 4) % 64].up);
    in.received = on ? sent[(c - 5 - uint64_t(late)) % 64] : Phit{};
    if (in.received.frame == RETRAIN) in.received = {};
    in.up = out.up;
    same(out.down, model.cause != 0, "link_down");
    same(out.cause, model.cause, "link_cause");
    same(out.tx_ready, model.tx_ready(), "tx_ready");
    same(out.mtx_ready, model.mtx_ready(), "mtx_ready");
    same(out.rx_valid, model.rx_valid, "rx_valid");
    same(out.mrx_valid, !model.messages.empty(), "mrx_valid");
    if (out.mrx_valid) same(out.message, model.messages.front(), "mrx_data");
    if (out.rx_valid) {
        Beat beat = out.beat;
        if (model.shown.empty) std::memset(beat.data, 0, sizeof beat.data), beat.exps = 0;
        const std::string text = model.shown.difference(beat);
        if (!text.empty()) fail("rx: " + text);
    }
    for (int i = 0; i < 7; ++i) {
        same(out.counters[i], model.counters[i], ("counter " + std::to_string(i)).c_str());
    }
    {
        const uint32_t got = output[(c + 1) % 64].reg;
        const int i = out.index;
        if (i == CONTROL_REGISTER) same(got, 0, "CONTROL");
        if (i == STATUS) same(got >> 4 & 0xFFF, out.cause | out.up << 4 | out.down << 5, "STATUS");
        if (i == ROUND_TRIP) same(got, model.round_trip, "ROUND_TRIP");
        if (i >= HISTOGRAM && i < COUNTERS) same(got, model.histogram[i - HISTOGRAM], "a bin");
        if (i >= COUNTERS && i < COUNTERS + 7) same(got, model.counters[i - COUNTERS], "a counter read");
        if (i > COUNTERS + 9 || i == 6 || i == 7) same(got, 0, "a register that is not there");
    }
    model.step(in);
    const bool stays = output[(c + 1) % 64].up;
    if (out.up && stays == (model.retrain || may_retrain)) {
        if (!may_retrain) fail(stays ? "no training where one is due" : "training without a reason");
    }
    if (begun > 4 && output[(c + 2) % 64].up) {
        const Phit& got = output[(c + 3) % 64].line;
        if (!(got == model.line)) {
            fail("phit chosen in cycle " + std::to_string(c) + ": expected frame " +
                 std::to_string(model.line.frame) + ", got " + std::to_string(got.frame) +
                 (got.frame == model.line.frame ? ", other data" : ""));
        }
    }
}

static void cycle() {
    const bool data = peer.lanes.mode == LaneWriter::DATA;
    peer.grant();
    const Phit phit = peer.next(data && output[(now - 1) % 64].up);
    sent[now % 64] = data ? phit : Phit{};
    for (int i = 4; i > 0; --i) past[i] = past[i - 1];
    past[0] = peer.lanes.next(phit);
    for (int lane = 0; lane < LANES; ++lane) past[0][lane] ^= change[lane];
    change = {};
    Word word;
    for (int lane = 0; lane < LANES; ++lane) {
        uint64_t bits = 0;
        for (int i = 0; i < 5; ++i) bits |= uint64_t(past[i][lane]) << (32 - 8 * i);
        word[lane] = uint8_t(bits >> (32 - skew[lane]));
        if (replaced >> lane & 1) word[lane] = shown[lane];
    }
    std::memcpy(&top.lane_rx, word.data(), LANES);
    arrived[now % 64] = word;
    if (scan) top.reg_index = CData(now % 32);
    bulk.drive();
    mgmt.drive();
    top.eval();

    Seen& in = seen[now % 64];
    in = {};
    in.clear = top.clear || (top.reg_write && top.reg_index == CONTROL_REGISTER && (top.reg_wdata & 1));
    in.rx_ready = top.rx_ready, in.mrx_ready = top.mrx_ready;
    if (bulk.offered && top.tx_ready) {
        in.tx = true, in.beat = bulk.beat;
        bulk.offered = false;
    }
    if (mgmt.offered && top.mtx_ready) {
        in.mtx = true, in.message = mgmt.message.data;
        mgmt.offered = false;
    }
    std::memcpy(word.data(), &top.lane_tx, LANES);
    if (!top.rst && !raw) reader.feed(word);
    Output& out = output[now % 64];
    const bool was_up = output[(now - 1) % 64].up;
    out = {bool(top.link_up), bool(top.link_down), bool(top.rx_valid), bool(top.mrx_valid),
           bool(top.tx_ready), bool(top.mtx_ready), reader.mode == LaneReader::DATA, top.link_cause,
           top.reg_index, {}, top.reg_rdata, {}, top.mrx_data, reader.phit};
    const uint32_t counters[7] = {top.count_flits_sent, top.count_flits_received, top.count_replays,
        top.count_errors, top.count_stalls, top.count_beats_sent, top.count_beats_received};
    std::memcpy(out.counters, counters, sizeof counters);
    std::memcpy(out.beat.data, &top.rx_data, sizeof out.beat.data);
    out.beat.addr = top.rx_addr, out.beat.exps = top.rx_exps, out.beat.meta = top.rx_meta;
    out.beat.first = top.rx_first, out.beat.last = top.rx_last, out.beat.empty = top.rx_empty;
    if (output[(now - 1) % 64].index == STATUS) state = out.reg & 15;
    if (out.up && !was_up) ++trainings;
    if (reader.mode == LaneReader::DATA) peer.take(reader.phit);
    else peer.open.clear();
    peer.train(reader);
    if (checking && now >= reader.released + 3) check(now - 3);

    ++now;
    top.clk = top.rx_clk = 1;
    top.eval();
    top.clk = top.rx_clk = 0;
    top.eval();
}
