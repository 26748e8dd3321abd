// SPDX-License-Identifier: Apache-2.0
//
// Corrupts flits in front of link_crc: `link_residual <seed> <flits>` prints one line of JSON for
// each error pattern and flit length: how many of so many flits with an error pass the check. The
// CRC of a flit is computed here bit by bit. CRC_BITS and POLYNOMIAL (reflected) are defined
// by the build.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "Vlink_crc.h"
#include "verilated.h"

constexpr int PHIT = 256, WORDS = PHIT / 64;
using Flit = std::vector<uint64_t>;
static std::mt19937_64 generator;
static size_t draw(size_t below) { return size_t(generator() % below); }
static void flip(Flit& flit, size_t bit) { flit[bit / 64] ^= 1ull << bit % 64; }

static void put_crc(Flit& flit) {  // into the last CRC_BITS bits
    uint32_t crc = 0xFFFFFFFFu >> (32 - CRC_BITS);
    const size_t end = 64 * flit.size() - CRC_BITS;
    for (size_t i = 0; i < end; ++i) {
        const bool bit = (crc ^ flit[i / 64] >> i % 64) & 1;
        crc = crc >> 1 ^ (bit ? uint32_t(POLYNOMIAL) : 0);
    }
    for (int i = 0; i < CRC_BITS; ++i) {
        const uint64_t place = 1ull << (end + i) % 64;
        uint64_t& word = flit[(end + i) / 64];
        word = (crc >> i & 1) ? word | place : word & ~place;
    }
}

static Vlink_crc* top;
static bool passes(const Flit& flit) {
    const auto cycle = [] { top->clk = 1, top->eval(), top->clk = 0, top->eval(); };
    static std::mt19937 gaps;
    for (size_t phit = 0; phit < flit.size() / WORDS; ++phit) {
        top->s_valid = 0;
        for (top->s_data[0] ^= 1; gaps() % 4 == 0;) cycle();
        top->s_valid = 1;
        top->s_first = phit == 0;
        for (int i = 0; i < 2 * WORDS; ++i) {
            top->s_data[i] = uint32_t(flit[phit * WORDS + i / 2] >> i % 2 * 32);
        }
        cycle();
    }
    top->s_valid = 0;
    top->eval();
    const bool good = top->m_valid && top->m_crc == 0;
    cycle();
    return good;
}

// Patterns: "k bits", "burst n", "random".
static void spoil(Flit& flit, const std::string& kind, int size) {
    const size_t bits = 64 * flit.size();
    if (kind == "bits") {
        std::vector<size_t> chosen;
        while (int(chosen.size()) < size) {
            const size_t bit = draw(bits);
            bool fresh = true;
            for (size_t other : chosen) fresh &= other != bit;
            if (fresh) chosen.push_back(bit), flip(flit, bit);
        }
    } else if (kind == "burst") {  // first and last bit wrong, between them any
        const size_t first = draw(bits - size + 1);
        flip(flit, first);
        if (size > 1) flip(flit, first + size - 1);
        for (int i = 1; i < size - 1; ++i) {
            if (generator() & 1) flip(flit, first + i);
        }
    } else {
        for (uint64_t& word : flit) word ^= generator();
    }
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    VerilatedContext context;
    top = new Vlink_crc(&context);
    generator.seed(std::strtoull(argv[1], nullptr, 0));
    const long flits = std::atol(argv[2]);
    top->clk = 0, top->rst = 1, top->s_valid = 0, top->s_first = 0;
    for (int i = 0; i < 3; ++i) top->clk = 1, top->eval(), top->clk = 0, top->eval();
    top->rst = 0;
    struct Pattern { const char* kind; int size; };
    std::vector<Pattern> patterns = {{"random", 0}, {"burst", CRC_BITS + 1}, {"burst", CRC_BITS + 2},
                                     {"burst", 3 * CRC_BITS}, {"burst", CRC_BITS}};
    for (int size : {CRC_BITS / 2, 2}) patterns.push_back({"burst", size});
    for (int size = 1; size <= 5; ++size) patterns.push_back({"bits", size});
    for (int phits : {1, 3, 17}) {
        for (const Pattern& pattern : patterns) {
            long unseen = 0;
            const long count = flits / phits;
            for (long i = 0; i < count; ++i) {
                Flit flit(phits * WORDS);
                for (uint64_t& word : flit) word = generator();
                put_crc(flit);
                if (i % 64 == 0 && !passes(flit)) {
                    std::printf("a good flit does not pass\n");
                    return 1;
                }
                spoil(flit, pattern.kind, pattern.size);
                unseen += passes(flit);
            }
            std::printf("{\"pattern\": \"%s%s%s\", \"phits\": %d, \"flits\": %ld, \"unseen\": %ld}\n",
                        pattern.kind, pattern.size ? " " : "",
                        pattern.size ? std::to_string(pattern.size).c_str() : "", phits, count,
                        unseen);
        }
    }
    delete top;
    return 0;
}
