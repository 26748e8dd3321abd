// SPDX-License-Identifier: Apache-2.0
//
// Flits as docs/link/link_layer.md defines them, made and taken apart. Shares nothing with rtl/link.
#pragma once
#include <vector>

#include "peer_lanes.h"

constexpr int CONTROLS = DATA_LANES >= 32 ? 1 : 32 / DATA_LANES;  // phits of a control word
enum { CONTROL_FLIT, BULK_FLIT, MGMT_FLIT };
enum : uint8_t { IDLE = 0x00, BODY = 0x33, CTRL = 0x55, CONT = 0x5A, RETRAIN = 0xFF };
constexpr uint8_t HEAD[2] = {0x0F, 0xF0}, SOLO[2] = {0x3C, 0xC3};

static uint32_t crc32c(const uint8_t* bytes, size_t count, uint32_t crc = ~0u) {
    while (count-- > 0) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return crc;
}

struct Flit {
    int generation = 0, type = 0, count = 0, first = 0, last = 0, empty = 0, nak = 0, seq = 0, ack = 0;
    int beat_limit = 0, flit_limit = 0, mgmt_limit = 0, addr = 0, meta = 0;
    std::array<uint8_t, 16> low{};                       // exponents, or a message
    std::vector<std::array<uint8_t, DATA_LANES>> data;   // data phits

    template <typename Visit>
    static void fields(Flit& f, Visit visit) {  // lowest bit, width
        visit(f.type, 128, 3), visit(f.nak, 131, 1), visit(f.count, 132, 4);
        visit(f.first, 138, 1), visit(f.last, 139, 1), visit(f.empty, 140, 1);
        visit(f.seq, 144, 8), visit(f.ack, 152, 8), visit(f.beat_limit, 160, 10);
        visit(f.flit_limit, 170, 8), visit(f.mgmt_limit, 178, 8);
        visit(f.addr, 192, 16), visit(f.meta, 208, 16);
    }
    std::vector<Phit> phits() const {
        uint8_t control[32] = {};
        const auto put = [&](int value, int lsb, int width) {
            for (int i = 0; i < width; ++i) {
                control[(lsb + i) / 8] |= uint8_t((value >> i & 1) << (lsb + i) % 8);
            }
        };
        std::memcpy(control, low.data(), 16);
        fields(const_cast<Flit&>(*this), put);
        put(type == MGMT_FLIT, 136, 2);
        std::vector<Phit> out;
        for (const auto& bytes : data) out.push_back({out.empty() ? HEAD[generation] : BODY, bytes});
        uint32_t crc = ~0u;
        for (const auto& bytes : data) crc = crc32c(bytes.data(), DATA_LANES, crc);
        crc = crc32c(control, 28, crc);
        std::memcpy(control + 28, &crc, 4);
        for (int i = 0; i < CONTROLS; ++i) {
            Phit phit;
            phit.frame = i > 0 ? CONT : data.empty() ? SOLO[generation] : CTRL;
            std::memcpy(phit.data.data(), control + i * DATA_LANES, DATA_LANES);
            out.push_back(phit);
        }
        return out;
    }
    // From the phits of a flit; whether count and CRC fit.
    bool take(const std::vector<Phit>& phits) {
        std::vector<uint8_t> bytes;
        for (const Phit& phit : phits) bytes.insert(bytes.end(), phit.data.begin(), phit.data.end());
        const uint8_t* control = bytes.data() + bytes.size() - 32;
        std::memcpy(low.data(), control, 16);
        fields(*this, [&](int& value, int lsb, int width) {
            value = 0;
            for (int i = 0; i < width; ++i) {
                value |= (control[(lsb + i) / 8] >> (lsb + i) % 8 & 1) << i;
            }
        });
        data.clear();
        for (size_t i = 0; i + CONTROLS < phits.size(); ++i) data.push_back(phits[i].data);
        generation = phits[0].frame == HEAD[1] || phits[0].frame == SOLO[1];
        uint32_t crc;
        std::memcpy(&crc, control + 28, 4);
        return size_t(2 * count) == data.size() && crc32c(bytes.data(), bytes.size() - 4) == crc;
    }
};
