// SPDX-License-Identifier: Apache-2.0
//
// The lanes of a link as docs/link/phy.md defines them: what a peer puts on them, and a reader that
// accepts nothing else. Shares nothing with rtl/link.
#pragma once
#include <array>

#include "soak_streams.h"

constexpr int LANES = BLOCK / 2 + 2, SPARE = LANES - 1, DATA_LANES = LANES - 2;
enum { SEEK, ASK, READY, GO, DOWN = 7 };
using Word = std::array<uint8_t, LANES>;

struct Phit {
    uint8_t frame = 0;
    std::array<uint8_t, DATA_LANES> data{};
    bool operator==(const Phit& other) const { return frame == other.frame && data == other.data; }
};

struct Scrambler {  // b[n] = b[n-18] ^ b[n-23]
    uint32_t state = 0x2EDF23;
    uint8_t key(int lane) const { return uint8_t(state ^ state >> (7 + lane % 8)); }
    void next() {
        for (int bit = 0; bit < 8; ++bit) state = state >> 1 | ((state ^ state >> 5) & 1) << 22;
    }
};

struct Training {
    int phase = SEEK, fresh = 1, ask = SPARE, skip = SPARE, cause = 0;
    std::array<uint8_t, 16> text() const {
        std::array<uint8_t, 16> bytes{0xD7, 0x0B, uint8_t(phase | fresh << 4), uint8_t(ask),
                                      uint8_t(skip), uint8_t(cause)};
        unsigned crc = 0xFFFF;
        for (int i = 2; i < 14; ++i) {
            for (int bit = 7; bit >= 0; --bit) {
                const bool carry = (crc >> 15 ^ bytes[i] >> bit) & 1;
                crc = (crc << 1 ^ (carry ? 0x1021 : 0)) & 0xFFFF;
            }
        }
        bytes[14] = uint8_t(crc >> 8), bytes[15] = uint8_t(crc);
        return bytes;
    }
};

// What a sender puts on its lanes. `want` counts from the next sequence on; after one with GO come
// data, until `train` is called.
struct LaneWriter {
    enum { SILENT, TRAIN, DATA } mode = SILENT;
    Training want, sending;
    Scrambler scrambler;
    int slot = 0;
    uint64_t sequences = 0;  // sent to the end
    void train() { mode = TRAIN, slot = 0, scrambler = {}, want = {}; }
    Word next(const Phit& phit) {
        Word word{};
        if (mode == SILENT) return word;
        if (mode == DATA) {
            for (int lane = 0; lane < LANES; ++lane) {
                const int logical = lane < sending.skip ? lane : lane - 1;
                const uint8_t byte = lane == sending.skip ? 0 :
                                     logical == DATA_LANES ? phit.frame : phit.data[logical];
                word[lane] = byte ^ scrambler.key(lane);
            }
            scrambler.next();
            return word;
        }
        if (slot == 0) sending = want, scrambler = {};
        const uint8_t byte = sending.text()[slot];
        for (int lane = 0; lane < LANES; ++lane) {
            word[lane] = slot < 2 ? byte : byte ^ scrambler.key(lane);
        }
        scrambler.next();
        slot = (slot + 1) % 16;
        if (slot == 0) {
            ++sequences;
            scrambler = {};
            if (sending.phase == GO) mode = DATA;
        }
        return word;
    }
};

// Follows the lanes of the end under test; sequences begin every 16 cycles from reset.
struct LaneReader {
    enum { QUIET, TRAIN, DATA } mode = QUIET;
    Training last;
    Scrambler scrambler;
    std::array<uint8_t, 16> text{};
    int slot = 0, codes = 0;
    uint64_t sequences = 0, released = 0;
    Phit phit;  // of this cycle, in DATA

    void feed(const Word& word) {
        const bool grid = (now - released) % 16 == 1;
        phit = {};
        if (mode == DATA && codes >= 9 && grid) mode = QUIET;
        if (mode == DATA) return data(word);
        bool silent = true;
        for (uint8_t byte : word) silent &= byte == 0;
        if (mode == QUIET && silent) return;
        if (mode == QUIET && last.phase == DOWN && !grid) return;  // the rest of a sequence's time
        if (mode == QUIET) mode = TRAIN, slot = 0;
        if (slot == 0 && !silent && !grid) fail("a training sequence off the grid");
        if (silent && (slot == 0 || last.phase == DOWN)) {
            mode = QUIET;
            return;
        }
        if (slot == 0) scrambler = {};
        text[slot] = word[0] ^ (slot < 2 ? 0 : scrambler.key(0));
        for (int lane = 0; lane < LANES; ++lane) {
            const uint8_t byte = word[lane] ^ (slot < 2 ? 0 : scrambler.key(lane));
            if (byte != text[slot]) {
                fail("byte " + std::to_string(slot) + " of a training sequence: lane " +
                     std::to_string(lane) + " brings " + std::to_string(byte) + ", lane 0 " +
                     std::to_string(text[slot]));
            }
        }
        scrambler.next();
        if (++slot < 16) return;
        slot = 0;
        ++sequences;
        last = {text[2] & 15, text[2] >> 4, text[3], text[4], text[5]};
        if (last.text() != text) fail("a training sequence is not as defined");
        if (last.phase == GO) mode = DATA, scrambler = {}, codes = 0;
    }
    void data(const Word& word) {
        for (int lane = 0; lane < LANES; ++lane) {
            const uint8_t byte = word[lane] ^ scrambler.key(lane);
            const int logical = lane < last.skip ? lane : lane - 1;
            if (lane == last.skip) {
                if (byte != 0) fail("the lane left out does not carry the scrambler");
            } else if (logical == DATA_LANES) {
                phit.frame = byte;
            } else {
                phit.data[logical] = byte;
            }
        }
        scrambler.next();
        codes = phit.frame == 0xFF ? codes + 1 : 0;
        if (codes > 24) fail("RETRAIN codes do not end");
        if (phit.frame == 0 || phit.frame == 0xFF) {
            for (uint8_t byte : phit.data) if (byte != 0) fail("data in an idle cycle");
        }
    }
};
