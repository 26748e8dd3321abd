// SPDX-License-Identifier: Apache-2.0
//
// Cases of link_peer.cpp on training: alignment, bytes that mislead, the verdict on the lanes.
#pragma once
#include "peer_cases.h"

static void want(uint64_t got, uint64_t expected, const std::string& what) {
    if (got != expected) {
        fail(what + ": expected " + std::to_string(expected) + ", got " + std::to_string(got));
    }
}
static uint32_t read(int index) {
    const bool scanned = scan;
    const int before = top.reg_index;
    scan = false;
    top.reg_index = CData(index);
    cycles(2);
    const uint32_t value = output[(now - 1) % 64].reg;
    top.reg_index = CData(before);
    scan = scanned;
    return value;
}
static void write(int index, uint32_t value) {
    scan = false;
    top.reg_index = CData(index), top.reg_wdata = value, top.reg_write = 1;
    cycle();
    top.reg_write = 0;
}
// From reset, with `state` followed; lanes late by the given bits.
static void watch_states() {
    reset();
    scan = false;
    top.reg_index = STATUS;
    cycles(2);
}
static void in_state(int expected, uint64_t limit = 3000) {
    wait(limit, ("state " + std::to_string(expected)).c_str(), [&] { return state == expected; });
}
static uint64_t lasts(int in) {  // from its first cycle, which was the last one
    uint64_t count = 0;
    in_state(in);
    for (; state == in; ++count) {
        if (count > 10000) fail("state " + std::to_string(in) + " does not end");
        cycle();
    }
    return count;
}
static bool up() { return output[(now - 1) % 64].up; }
static void lanes_late(const std::array<int, LANES>& bits) {
    late = 0;
    for (int lane = 0; lane < LANES; ++lane) {
        skew[lane] = bits[size_t(lane)];
        late = std::max(late, (skew[lane] + 7) / 8);
    }
}
static void check_places() {
    scan = false;
    for (int lane = 0; lane < LANES; ++lane) {
        write(LANE, uint32_t(lane));
        cycle();
        const uint32_t got = read(LANE);
        want(got & 0xFF, uint64_t(lane), "LANE");
        want(got >> 16, uint64_t(32 | skew[lane] % 8 << 2 | (late - (skew[lane] + 7) / 8)),
             "place of lane " + std::to_string(lane));
    }
}
static void good_lanes(uint64_t bad, int skip) {  // of a link that has trained
    want(read(BAD_LANES) | uint64_t(read(BAD_LANES + 1)) << 32, bad, "BAD_LANES");
    const uint32_t status = read(STATUS);
    want(status & 0xFFFF, S_ACTIVE | 1 << 8, "STATUS");
    want(status >> 24, uint64_t(skip), "lane left out for the end");
    want(status >> 16 & 0xFF, uint64_t(peer.ask), "lane left out by the end");
    want(read(COUNTERS + 7), trainings, "TRAININGS");
    want(read(COUNTERS + 8), repairs, "REPAIRS");
    want(read(COUNTERS + 9), lanes_lost, "LANES_LOST");
}

// ---- alignment
static void alignment(int trials) {
    for (int i = 0; i < trials; ++i) {
        reset();
        std::array<int, LANES> bits{};
        const int first = int(draw(8)), odd = int(draw(LANES)), kind = i % 4;
        for (int lane = 0; lane < LANES; ++lane) {
            bits[size_t(lane)] = first + (kind == 0 ? int(draw(25)) : kind == 1 ? 24 * (lane == odd) :
                                          kind == 2 ? 24 * (lane != odd) : int(draw(2)) * 24);
        }
        lanes_late(bits);
        peer.ask = int(draw(LANES));
        peer.lanes.train();
        wait(2000, "training", up);
        repairs = peer.ask != SPARE;
        check_places();
        scan = true;
        traffic({.sends = 0.5}, 150);
        bulk.open = mgmt.open = false;
        good_lanes(0, SPARE);
        lanes_late({});
    }
    for (int lane = 0; lane < LANES; ++lane) {  // one lane too late, or too early
        reset();
        std::array<int, LANES> bits{};
        for (int i = 0; i < LANES; ++i) bits[size_t(i)] = (i == lane) == (lane % 2) ? 31 : 0;
        lanes_late(bits);
        peer.lanes.train();
        wait(2000, "training without a lane that is too late", up);
        if (lane % 2) late = 0;
        repairs = lane != SPARE;
        good_lanes(uint64_t(1) << lane, lane);
        scan = true;
        traffic({.sends = 0.5}, 100);
        bulk.open = mgmt.open = false;
        lanes_late({});
    }
}

// ---- bytes that look almost like a sync, where none is; data that look like one, before training
static void look_alikes(int trials) {
    for (int i = 0; i < trials; ++i) {
        watch_states();
        const int lane = i % LANES, wrong = i / LANES % 16;
        peer.lanes.train();
        in_state(S_ALIGN);
        const int slot = 13 + int(draw(2));  // so near the real one that it would count
        while (peer.lanes.slot != slot) cycle();
        const uint8_t sync[2] = {uint8_t(0xD7 ^ (wrong < 8 ? 1 << wrong : 0)),
                                 uint8_t(0x0B ^ (wrong < 8 ? 0 : 1 << (wrong - 8)))};
        for (uint8_t byte : sync) {
            replaced = uint64_t(1) << lane, shown[size_t(lane)] = byte;
            cycle();
        }
        replaced = 0;
        want(uint64_t(state), S_ALIGN, "the state with a look-alike");
        cycles(12);
        want(state, S_REPAIR, "the state after a look-alike");
        wait(300, "training after a look-alike", up);
        good_lanes(0, SPARE);
    }
    for (int i = 0; i < LANES; ++i) {  // a sync at a wrong bit, once: the lane is found all the same
        watch_states();
        std::array<int, LANES> bits{};
        bits[size_t(i)] = 1 + int(draw(7));
        lanes_late(bits);
        peer.lanes.train();
        in_state(S_DETECT);
        cycles(3 + draw(8));
        for (uint8_t byte : {uint8_t(0xD7), uint8_t(0x0B)}) {
            replaced = uint64_t(1) << i, shown[size_t(i)] = byte;
            cycle();
        }
        replaced = 0;
        wait(2000, "training after data like a sync", up);
        check_places();
        good_lanes(0, SPARE);
        lanes_late({});
    }
}
// Lanes that show a sync once, one after the other, do not add up to a peer.
static void data_for_a_peer() {
    watch_states();
    checking = false;
    in_state(S_DETECT);
    replaced = (uint64_t(1) << LANES) - 1;
    shown.fill(0xAA);
    for (int lane = 0; lane < LANES; ++lane) {
        std::vector<int> bits;  // a sync at each place in a byte, 17 bits apart
        for (int copy = 0; copy < 8; ++copy) {
            for (int i = 0; i < 16; ++i) bits.push_back(0x0BD7 >> i & 1);
            bits.push_back(0);
        }
        cycles(28 + draw(10));
        for (size_t at = 0; at < bits.size(); at += 8) {
            shown[size_t(lane)] = 0;
            for (size_t i = 0; i < 8; ++i) shown[size_t(lane)] |= uint8_t(bits[at + i] << i);
            cycle();
        }
        shown[size_t(lane)] = 0xAA;
        want(uint64_t(state), S_DETECT, "state after data that look like a sync");
    }
    replaced = 0;
    peer.lanes.train();
    wait(2000, "training after data that look like a sync", up);
    check_places();
}

// ---- the verdict on a lane: 11 wrong bytes of 44
static void spoil(const std::vector<int>& lanes) {
    for (int lane : lanes) change[size_t(lane)] = uint8_t(1 + draw(255));
}
static void verdicts() {
    for (int lane = 0; lane < LANES; ++lane) {
        for (int kind = 0; kind < 5; ++kind) {
            // 44 bytes are judged; the last one goes on the line 41 cycles after REPAIR has begun.
            const int wrong = kind == 0 ? 10 : kind == 4 ? 27 : 11;
            const int from = kind == 3 ? 30 : kind == 2 ? 29 : kind == 4 ? 0 : int(draw(29));
            const bool bad = kind == 1 || kind == 2 || kind == 4;
            watch_states();
            peer.ask = int(draw(LANES));
            peer.lanes.train();
            in_state(S_REPAIR);
            cycles(uint64_t(from));
            for (int i = 0; i < wrong; ++i) spoil({lane}), cycle();
            wait(600, "training with a weak lane", up);
            repairs = (bad && lane != SPARE) || peer.ask != SPARE;
            good_lanes(bad ? uint64_t(1) << lane : 0, bad ? lane : SPARE);
            scan = true;
            traffic({.sends = 0.5}, 60);
            bulk.open = mgmt.open = false;
        }
    }
}
// Less than half of the lanes are wrong: the majority decides, also in the one sequence with GO.
static void minorities(int trials) {
    for (int i = 0; i < trials; ++i) {
        watch_states();
        const bool dead = i % 2;
        const int gone = int(draw(LANES));
        std::vector<int> weak;
        for (int lane = int(draw(LANES)); int(weak.size()) < (LANES - dead - 1) / 2; ++lane) {
            if (!dead || lane % LANES != gone) weak.push_back(lane % LANES);
        }
        if (dead) replaced = uint64_t(1) << gone, shown[size_t(gone)] = uint8_t(draw(256));
        peer.lanes.train();
        in_state(S_REPAIR);
        uint64_t spent = 0;
        for (; !up(); cycle(), ++spent) {
            if (reader.last.phase != SEEK && peer.lanes.mode == LaneWriter::TRAIN) spoil(weak);
            if (spent > 200) fail("weak lanes outvote the others");
        }
        repairs = dead && gone != SPARE;
        good_lanes(dead ? uint64_t(1) << gone : 0, dead ? gone : SPARE);
        replaced = 0;
    }
}

static void training_cases(int trials) {
    alignment(trials);
    look_alikes(std::min(16 * LANES, 4 * trials));
    data_for_a_peer();
    verdicts();
    minorities(trials);
}
