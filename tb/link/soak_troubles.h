// SPDX-License-Identifier: Apache-2.0
//
// What link_soak.cpp does to a link: measurements that must be exact on good lines, and troubles.
#pragma once
#include <cmath>

// ---- state of the lanes
static int lane_out[2];  // lane that each direction should leave out, -1 if not known

static uint32_t crc_of_change(const uint8_t* bytes, int count) {  // CRC-32C of a difference
    uint32_t crc = 0;
    for (int i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return crc;
}
static void check_lanes() {  // of a link that is up, on lanes that are sound or dead
    for (int e : {0, 1}) {
        const uint32_t status = read(e, STATUS);
        want(status & 0xFFFF, 5 | 1 << 8, std::string("STATUS of ") + ends[e].name);
        if (lane_out[e] < 0 || lane_out[!e] < 0) continue;
        want(status >> 16 & 0xFF, lane_out[e], std::string("lane left out by ") + ends[e].name);
        want(status >> 24, lane_out[!e], std::string("lane left out for ") + ends[e].name);
        const uint64_t bad = read(e, BAD_LANES) | uint64_t(read(e, BAD_LANES + 1)) << 32;
        const int lane = lane_out[!e];
        const bool dead = lines[!e].faults[lane / 4] >> lane % 4 * 2 & 3;
        want(bad, dead ? 1ull << lane : 0, std::string("bad lanes at ") + ends[e].name);
    }
}
static int words_late(int e) {
    int most = 0;
    for (int lane = 0; lane < LANES; ++lane) most = std::max(most, (lines[e].skew[lane] + 7) / 8);
    return most;
}
static void check_alignment() {
    for (int e : {0, 1}) {
        const uint8_t* late = lines[!e].skew;
        const int most = words_late(!e);
        for (int lane = 0; lane < LANES; ++lane) {
            write(e, LANE, lane);
            cycle();
            const uint32_t got = read(e, LANE);
            want(got & 0xFF, lane, "LANE");
            want(got >> 16 & 63, 32 | late[lane] % 8 << 2 | (most - (late[lane] + 7) / 8),
                 "place of lane " + std::to_string(lane) + " at " + ends[e].name);
        }
    }
}
static void set_lines(int skew, int latency) {
    for (Channel& line : lines) {
        for (int lane = 0; lane < LANES; ++lane) line.skew[lane] = uint8_t(draw(skew + 1));
    }
    top.latency = SData(latency);
    const int asking = int(draw(2));
    retrain(asking);
    cycles(400);
    wait(9000, "training with other skews", both_up);
    retrain(!asking);  // both have judged the lanes as they are now
    lane_out[0] = lane_out[1] = SPARE;
    cycles(100);
}

// ---- an undisturbed link does exactly this
// The quickest of some: a control flit may be in the way, rarely.
constexpr int FLIGHTS = 4;
template <typename Path>
static uint64_t flight(Path& path, bool signal) {
    uint64_t least = ~0ull;
    for (int i = 0; i < FLIGHTS; ++i) {
        cycles(80 + draw(40));
        if constexpr (std::is_same_v<Path, BulkPath>) {
            path.mix = {};
            do path.withdraw(), path.next(); while (path.beat.empty != signal || !path.beat.last);
        } else {
            path.message.data = generator();
        }
        path.put();
        const uint64_t from = now, before = path.board.arrived;
        wait(200, "a single item", [&] { return path.board.arrived > before; });
        least = std::min(least, now - from - 1);
    }
    return least;
}
static void exact() {
    calm();
    no_stalls();
    drain();
    set_lines(draw(2) ? 0 : 24, int(draw(3) ? draw(10) : 0));
    check_lanes();
    check_alignment();
    uint32_t start[2][10], end[2][10];
    const auto counters = [](uint32_t (&to)[2][10]) {
        cycles(200);
        for (int e : {0, 1}) {
            for (int i = 0; i < 10; ++i) to[e][i] = read(e, FLITS_SENT + i);
        }
    };
    counters(start);
    const uint64_t taken[2] = {bulk[0].taken_beats, bulk[1].taken_beats};
    for (int e : {0, 1}) {  // lanes that are early wait for the latest
        const int line = CONTROLS + top.latency + words_late(e);
        want(flight(mgmt[e], false), line + 9, "latency of a message");
        want(flight(bulk[e], true), line + 10, "latency of a signal");
        want(flight(bulk[e], false), line + 12, "latency of a beat");
    }
    counters(end);
    for (int e : {0, 1}) {
        want(end[e][0] - start[e][0], 3 * FLIGHTS, "FLITS_SENT");
        want(end[!e][1] - start[!e][1], 3 * FLIGHTS, "FLITS_RECEIVED");
        want(end[e][5] - start[e][5], FLIGHTS, "BEATS_SENT");
        want(end[!e][6] - start[!e][6], FLIGHTS, "BEATS_RECEIVED");
    }
    for (int e : {0, 1}) {  // full rate: full flits without gaps
        bulk[e].mix.fixed = true;
        bulk[e].mix.jumps = 0;
        bulk[e].withdraw();
        bulk[e].open = true;
    }
    uint64_t at = 0, count[2];
    wait(3000, "bulk", [] { return bulk[0].taken_beats % 8 == 0 && top.a_count_flits_sent > 0; });
    cycles(200);
    at = now;
    for (int e : {0, 1}) count[e] = bulk[e].board.arrived;
    cycles(40 * (16 + CONTROLS));
    for (int e : {0, 1}) {
        const uint64_t got = bulk[e].board.arrived - count[e];
        if (got < 312 || got > 328) {
            fail("bulk at full rate: " + std::to_string(got) + " beats in the time of 320, from " +
                 std::to_string(at));
        }
    }
    drain();
    for (int e : {0, 1}) {  // all of the receiver's room is used, and no more
        bulk[e].mix = {0, 0, 0, false};
        for (int kind : {0, 1, 2}) {
            bulk[e].withdraw();
            bulk[e].mix = {0, 0, 0, kind == 0};
            bulk[e].out.kind = mgmt[e].out.kind = ALWAYS;
            cycles(100);
            const uint32_t before = read(!e, kind == 0 ? BEATS_RECEIVED : FLITS_RECEIVED);
            bulk[e].open = kind < 2;
            mgmt[e].open = kind == 2;
            mgmt[e].rate = 1;
            cycles(RX_BEATS * 3 + 40 * CONTROLS + 300);
            const uint32_t stalls = read(e, STALLS);
            cycles(498);
            const uint32_t stalled = read(e, STALLS) - stalls;  // not within a control flit
            if (kind < 2 && (stalled > 500 || stalled + 3 * (CONTROLS - 1) < 500)) {
                fail("STALLS: " + std::to_string(stalled) + " in 500 cycles");
            }
            want(read(!e, kind == 0 ? BEATS_RECEIVED : FLITS_RECEIVED) - before,
                 kind == 0 ? RX_BEATS + 1 : kind == 1 ? RX_FLITS + 1 : MGMT_DEPTH,
                 kind == 0 ? "beats held" : kind == 1 ? "flits held" : "messages held");
            no_stalls();
            drain();
        }
    }
    bulk[0].withdraw(), bulk[1].withdraw();
    counters(end);
    for (int e : {0, 1}) {
        want(end[e][5] - start[e][5], uint32_t(bulk[e].taken_beats - taken[e]), "BEATS_SENT");
        want(end[!e][6] - start[!e][6], uint32_t(bulk[e].taken_beats - taken[e]), "BEATS_RECEIVED");
        want(end[e][0] - start[e][0], end[!e][1] - start[!e][1], "flits sent and received");
        for (int i : {2, 3, 7, 8, 9}) want(end[e][i], start[e][i], "counter " + std::to_string(i));
    }
}

// ---- troubles; each leaves a link that works
enum { BIT_ERRORS, LINE_BURSTS, NEW_SKEW, LANE_DIES, WEAK_LANE, RETRAINS, MUTE, NOISE, CUT,
       TWO_DEAD, ONE_RESET, BOTH_RESET, FORGED, RAW, IDLE_NOISE, TROUBLES };

static void lane_dies(uint64_t beats) {
    const int e = int(draw(2)), lane = int(draw(LANES));
    if (lane_out[e] != SPARE) return;
    run(beats / 3);
    lines[e].fault(lane, 1 + int(draw(3)));
    run(beats / 3);
    if (lane == SPARE) retrain(int(draw(2)));
    open_all(true);
    wait(20000, "the lane to be left out", [&] {
        return both_up() && (read(e, STATUS) >> 16 & 0xFF) == uint32_t(lane);
    });
    lane_out[e] = lane;
    run(beats / 3);
    cycles(100);
    check_lanes();
    calm();
    retrain(int(draw(2)));
    cycles(400);
    wait(9000, "training with the lane", both_up);
    retrain(int(draw(2)));
    lane_out[0] = lane_out[1] = SPARE;
    cycles(100);
    check_lanes();
}
static void two_dead() {
    const int e = int(draw(2)), first = int(draw(SPARE)), second = int(draw(SPARE));
    if (first == second) return;
    may_be_down = true;
    lines[e].fault(first, 1 + int(draw(3)));
    lines[e].fault(second, 1 + int(draw(3)));
    go_down({BAD_LANES_2, PEER_DOWN}, true, "two dead lanes");
    want(ends[!e].cause, BAD_LANES_2, "cause of two dead lanes");
    want(read(!e, BAD_LANES) | uint64_t(read(!e, BAD_LANES + 1)) << 32,
         1ull << first | 1ull << second, "bad lanes");
    calm();
    recover();
}
static void reset(bool both) {
    wait(60000, "traffic", [] { return any_down() || (top.a_count_flits_received > 20 &&
                                                      top.b_count_flits_received > 20); });
    const uint64_t seen = mgmt[0].board.arrived + bulk[0].board.arrived;
    const uint64_t back = mgmt[1].board.arrived + bulk[1].board.arrived;
    wait(60000, "traffic both ways", [&] {
        return mgmt[0].board.arrived + bulk[0].board.arrived > seen + 10 &&
               mgmt[1].board.arrived + bulk[1].board.arrived > back + 10;
    });
    may_be_down = true;
    const int e = int(draw(2));
    ends[e].reset = 1;
    restarted(e);
    cycles(1 + draw(60));
    if (both) {
        ends[!e].reset = 1;
        restarted(!e);
        cycles(1 + draw(20));
        ends[draw(2)].reset = 0;
        cycles(draw(20));
        ends[0].reset = ends[1].reset = 0;
        may_be_down = false;
        wait(4000, "training after reset", both_up);
    } else {
        cycles(draw(3) ? 0 : draw(2000));
        ends[e].reset = 0;
        go_down({PEER_RESET, PEER_DOWN, NO_SIGNAL}, false, "one end reset");
        recover();
    }
}
static void forged() {  // a flit of a peer that breaks the rules, with a good CRC
    drain();
    no_stalls();
    cycles(300);
    may_be_down = true;
    const int e = int(draw(2));
    uint8_t mask[32] = {};
    if (draw(2)) mask[16] = 3;  // type 3
    else mask[19] = 0x80;       // acknowledges what is 128 numbers ahead
    const uint32_t crc = crc_of_change(mask, 28);
    std::memcpy(mask + 28, &crc, 4);
    std::memcpy(lines[e].forge_mask, mask, 32);
    lines[e].forge_phit = lines[e].phits;
    lines[e].forge = 1;
    go_down({PROTOCOL, PEER_DOWN}, false, "a forged flit");
    want(ends[!e].cause, PROTOCOL, "cause of a forged flit");
    lines[e].forge = 0;
    open_all(true);
    recover();
}
static void raw() {
    write(0, CONTROL, 4), write(1, CONTROL, 4);
    cycles(60);
    const int e = int(draw(2));
    uint8_t sent[LANES];
    for (int lane = 0; lane < LANES; ++lane) {
        sent[lane] = uint8_t(draw(256));
        write(e, LANE, sent[lane] << 8 | lane);
        cycle();
    }
    cycles(60);
    for (int lane = 0; lane < LANES; ++lane) {
        write(!e, LANE, lane);
        cycles(4);
        const int late = lines[e].skew[lane] % 8;  // a steady byte arrives turned by its skew
        const uint8_t turned = uint8_t(sent[lane] << late | sent[lane] >> (8 - late));
        const uint8_t got = uint8_t(read(!e, LANE) >> 8);
        const int slip = int(read(!e, LANE) >> 18 & 7);
        const uint8_t back = uint8_t(turned >> slip | turned << (8 - slip));
        want(got, back, "raw byte of lane " + std::to_string(lane));
    }
    write(0, CONTROL, 0), write(1, CONTROL, 0);
    wait(9000, "training after raw mode", both_up);
}

static void trouble(size_t kind, uint64_t total) {
    const uint64_t beats = 200 + draw(400) + draw(total / 1000 + 1);
    const int e = int(draw(2));
    new_traffic();
    if (kind == BIT_ERRORS) {
        for (int d : {0, 1}) {
            threshold(d, std::pow(10.0, -4 - 3e-3 * double(draw(1000))) * 8 * LANES);
        }
        run(beats);
    } else if (kind == LINE_BURSTS) {
        may_be_down = true;  // three trainings may be hit in a row
        for (Channel& line : lines) {
            line.burst_length = SData(1 + draw(20));
            line.burst_all = CData(draw(2));
            line.burst_rate = IData(0x1p32 / double(1000 + draw(8000)));
        }
        run(beats);
        calm();
        recover();
    } else if (kind == NEW_SKEW) {
        run(beats / 2);
        set_lines(draw(2) ? 24 : int(draw(8)), int(draw(40)));
        check_alignment();
        run(beats / 2);
    } else if (kind == LANE_DIES) {
        lane_dies(beats);
    } else if (kind == WEAK_LANE) {
        may_be_down = true;  // errors in a row may be too many
        lines[e].weak(int(draw(LANES)), IData(0x1p32 * std::pow(10.0, -1.5 * double(draw(3)))));
        run(beats);
        calm();
        recover();
    } else if (kind == RETRAINS) {
        for (int i = 0; i < 4; ++i) run(beats / 4), retrain(int(draw(2)));
    } else if (kind == MUTE) {
        may_be_down = true;
        lines[e].mute = 1;
        go_down({NO_ACK, SILENCE}, false, "flits that vanish");
        calm();
        recover();
    } else if (kind == NOISE) {
        may_be_down = true;
        threshold(e, 0.5);
        go_down({NO_ACK, TOO_MANY_ERRORS, SILENCE, TRAINING, BAD_LANES_2, PEER_DOWN, NO_SIGNAL},
                false, "noise");
        calm();
        recover();
    } else if (kind == CUT) {
        may_be_down = true;
        lines[e].cut = 1;
        lines[!e].cut = CData(draw(2));
        go_down({NO_SIGNAL, PEER_DOWN}, true, "a cut line");
        want(ends[!e].cause, NO_SIGNAL, "cause of a cut line");
        calm();
        recover();
    } else if (kind == TWO_DEAD) {
        two_dead();
    } else if (kind == ONE_RESET || kind == BOTH_RESET) {
        reset(kind == BOTH_RESET);
    } else if (kind == FORGED) {
        forged();
    } else if (kind == RAW) {
        run(beats);
        raw();
    } else {
        drain();
        threshold(e, 0.1);
        cycles(3000);
        calm();
        open_all(true);
    }
    calm();
    lane_out[0] = lane_out[1] = -1;
    if (kind != BIT_ERRORS && kind != NEW_SKEW && kind != RETRAINS) {
        wait(9000, "both ends up", both_up);
        retrain(e);
        cycles(300);
        wait(9000, "both ends up", both_up);
    }
    lane_out[0] = lane_out[1] = SPARE;
    run(50);
    cycles(100);
    check_lanes();
}
