// SPDX-License-Identifier: Apache-2.0
//
// The peer of link_peer.cpp: a sender and a receiver that keep to docs/link, but for what their
// Manners say.
#pragma once
#include "peer_flits.h"

// How the peer behaves, chances per cycle or per flit.
struct Manners {
    double sends = 0.05, acknowledges = 0.1;  // begins a flit with payload, one without
    double spoils = 0, breaks = 0, repeats = 0, skips = 0, noise = 0;  // its own flits
    double refuses = 0, ignores = 0;          // flits of the end: asks for a replay; does not
    double grants = 1;
    int beats = 64, flits = 16, messages = 8; // its room
    int shortest = 1, longest = 8;            // its flits, beats
    bool signals = true, bulk = true, mgmt = true;
};

struct Peer {
    Manners manners;
    LaneWriter lanes;
    std::deque<Phit> line;
    Phit now_sent;
    bool quiet = false;           // idle cycles only
    // sender
    std::deque<Flit> kept;
    uint8_t base = 0, cursor = 0, used_flits = 0, used_messages = 0;
    uint16_t used_beats = 0;
    int generation = 0, limit_beats = 0, limit_flits = 0, limit_messages = 0;
    uint64_t moved = 0, said = 0;
    // receiver
    std::vector<Phit> open;
    uint8_t expected = 0;
    int nak = 0;
    uint16_t beats = 0, free_beats = 0;
    uint8_t flits = 0, messages = 0, free_flits = 0, free_messages = 0;
    bool news = true;
    uint64_t heard = 0;
    Flit last;                    // flit of the end
    // training
    int ask = SPARE;
    bool fresh = true, follows = true;

    void train(LaneReader& reader) {
        if (!follows || lanes.mode == LaneWriter::SILENT) return;
        if (lanes.mode == LaneWriter::DATA) {
            if (reader.mode == LaneReader::DATA && reader.codes == 3) begin();
            return;
        }
        Training& want = lanes.want;
        want.fresh = fresh;
        const bool live = reader.mode == LaneReader::TRAIN && reader.sequences > seen_from;
        const int phase = live ? reader.last.phase : reader.mode == LaneReader::DATA ? int(GO) : int(SEEK);
        const bool ready = phase == READY || phase == GO;
        if (want.phase == SEEK && lanes.sequences >= 3 && !held) want.phase = ASK, want.ask = ask;
        else if (want.phase == ASK && (phase == ASK || ready)) {
            want.phase = READY, want.skip = reader.last.ask;
        } else if (want.phase == READY && ready && reader.last.skip == ask) want.phase = GO;
    }
    uint64_t seen_from = 0;
    bool held = false;            // stays in SEEK
    void begin() {
        lanes.train(), lanes.sequences = 0, line.clear(), cursor = base;
    }

    Flit header() {
        Flit flit;
        flit.generation = generation, flit.nak = nak, flit.ack = expected;
        flit.beat_limit = (free_beats + manners.beats) & 1023;
        flit.flit_limit = (free_flits + manners.flits) & 255;
        flit.mgmt_limit = (free_messages + manners.messages) & 255;
        flit.seq = uint8_t(base + kept.size());
        news = false;
        said = now;
        return flit;
    }
    void send(const Flit& flit) {
        for (const Phit& phit : flit.phits()) line.push_back(phit);
    }
    void compose() {
        if (quiet) return;
        if (!kept.empty() && now - moved > 300) cursor = base, moved = now;
        if (uint8_t(cursor - base) < kept.size()) {  // again
            Flit flit = header(), old = kept[uint8_t(cursor - base)];
            old.generation = generation, old.nak = flit.nak, old.ack = flit.ack;
            old.beat_limit = flit.beat_limit, old.flit_limit = flit.flit_limit;
            old.mgmt_limit = flit.mgmt_limit;
            if (chance(manners.skips)) ++cursor;
            if (uint8_t(cursor - base) < kept.size()) ++cursor;
            put(old);
        } else if (chance(manners.sends) && kept.size() < 60) {
            Flit flit = header();
            const bool message = manners.mgmt && (!manners.bulk || draw(4) == 0);
            if (message) {
                if (uint8_t(limit_messages - used_messages) == 0) return control();
                ++used_messages;
                flit.type = MGMT_FLIT;
                for (int i = 0; i < 8; ++i) flit.low[i] = uint8_t(generator());
            } else {
                if (uint8_t(limit_flits - used_flits) == 0) return control();
                const int room = (limit_beats - used_beats) & 1023;
                const bool signal = manners.longest == 0 || (manners.signals && draw(6) == 0);
                const int spread = manners.longest - manners.shortest + 1;
                const int count = signal ? 0 : manners.shortest + int(draw(uint64_t(spread)));
                if (count > room) return control();
                ++used_flits;
                used_beats = (used_beats + count) & 1023;
                fill(flit, count);
            }
            kept.push_back(flit);
            ++cursor;
            put(flit);
        } else if (news ? chance(manners.acknowledges) : now - said > 200) {
            control();
        }
    }
    void fill(Flit& flit, int count) {
        flit.type = BULK_FLIT, flit.count = count;
        flit.addr = int(draw(65536)), flit.meta = int(draw(65536));
        flit.first = count == 0 || draw(2), flit.last = count == 0 || draw(2), flit.empty = count == 0;
        flit.data.resize(size_t(2 * count));
        for (auto& phit : flit.data) for (uint8_t& byte : phit) byte = uint8_t(generator());
        for (int i = 0; i < std::min(2 * count, 16); ++i) flit.low[size_t(i)] = uint8_t(generator());
    }
    void control() { if (news || now - said > 200) put(header()); }
    void put(const Flit& flit) {
        auto phits = flit.phits();
        if (chance(manners.spoils)) {
            Phit& phit = phits[draw(phits.size())];
            if (draw(8) == 0) phit.frame ^= uint8_t(1 << draw(8));
            for (uint64_t i = draw(3) + 1; i > 0; --i) phit.data[draw(DATA_LANES)] ^= uint8_t(1 << draw(8));
        }
        if (chance(manners.breaks)) {
            const size_t at = draw(phits.size());
            if (draw(2)) phits.erase(phits.begin() + int(at));
            else if (draw(2)) phits.insert(phits.begin() + int(at), phits[at]);
            else phits.resize(at);
        }
        for (const Phit& phit : phits) line.push_back(phit);
        if (chance(manners.repeats)) for (const Phit& phit : phits) line.push_back(phit);
    }
    Phit next(bool up) {
        if (!up) return {};
        if (line.empty() && lanes.mode == LaneWriter::DATA) compose();
        Phit phit;
        if (!line.empty()) phit = line.front(), line.pop_front();
        else if (chance(manners.noise)) {
            do phit.frame = uint8_t(draw(256)); while (phit.frame == RETRAIN);
            for (uint8_t& byte : phit.data) byte = uint8_t(generator());
        }
        return phit;
    }

    void take(const Phit& phit) {  // of the end
        if (phit.frame == IDLE || phit.frame == RETRAIN) {
            if (!open.empty() && phit.frame == IDLE) fail("the end broke off a flit");
            open.clear();
            return;
        }
        open.push_back(phit);
        int controls = 0;
        for (const Phit& one : open) controls += controls > 0 || one.frame == CTRL ||
                                     one.frame == SOLO[0] || one.frame == SOLO[1];
        if (controls < CONTROLS) return;
        Flit flit;
        const bool good = flit.take(open);
        if (!good || flit.phits() != open) fail("a flit is not as defined");
        open.clear();
        heard = now;
        last = flit;
        fresh = false;
        if (quiet) return;
        if (uint8_t(flit.ack - base) > kept.size()) fail("acknowledges what was not sent");
        while (base != flit.ack) {
            if (uint8_t(cursor - base) == 0) ++cursor;
            kept.pop_front(), ++base, moved = now;
        }
        if (flit.nak != generation) generation = flit.nak, cursor = base, moved = now;
        limit_beats = flit.beat_limit, limit_flits = flit.flit_limit, limit_messages = flit.mgmt_limit;
        if (flit.type == CONTROL_FLIT || chance(manners.ignores)) return;
        news = true;
        const uint8_t ahead = uint8_t(flit.seq - expected);
        if (ahead == 0 && !chance(manners.refuses)) {
            ++expected;
            if (flit.type == MGMT_FLIT) ++messages;
            else ++flits, beats = uint16_t(beats + flit.count);
        } else if (ahead < 128 && flit.generation == nak) {
            nak ^= 1;
        }
    }
    void grant() {
        if (!chance(manners.grants)) return;
        if (free_beats != beats || free_flits != flits || free_messages != messages) news = true;
        free_beats = beats, free_flits = flits, free_messages = messages;
    }
};
