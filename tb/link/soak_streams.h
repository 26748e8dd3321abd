// SPDX-License-Identifier: Apache-2.0
//
// Traffic and scoreboards of link_soak.cpp: what enters one end of link_tb must leave the other.
// Everything is drawn from one generator; the expectation comes from what was offered and taken.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>

static std::mt19937_64 generator;
static uint64_t draw(uint64_t below) { return generator() % below; }
static bool chance(double p) { return double(generator() >> 11) * 0x1p-53 < p; }

static uint64_t now;  // cycles
[[noreturn]] static void fail(const std::string& text) {
    std::printf("cycle %llu: %s\n", static_cast<unsigned long long>(now), text.c_str());
    std::exit(1);
}

enum { NO_STALLS, RANDOM, MOSTLY, BURSTS, ALWAYS, STALL_KINDS };
struct Stall {
    int kind = NO_STALLS;
    unsigned left = 0;
    bool stalled = false;
    bool next() {
        if (kind == NO_STALLS || kind == ALWAYS) return kind == ALWAYS;
        if (kind != BURSTS) return draw(100) < (kind == RANDOM ? 40 : 88);
        if (left-- == 0) {
            stalled = !stalled;
            left = unsigned(draw(60));
        }
        return stalled;
    }
};

constexpr int WORDS = BLOCK / 8;  // 64-bit words of a beat
struct Beat {
    uint64_t data[WORDS];
    uint16_t addr, exps, meta;
    uint8_t first, last, empty;
    std::string difference(const Beat& got) const {
        char text[160];
        for (int i = 0; i < WORDS; ++i) {
            if (data[i] == got.data[i]) continue;
            std::snprintf(text, sizeof text, "data word %d: expected %016llx, got %016llx", i,
                          static_cast<unsigned long long>(data[i]),
                          static_cast<unsigned long long>(got.data[i]));
            return text;
        }
        if (addr == got.addr && exps == got.exps && meta == got.meta && first == got.first &&
            last == got.last && empty == got.empty) return "";
        std::snprintf(text, sizeof text, "addr exps meta first last empty: expected %04x %04x %04x "
                      "%d %d %d, got %04x %04x %04x %d %d %d", addr, exps, meta, first, last,
                      empty, got.addr, got.exps, got.meta, got.first, got.last, got.empty);
        return text;
    }
};
struct Message {
    uint64_t data;
    std::string difference(const Message& got) const {
        return data == got.data ? "" : "expected " + std::to_string(data) + ", got " +
                                           std::to_string(got.data);
    }
};

// Expected items of one stream. After one end has begun anew alone (a reset, or clear after
// PROTOCOL or PEER_RESET), what it had sent before may still come out of the other's buffers
// (`old`), and what the other sends is lost until it has begun anew too (`deaf`).
template <typename Item>
struct Board {
    std::string name;
    std::deque<Item> expected, old;
    bool deaf = false;
    uint64_t arrived = 0;
    void compare(const Item& got) {
        std::deque<Item>& queue = old.empty() ? expected : old;
        const std::string at = name + " item " + std::to_string(arrived) + ": ";
        if (queue.empty() || deaf) fail(at + "unexpected");
        const std::string text = queue.front().difference(got);
        if (!text.empty()) fail(at + text);
        queue.pop_front();
        ++arrived;
    }
    void source_anew(bool alone) {
        if (alone) old.insert(old.end(), expected.begin(), expected.end());
        expected.clear();
        deaf = false;
    }
    void sink_anew(bool alone) {
        old.clear();
        deaf = alone;
    }
    bool empty() const { return expected.empty() || deaf; }
};

template <typename Signal>
static void garbage(Signal& signal) {
    uint64_t word = 0;
    for (size_t i = 0; i < sizeof signal; ++i) {
        if (i % 8 == 0) word = generator();
        reinterpret_cast<uint8_t*>(&signal)[i] = uint8_t(word >> 8 * (i % 8));
    }
}

// How the next items are drawn.
struct Mix {
    double jumps = 0.02;       // a beat's address does not follow
    double idle = 0;           // a cycle without an offer
    unsigned longest = 40;     // commands are shorter than so many beats; 0: only signals
    bool fixed = false;        // beats of one endless command
};

template <typename Source, typename Sink>
struct Bulk {
    Source from;
    Sink to;
    Board<Beat> board;
    Stall in, out;
    Mix mix;
    Beat beat{};
    bool open = false, offered = false;
    unsigned left = 0;
    uint64_t taken = 0, taken_beats = 0;  // transfers; those with a beat

    void next() {
        const bool begins = left == 0;
        if (begins) {
            left = mix.longest == 0 ? 0 : unsigned(draw(4) ? draw(mix.longest) : draw(3));
            if (mix.fixed) left = ~0u;
            beat.meta = uint16_t(draw(65536));
            if (!mix.fixed) beat.addr = uint16_t(draw(65536));
        } else {
            beat.addr = chance(mix.jumps) ? uint16_t(draw(65536)) : uint16_t(beat.addr + 1);
        }
        beat.empty = left == 0;
        beat.first = begins;
        if (left > 0) --left;
        beat.last = left == 0;
        beat.exps = beat.empty ? 0 : uint16_t(draw(65536));
        for (uint64_t& word : beat.data) word = beat.empty ? 0 : generator();
    }
    void put() {
        std::memcpy(from.data, beat.data, sizeof beat.data);
        from.addr = beat.addr, from.exps = beat.exps, from.meta = beat.meta;
        from.first = beat.first, from.last = beat.last, from.empty = beat.empty;
        offered = true;
    }
    void drive() {
        if (!offered && open && !in.next() && !chance(mix.idle)) {
            next();
            put();
        } else if (!offered && from.valid) {
            from.addr = uint16_t(draw(65536)), from.first ^= 1, from.empty ^= 1;
        }
        from.valid = offered;
        to.ready = !out.next();
    }
    bool sample(bool source_runs, bool sink_runs) {
        bool moved = false;
        if (source_runs && offered && from.ready) {
            offered = false, moved = true;
            board.expected.push_back(beat);
            ++taken;
            taken_beats += !beat.empty;
        }
        if (sink_runs && to.valid && to.ready) {
            moved = true;
            Beat got;
            std::memcpy(got.data, to.data, sizeof got.data);
            got.addr = to.addr, got.exps = to.exps, got.meta = to.meta;
            got.first = to.first, got.last = to.last, got.empty = to.empty;
            board.compare(got);
        }
        return moved;
    }
    void withdraw() { offered = false, left = 0; }
};

template <typename Source, typename Sink>
struct Messages {
    Source from;
    Sink to;
    Board<Message> board;
    Stall in, out;
    Message message{};
    bool open = false, offered = false;
    double rate = 0.1;
    void put() { from.data = message.data, offered = true; }
    void drive() {
        if (!offered && open && !in.next() && chance(rate)) {
            message.data = generator();
            put();
        }
        from.valid = offered;
        to.ready = !out.next();
    }
    bool sample(bool source_runs, bool sink_runs) {
        bool moved = false;
        if (source_runs && offered && from.ready) {
            offered = false, moved = true;
            board.expected.push_back(message);
        }
        if (sink_runs && to.valid && to.ready) {
            moved = true;
            board.compare(Message{to.data});
        }
        return moved;
    }
    void withdraw() { offered = false; }
};
