// SPDX-License-Identifier: Apache-2.0
//
// The troubles of link_soak.cpp.
#pragma once
#include <cmath>

static uint32_t crc_of_change(const uint8_t* bytes, int count) {  // CRC-32C of a difference
    uint32_t crc = 0;
    for (int i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return crc;
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
    std::fill(counted[e], counted[e] + 18, 0);
    cycles(1 + draw(60));
    if (both) {
        ends[!e].reset = 1;
        restarted(!e);
        std::fill(counted[!e], counted[!e] + 18, 0);
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
// The next control word of end e, with a good CRC, is another one in some bits of a byte.
static void forge(int e, int byte, int change) {
    uint8_t mask[32] = {};
    mask[byte] = uint8_t(change);
    const uint32_t crc = crc_of_change(mask, 28);
    std::memcpy(mask + 28, &crc, 4);
    std::memcpy(lines[e].forge_mask, mask, 32);
    lines[e].forge_phit = lines[e].phits;
    lines[e].forge = 1;
}
static void forged(int kind) {  // a peer that breaks the rules
    drain();
    no_stalls();
    cycles(300);
    may_be_down = true;
    const int e = int(draw(2));
    int victim = !e;
    if (kind < 2) {
        if (kind == 0) forge(e, 16, 3);  // an unknown type
        else forge(e, 19, 0x80);         // acknowledges what was never sent
    } else {  // announces room that end e does not have
        victim = e;
        bulk[!e].withdraw();
        bulk[!e].mix = {0, 0, 0, kind == 2};
        bulk[!e].out.kind = mgmt[!e].out.kind = ALWAYS;
        mgmt[!e].rate = 1;
        (kind == 4 ? mgmt[!e].open : bulk[!e].open) = true;
        cycles(RX_BEATS * 3 + 40 * CONTROLS + 300);
        if (kind == 2) forge(e, 21, 1);
        else if (kind == 3) forge(e, 21, 0x80);
        else forge(e, 23, 1);
    }
    go_down({PROTOCOL, PEER_DOWN}, false, "a forged flit");
    want(ends[victim].cause, PROTOCOL, "cause of a forged flit");
    lines[e].forge = 0;
    if (kind < 2) open_all(true);
    recover();
    no_stalls();
    open_all(true);
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
        for (int forgery = 0; forgery < 5; ++forgery) {
            forged(forgery);
            run(50);
        }
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
    check_counters();
}
