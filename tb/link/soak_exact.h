// SPDX-License-Identifier: Apache-2.0
//
// What a link of link_soak.cpp must do exactly, on good lines and when it gives up.
#pragma once

// ---- counters only grow, and the ports show what the registers show
static uint32_t counted[2][18];
static void check_counters() {
    for (int e : {0, 1}) {
        uint32_t trips = 0;
        for (int i = 0; i < 18; ++i) {
            const uint32_t value = read(e, i < 10 ? FLITS_SENT + i : HISTOGRAM + i - 10);
            if (value < counted[e][i]) {
                fail("counter " + std::to_string(i) + " fell from " +
                     std::to_string(counted[e][i]) + " to " + std::to_string(value));
            }
            counted[e][i] = value;
            if (i >= 10) trips += value;
        }
        if (trips > counted[e][0]) fail("more round trips than flits");
    }
}

// ---- state of the lanes
static int lane_out[2];  // lane that each direction should leave out, -1 if not known

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
// One channel blocked while the other flows, both ways: what is under way is the receiver's room and
// the transmitter's FIFO, whatever the flits of the other channel announce.
static void held_beside_traffic() {
    for (int kind : {0, 1, 2}) {
        for (int e : {0, 1}) {
            bulk[e].withdraw();
            bulk[e].mix = {0, 0, kind == 1 ? 0u : 40u, kind == 0};
            (kind < 2 ? bulk[e].out : mgmt[e].out).kind = ALWAYS;
            mgmt[e].rate = 0.5;
        }
        open_all(true);
        cycles(RX_BEATS * 6 + 80 * CONTROLS + 1500);
        for (int e : {0, 1}) {
            const size_t under_way =
                kind < 2 ? bulk[e].board.expected.size() : mgmt[e].board.expected.size();
            want(under_way, kind == 0 ? RX_BEATS + 5 : kind == 1 ? RX_FLITS + 5 : MGMT_DEPTH + 2,
                 "held beside traffic, kind " + std::to_string(kind));
        }
        no_stalls();
        drain();
    }
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
    for (int e : {0, 1}) {  // messages beside bulk at full rate, in turn with it
        mgmt[e].rate = 1;
        mgmt[e].open = true;
        count[e] = mgmt[e].board.arrived;
    }
    cycles(40 * (16 + 2 * CONTROLS));
    for (int e : {0, 1}) {
        const uint64_t got = mgmt[e].board.arrived - count[e];
        if (got < 30) fail("messages beside bulk: " + std::to_string(got) + " in 40 flits' time");
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
    held_beside_traffic();
    bulk[0].withdraw(), bulk[1].withdraw();
    counters(end);
    for (int e : {0, 1}) {
        want(end[e][5] - start[e][5], uint32_t(bulk[e].taken_beats - taken[e]), "BEATS_SENT");
        want(end[!e][6] - start[!e][6], uint32_t(bulk[e].taken_beats - taken[e]), "BEATS_RECEIVED");
        want(end[e][0] - start[e][0], end[!e][1] - start[!e][1], "flits sent and received");
        for (int i : {2, 3, 7, 8, 9}) want(end[e][i], start[e][i], "counter " + std::to_string(i));
    }
}


// ---- the limits after which an end gives up; everything has come, the link is idle
static void between(uint64_t got, uint64_t least, uint64_t most, const std::string& what) {
    if (got < least || got > most) {
        fail(what + ": " + std::to_string(got) + ", not " + std::to_string(least) + " to " +
             std::to_string(most));
    }
}
static void quiet_link() {
    calm();
    no_stalls();
    drain();
    cycles(300);
    may_be_down = true;
}
// A lane that stops on an idle link is found without any traffic, and taken back; every lane.
static void lanes_stop() {
    const int e = int(draw(2));
    for (int lane = 0; lane < SPARE; ++lane) {
        quiet_link();
        const uint32_t lost = read(!e, LANES_LOST), repairs = read(!e, REPAIRS);
        lines[e].fault(lane, 1 + int(draw(2)));
        wait(112 + top.latency + 10, "a stopped lane to be seen", [&] { return !ends[!e].up; });
        cycles(20);
        wait(2000, "training without the lane", both_up);
        want(read(!e, LANES_LOST) - lost, 1, "LANES_LOST");
        want(read(!e, REPAIRS) - repairs, 1, "REPAIRS");
        lane_out[e] = lane;
        check_lanes();
        may_be_down = false;
        calm();
        retrain(!e);
        lane_out[e] = SPARE;
        cycles(100);
        check_lanes();
    }
}

static uint64_t until_down(int e, int cause, const char* what) {
    const uint64_t from = now;
    wait(60000, what, [&] { return ends[e].down; });
    want(ends[e].cause, cause, what);
    return now - from;
}
static void limits() {
    const int e = int(draw(2));
    const uint64_t way = top.latency + words_late(e) + 40;
    quiet_link();  // no good flit: SILENCE, from the last refresh on
    uint32_t phits = lines[e].phits;
    wait(REFRESH + 20, "a refresh", [&] { return lines[e].phits != phits; });
    cycles(CONTROLS);
    lines[e].mute = 1;
    between(until_down(!e, SILENCE, "silence"), SILENCE_CYCLES - 5, SILENCE_CYCLES + way, "silence");
    calm();
    recover();

    quiet_link();  // no acknowledgement: MAX_TIMEOUTS times TIMEOUT
    lines[!e].mute = 1;
    uint32_t replays = read(e, REPLAYS);
    mgmt[e].message.data = generator();
    mgmt[e].put();
    const uint64_t least = MAX_TIMEOUTS * TIMEOUT;
    between(until_down(e, NO_ACK, "timeouts"), least, least + 40, "timeouts");
    want(read(e, REPLAYS) - replays, MAX_TIMEOUTS, "replays after timeouts");
    calm();
    recover();

    for (const bool busy : {true, false}) {  // nothing passes, though the lanes can be trained
        quiet_link();
        bulk[e].open = busy;
        replays = read(e, REPLAYS);
        const uint64_t before = bulk[e].board.arrived;
        const uint32_t trainings = read(!e, TRAININGS), errors = read(!e, ERRORS);
        const int victim = busy ? e : !e;
        int spent = 0;
        while (!ends[victim].down) {
            lines[e].errors = ends[e].up ? 0xFFFFFFFFu : 0;
            cycle();
            quiet = 0;
            if (++spent > 600000) fail("errors in a row do not end");
        }
        want(ends[victim].cause, TOO_MANY_ERRORS, "errors in a row");
        lines[e].errors = 0;
        if (busy) {
            const bool progress = bulk[e].board.arrived != before;  // rarely, one passes
            between(read(e, REPLAYS) - replays, MAX_REPLAYS,
                    progress ? 100 * MAX_REPLAYS : MAX_REPLAYS + 1, "replays in a row");
        } else {
            const uint32_t more = 1000;  // a flit passes at times: link_peer.cpp knows when
            between(read(!e, TRAININGS) - trainings, 7, 8 * more, "trainings without a good flit");
            between(read(!e, ERRORS) - errors, 8 * 16, 8 * 22 * more, "errors without a good flit");
        }
        calm();
        recover();
    }
    open_all(true);
}
