// SPDX-License-Identifier: Apache-2.0
//
// Cases of link_peer.cpp on the states of the link: the limit of each, the way down and back, lanes
// that stop, codes, raw mode.
#pragma once
#include "peer_training.h"

// ---- limits of states: a timer is 0 in the first cycle of a state
static void ends_down(int cause, uint64_t bad) {
    checking = false;
    wait(20000, "the end to give up", [] { return top.link_down; });
    want(top.link_cause, uint64_t(cause), "cause");
    want(read(BAD_LANES) | uint64_t(read(BAD_LANES + 1)) << 32, bad, "BAD_LANES of an end that is down");
    cycles(40);
    want(reader.last.phase, DOWN, "what an end that is down says");
    want(reader.last.cause, uint64_t(cause), "cause in its sequences");
}
static void limits_of_states() {
    watch_states();  // no peer
    want(lasts(S_RESET), 16, "cycles in RESET");
    checking = false;
    want(lasts(S_DETECT), DETECT_LIMIT + 1, "cycles in DETECT");
    ends_down(NO_SIGNAL, 0);

    watch_states();  // a dead lane
    const int dead = int(draw(SPARE));
    replaced = uint64_t(1) << dead, shown[size_t(dead)] = 0;
    peer.lanes.train();
    want(lasts(S_TRAIN), 230 + 1, "cycles in TRAIN without a lane");
    wait(600, "training without a lane", up);
    replaced = 0;

    watch_states();  // two groups of lanes too far apart
    std::array<int, LANES> bits{};
    for (int lane = 0; lane < LANES; lane += 2) bits[size_t(lane)] = 31;
    lanes_late(bits);
    peer.lanes.train();
    checking = false;
    want(lasts(S_ALIGN), 128 + 1, "cycles in ALIGN");
    ends_down(TRAINING, 0);
    lanes_late({});

    watch_states();  // a peer that judges for ever
    peer.lanes.train();
    peer.held = true;
    for (int attempt = 0; attempt < 3; ++attempt) {
        checking = attempt == 0;
        want(lasts(S_REPAIR), 4096 + 1, "cycles in REPAIR");
        want(state, uint64_t(attempt < 2 ? S_DETECT : S_DOWN), "state after REPAIR");
        checking = false;
    }
    ends_down(TRAINING, 0);

    for (int wrong : {3, 4}) {  // bad sequences in a row
        watch_states();
        peer.lanes.train();
        peer.held = true;
        in_state(S_REPAIR);
        cycles(100);
        while (peer.lanes.slot != 0) cycle();
        for (int i = 0; i < 16 * wrong; ++i) {
            if (i % 16 == 14) for (int lane = 0; lane < LANES; ++lane) change[size_t(lane)] = 0x10;
            cycle();
        }
        cycles(6);  // the verdict comes five cycles after the last byte; STATUS is a cycle late
        want(uint64_t(state), S_REPAIR, "state before the verdict");
        cycle();
        want(state == S_REPAIR, wrong == 3, std::to_string(wrong) + " bad sequences: still in REPAIR");
    }

    watch_states();  // two bad lanes
    const int first = int(draw(LANES)), second = (first + 1 + int(draw(LANES - 1))) % LANES;
    peer.lanes.train();
    for (int attempt = 0; attempt < 3; ++attempt) {
        checking = attempt < 2;
        in_state(S_REPAIR);
        for (int i = 0; i < 11; ++i) spoil({first, second}), cycle();
        in_state(attempt < 2 ? S_DETECT : S_DOWN);
    }
    ends_down(BAD_LANES_2, uint64_t(1) << first | uint64_t(1) << second);

    watch_states();  // the peer gives up
    peer.lanes.train();
    peer.held = true;
    in_state(S_REPAIR);
    peer.lanes.want.phase = DOWN;
    ends_down(PEER_DOWN, 0);

    start();  // the peer has been reset
    traffic({.sends = 0.5}, 200);
    scan = false, top.reg_index = STATUS;
    peer.begin();
    peer.fresh = true;
    checking = false;
    for (uint64_t left = 6000; !top.link_down; cycle()) {
        peer.fresh = true;
        if (left-- == 0) fail("a peer that was reset is not seen");
    }
    ends_down(PEER_RESET, 0);
}

// An end that is down says so for 128 cycles, is silent, and comes back with more than half of the
// lanes.
static void down_and_back() {
    watch_states();
    checking = false;
    in_state(S_DOWN, DETECT_LIMIT + 100);
    uint64_t said = 0;
    for (; reader.mode != LaneReader::QUIET && said < 1000; ++said) cycle();
    want(said, 128 - 1 + 1, "cycles in which an end that is down says so");
    cycles(300);
    for (const int alive : {LANES / 2, LANES / 2 + 1}) {
        for (int i = 0; i < 400; ++i) {
            replaced = (uint64_t(1) << LANES) - 1;
            for (int lane = 0; lane < LANES; ++lane) {
                shown[size_t(lane)] = (lane * 7 + 3) % LANES < alive ? uint8_t(generator()) : 0;
            }
            cycle();
        }
        want(state == S_DOWN, alive == LANES / 2, "down with " + std::to_string(alive) + " lanes");
    }
    replaced = 0;
    top.clear = 1;
    cycle();
    top.clear = 0;
    peer.lanes.train();
    wait(3000, "training after DOWN", up);
}

// ---- a lane that stops: never changed in eight samples, one in seven cycles
static void stopped_lanes() {
    for (int trial = 0; trial < 3 * LANES; ++trial) {
        const int lane = trial % LANES, kind = trial / LANES;  // 0: stops; else one bit lives on
        start();
        peer.quiet = true;
        const uint64_t active = now - 1;  // first cycle of ACTIVE
        cycles(draw(100));
        const uint64_t stopped = now;
        uint64_t first = active;  // sample of a window
        while ((first - reader.released) % 7 != 6) ++first;
        uint64_t before = first - 7;  // the last sample that sees the lane alive, two cycles late
        while (before + 7 < stopped + 2) before += 7;
        const uint8_t held = arrived[(before - 2) % 64][size_t(lane)] ^ uint8_t(1 + draw(255));
        const uint8_t bit = uint8_t(1 << draw(8));
        while (first < stopped + 9) first += 56;
        const uint64_t lost = first + 49 + 2;  // `up` falls
        const bool matters = kind == 0 && lane != SPARE;
        replaced = uint64_t(1) << lane;
        // The frame lane must say nothing: it stops at what an idle cycle has.
        for (; now < lost + 120; cycle()) {
            shown[size_t(lane)] = uint8_t(kind ? held ^ (now / 56 % 2 ? bit : 0) : held);
            if (lane == SPARE - 1) checking = false;
            may_retrain = matters && now >= lost - 1;
            if (matters && now > lost && up()) fail("a stopped lane is not seen");
            if (now <= lost && !up() && lane != SPARE - 1) fail("a lane is lost too early");
            if (matters && now > lost + 4) break;
        }
        may_retrain = false;
        replaced = 0;
        if (lane == SPARE - 1) continue;
        want(up(), !matters, "up with lane " + std::to_string(lane));
        want(read(COUNTERS + 9), matters, "LANES_LOST");
    }
}

// ---- three RETRAIN codes, and no fewer
static void codes() {
    for (int count : {2, 3}) {
        start();
        cycles(50);
        peer.quiet = true;
        wait(100, "an idle line", [] { return peer.line.empty(); });
        peer.follows = false;
        for (int i = 0; i < count; ++i) peer.line.push_back({RETRAIN, {}});
        cycles(2);
        for (uint64_t i = 0; i < 12; ++i) may_retrain = count == 3, cycle();
        may_retrain = false;
        want(up(), count == 2, std::to_string(count) + " codes: up");
    }
}

// ---- raw mode: a lane keeps what is written
static void raw_lanes() {
    start();
    scan = checking = false;
    raw = true;
    write(CONTROL_REGISTER, 4);
    Word expected;
    for (int lane = 0; lane < LANES; ++lane) {
        expected[size_t(lane)] = uint8_t(draw(256));
        write(LANE, uint32_t(expected[size_t(lane)] << 8 | lane));
        cycle();
    }
    for (int i = 0; i < 20; ++i) {
        const int lane = int(draw(LANES));
        cycles(1 + draw(3));
        want(std::memcmp(&top.lane_tx, expected.data(), LANES), 0, "lanes in raw mode");
        expected[size_t(lane)] = uint8_t(draw(256));
        write(LANE, uint32_t(expected[size_t(lane)] << 8 | lane));
        cycles(2);
        replaced = (uint64_t(1) << LANES) - 1;
        for (uint8_t& byte : shown) byte = uint8_t(draw(256));
        cycles(5);
        want(read(LANE) >> 8 & 0xFF, shown[size_t(lane)], "what a lane brings in raw mode");
        replaced = 0;
    }
    raw = false;
}

static void state_cases() {
    limits_of_states();
    down_and_back();
    stopped_lanes();
    codes();
    raw_lanes();
}
