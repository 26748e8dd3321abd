// SPDX-License-Identifier: Apache-2.0
//
// What link_peer.cpp does to the end.
#pragma once
#include "peer_end.h"

static uint32_t total[7];
static void cycles(uint64_t count) { while (count-- > 0) cycle(); }
template <typename Condition>
static void wait(uint64_t limit, const char* what, Condition condition) {
    for (uint64_t left = limit; !condition(); cycle()) {
        if (left-- == 0) fail(std::string("waited for ") + what);
    }
}
static void reset() {
    for (int i = 0; i < 7; ++i) total[i] += model.counters[i];
    checking = false;
    peer = {}, reader = {}, model = {};
    bulk.withdraw(), mgmt.withdraw();
    bulk.open = mgmt.open = false;
    bulk.left = 0;
    bulk.in = bulk.out = mgmt.in = mgmt.out = {};
    bulk.mix = {}, mgmt.rate = 0.1;
    top.rst = 1;
    top.clear = top.reg_write = 0;
    for (int i = 0; i < 4; ++i) cycle();
    top.rst = 0;
    reader = {};
    reader.released = now;
    trainings = repairs = lanes_lost = 0;
    checking = scan = true;
}
static void bring_up() {
    peer.lanes.train();
    wait(2000, "training", [] { return output[(now - 1) % 64].up; });
}
static void start() {
    reset();
    cycles(draw(40));
    bring_up();
}

static void traffic(const Manners& manners, uint64_t count) {
    peer.manners = manners;
    for (Stall* stall : {&bulk.in, &bulk.out, &mgmt.in, &mgmt.out}) {
        stall->kind = int(draw(3) ? draw(BURSTS + 1) : NO_STALLS);
    }
    bulk.mix = {draw(2) ? 0.0 : 0.1, draw(3) ? 0.0 : 0.5, draw(3) ? 40u : draw(2) ? 3u : 0u, false};
    mgmt.rate = draw(3) ? 0.02 : 1.0;
    bulk.open = mgmt.open = true;
    cycles(count);
}
static void traffic_cases(uint64_t count) {
    const Manners clean, busy{.sends = 1, .acknowledges = 1};
    Manners slow = clean, wrong = busy, deaf = clean, noisy = clean, tight = busy, odd = busy;
    slow.grants = 0.01, slow.beats = 20, slow.flits = 3, slow.messages = 1;
    wrong.spoils = 0.2, wrong.repeats = 0.1;
    deaf.refuses = 0.1, deaf.ignores = 0.05;
    noisy.noise = 0.02, noisy.breaks = 0.2, noisy.skips = 0.1;
    tight.beats = 8, tight.flits = 1, tight.messages = 1, tight.refuses = 0.05;
    odd.spoils = odd.breaks = odd.skips = odd.refuses = 0.03, odd.beats = 500, odd.flits = 100;
    for (const Manners& manners : {clean, busy, slow, wrong, deaf, noisy, tight, odd}) {
        start();
        traffic(manners, count);
    }
}

// ---- ways to go down; Model knows the cause and the cycle
static void gives_up(int cause) {
    wait(40000, "the end to give up", [] { return top.link_down; });
    if (top.link_cause != cause) fail("the end gave up for cause " + std::to_string(top.link_cause));
}
static void goes_on(const Manners& manners) {
    cycles(draw(100));
    peer.quiet = false;
    peer.manners = manners;
    top.clear = 1;
    cycle();
    top.clear = 0;
    wait(3000, "training", [] { return output[(now - 1) % 64].up; });
    traffic(manners, 400);
}
static void watchdogs() {
    const Manners clean, busy{.sends = 1, .acknowledges = 1};
    Manners refuses = busy, noisy = clean;
    refuses.refuses = 1;
    noisy.noise = 0.3;
    start();
    cycles(100);
    peer.quiet = true;
    mgmt.open = true, mgmt.rate = 1;
    gives_up(NO_ACK);
    goes_on(clean);
    start();
    traffic(refuses, 0);
    gives_up(TOO_MANY_ERRORS);
    goes_on(busy);
    start();
    peer.quiet = true;
    peer.manners = noisy;
    gives_up(TOO_MANY_ERRORS);
    goes_on(clean);
    start();
    peer.quiet = true;
    gives_up(SILENCE);
    goes_on(busy);
    for (int trial = 0; trial < 12; ++trial) {  // what is not acknowledged fills the replay buffer
        Manners roomy = clean;
        roomy.beats = 500, roomy.flits = roomy.messages = 100;
        start();
        traffic(roomy, 250 + draw(400));
        bulk.in = mgmt.in = {};
        bulk.mix = {0, 0, trial % 3 ? 40u : 0u, trial % 3 > 0};
        peer.quiet = true;
        bulk.open = true;
        cycles(600);
        peer.quiet = false;
        cycles(1500);
    }
}

// ---- flits with a good CRC that break the rules
static void want_errors(uint32_t count) {
    if (model.counters[3] != count) fail("too few errors in flits that are too long");
}
static void idle_line() {
    bulk.open = mgmt.open = false;
    peer.manners.sends = 0;
    peer.manners.acknowledges = 1;
    cycles(400);
    peer.quiet = true;
}
static void broken_rules() {
    start();
    idle_line();
    for (int count = 9; count < 16; ++count) {  // longer than a flit can be: dropped as an error
        Flit flit = peer.header();
        flit.generation = peer.last.nak;
        peer.fill(flit, count);
        peer.send(flit);
        cycles(60 + uint64_t(CONTROLS));
    }
    want_errors(7);
    for (int type = 3; type < 8; ++type) {
        start();
        idle_line();
        Flit flit = peer.header();
        flit.type = type;
        peer.send(flit);
        gives_up(PROTOCOL);
    }
    for (int ahead : {1, 2, 16, 64, 127, 128, 254, 255}) {
        start();
        traffic({}, 300);
        idle_line();
        Flit flit = peer.header();
        flit.ack = uint8_t(flit.ack + ahead);
        peer.send(flit);
        gives_up(PROTOCOL);
    }
    for (int kind : {0, 1, 2}) {  // more beats, flits, messages than the end has room for
        start();
        bulk.out.kind = mgmt.out.kind = ALWAYS;
        peer.manners = {.sends = 1, .acknowledges = 1};
        peer.manners.bulk = kind < 2, peer.manners.mgmt = kind == 2;
        peer.manners.longest = kind == 1 ? 0 : 8, peer.manners.shortest = 8;
        peer.manners.signals = kind == 1;
        cycles(1500 + 20 * RX_BEATS);
        if (top.link_down) fail("down within its credits");
        peer.quiet = true;
        wait(100, "an idle line", [] { return peer.line.empty(); });
        const int room = (peer.limit_beats - peer.used_beats) & 1023;
        Flit flit = peer.header();
        if (kind == 2) flit.type = MGMT_FLIT;
        if (kind < 2) peer.fill(flit, kind == 0 ? room + 1 + int(draw(uint64_t(8 - room))) : 0);
        flit.seq = uint8_t(peer.base + peer.kept.size());
        peer.send(flit);
        gives_up(PROTOCOL);
    }
}

// ---- counters that have counted far
static void long_counts() {
    const Manners quick{.sends = 0, .acknowledges = 1};
    start();
    peer.manners = quick;
    mgmt.open = true, mgmt.rate = 1;
    cycles(16000);
    start();
    peer.manners = {.sends = 1, .acknowledges = 1};
    bulk.open = true;
    cycles(16000);
    peer.manners.noise = 0.5;
    cycles(8000);
    start();
    peer.manners = quick;
    peer.manners.beats = 0;
    bulk.open = true, bulk.mix = {0, 0, 40, true};
    cycles(17500);
}
