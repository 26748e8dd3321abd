// SPDX-License-Identifier: Apache-2.0
//
// What one end of a link must do in each cycle, from docs/link/link_layer.md: its receiver, its
// transmitter, its watchdogs and its counters. `step` takes what reached the end in a cycle and
// leaves what it must show. Shares nothing with rtl/link.
#pragma once
#include "peer_watch.h"

struct Model : Watchdogs, Counters {
    // ---- receiver
    std::vector<Phit> open;       // phits of the flit that arrives
    bool in_flit = false, in_data = false, lost = false;
    int begun_generation = 0;
    uint8_t expected = 0;
    int nak = 0;
    std::deque<Beat> list;        // accepted beats and signals
    std::deque<int> listed;       // beats of each flit in it
    int list_flits = 0, held_beats = 0;
    Beat shown;                   // at rx
    bool rx_valid = false;
    std::deque<uint64_t> messages;
    uint16_t beat_limit = RX_BEATS;
    uint8_t flit_limit = RX_FLITS, mgmt_limit = MGMT_DEPTH;

    // ---- transmitter
    struct Kept { Flit flit; int beats; };
    std::deque<Kept> kept;        // from the oldest not acknowledged on
    std::deque<Beat> bulk_in;
    std::deque<uint64_t> mgmt_in;
    bool tail = false;            // the newest beat was the last of its command
    uint8_t base = 0, next = 0, cursor = 0;
    int kept_beats = 0, generation = 0, peer_nak = 0;
    bool forced = false, news = true, urgent = false, message_last = false, was_up = false;
    int since = 0;
    uint16_t peer_beats = 0, used_beats = 0;
    uint8_t peer_flits = 0, used_flits = 0, peer_messages = 0, used_messages = 0;
    Flit flit;                    // on the line
    int beats_sent = 0;           // of it
    enum { BOUNDARY, HALF, NEXT, CONTROL, FETCH } state = BOUNDARY;
    std::deque<Phit> control;     // phits to come
    Phit line;                    // chosen in this cycle

    bool tx_ready() const { return bulk_in.size() < 4; }
    bool mtx_ready() const { return mgmt_in.size() < 2; }

    void step(const Seen& seen) {
        // Registers as they are in this cycle.
        const bool down = cause != 0;
        const uint8_t old_expected = expected, old_base = base;
        const int old_nak = nak, old_peer_nak = peer_nak;
        const uint16_t old_beat_limit = beat_limit;
        const uint8_t old_flit_limit = flit_limit, old_mgmt_limit = mgmt_limit;
        bool now_news = false, now_urgent = false, protocol_error = false;

        // What arrived.
        Flit got;
        bool bad = false, broken = false, heard = false, accepted = false;
        const int broken_generation = begun_generation;
        int done_generation = 0;
        deframe(seen.received, got, heard, bad, broken, done_generation);
        bool gap = false;
        const bool numbered = heard && (got.type == BULK_FLIT || got.type == MGMT_FLIT);
        if (numbered) {
            const uint8_t distance = uint8_t(got.seq - expected);
            accepted = distance == 0;
            gap = distance > 0 && distance < 128;
            now_news = true;
        }
        if (heard && got.type > MGMT_FLIT) protocol_error = true;
        const bool ask = (broken && broken_generation == old_nak) ||
                         ((bad || gap) && done_generation == old_nak);
        if (ask) nak ^= 1, now_urgent = true;
        const bool freed = !list.empty() && (!rx_valid || seen.rx_ready);
        const bool mgmt_freed = !messages.empty() && seen.mrx_ready;
        if (accepted) {
            ++expected;
            if (got.type == MGMT_FLIT) protocol_error |= messages.size() == MGMT_DEPTH;
            else protocol_error |= list_flits == RX_FLITS || held_beats + got.count > RX_BEATS;
        }
        now_news |= freed || mgmt_freed;

        // What an acknowledgement frees.
        bool progress = false;
        if (heard) {
            const uint8_t freed_flits = uint8_t(got.ack - base);
            if (freed_flits > kept.size()) protocol_error = true;
            else progress = freed_flits > 0;
        }

        // What is chosen for the line, from the registers.
        const bool outstanding = !kept.empty();
        bool composed = false, sent_flit = false, sent_beat = false, stalled = false;
        bool replay = false, took_bulk = false, took_message = false;
        const uint8_t sent_seq = cursor;
        line = {};
        Flit head;
        head.generation = generation, head.nak = old_nak, head.ack = old_expected;
        head.beat_limit = old_beat_limit & 1023, head.flit_limit = old_flit_limit;
        head.mgmt_limit = old_mgmt_limit, head.seq = cursor;
        const bool beat_room = peer_beats != used_beats && kept_beats + beats_kept_now() < REPLAY_BEATS;
        auto following = state;
        bool rewind = false;
        if (state == BOUNDARY) {
            const bool behind = uint8_t(cursor - base) & 0x80;
            const bool replaying = cursor != next;
            rewind = old_peer_nak != generation || forced || behind;
            const bool fresh_flit = seen.up && !rewind && !down && !replaying && kept.size() < REPLAY_FLITS;
            const bool bulk = !bulk_in.empty() && peer_flits != used_flits &&
                              (bulk_in[0].empty || beat_room);
            const bool message = !mgmt_in.empty() && peer_messages != used_messages;
            const bool send_message = fresh_flit && message && !(bulk && message_last);
            const bool send_bulk = fresh_flit && bulk && !send_message;
            const bool resend = seen.up && !rewind && !down && replaying;
            const bool due = urgent || (news && since >= HOLDOFF) || since == REFRESH;
            stalled = fresh_flit && !bulk_in.empty() && !bulk && !send_message;
            if (rewind) {
                replay = outstanding && (old_peer_nak != generation || forced);
                following = outstanding ? FETCH : BOUNDARY;
            } else if (resend) {
                flit = kept[uint8_t(cursor - base)].flit;
                flit.generation = generation;
                if (flit.count > 0) start_data(following);
                else compose(head, flit, following), composed = true, ++cursor;
            } else if (send_message) {
                flit = {};
                flit.type = MGMT_FLIT;
                std::memcpy(flit.low.data(), &mgmt_in[0], 8);
                ++used_messages;
                message_last = took_message = true;
                compose(head, flit, following), composed = sent_flit = true;
            } else if (send_bulk && bulk_in[0].empty) {
                flit = {};
                flit.type = BULK_FLIT, flit.first = flit.last = flit.empty = 1;
                flit.addr = bulk_in[0].addr, flit.meta = bulk_in[0].meta;
                ++used_flits;
                message_last = false, took_bulk = true;
                compose(head, flit, following), composed = sent_flit = true;
            } else if (send_bulk) {
                const Beat& beat = bulk_in[0];
                flit = {};
                flit.generation = generation, flit.type = BULK_FLIT;
                flit.first = beat.first, flit.addr = beat.addr, flit.meta = beat.meta;
                add(beat);
                ++used_flits, ++used_beats;
                message_last = false;
                start_data(following);
            } else if (seen.up && due) {
                flit = {};
                compose(head, flit, following), composed = true;
            }
        } else if (state == HALF) {
            line = {BODY, flit.data[size_t(2 * beats_sent - 1)]};
            sent_beat = cursor == next;
            took_bulk = sent_beat;
            following = NEXT;
        } else if (state == NEXT) {
            bool more = beats_sent < flit.count;
            const bool is_new = cursor == next;
            if (is_new && !bulk_in.empty()) {
                const Beat& beat = bulk_in[0];
                more = !beat.empty && !beat.first && !flit.last && flit.count < 8 && beat_room &&
                       beat.addr == ((flit.addr + flit.count) & 0xFFFF) &&
                       !(tail && flit.count >= 4);
                if (more) add(beat), ++used_beats;
            }
            if (more) {
                line = {BODY, flit.data[size_t(2 * beats_sent++)]};
                following = HALF;
            } else {
                compose(head, flit, following), composed = true;
                if (is_new) sent_flit = true;
                else ++cursor;
            }
        } else if (state == CONTROL) {
            line = control.front();
            control.pop_front();
            if (control.empty()) following = BOUNDARY;
        } else {
            following = BOUNDARY;
        }
        state = following;

        watch(seen, down, progress, replay, heard, bad || broken, protocol_error, outstanding);
        count(sent_flit, accepted, replay, bad || broken, stalled, sent_beat,
              accepted && got.type == BULK_FLIT ? got.count : 0, heard, got.ack, sent_seq);

        // Registers of the next cycle.
        const bool resume = seen.up && !was_up;
        was_up = seen.up;
        if (force_replay || resume) forced = true;
        else if (rewind) forced = false;
        if (rewind) {
            generation = old_peer_nak;
            cursor = old_base;
        }
        if (sent_flit) {
            kept.push_back({flit, flit.count});
            kept_beats += flit.count;
            ++next, ++cursor;
        }
        if (progress) {
            while (base != got.ack) kept_beats -= kept.front().beats, kept.pop_front(), ++base;
        }
        if (heard) {
            peer_nak = got.nak;
            peer_beats = uint16_t(got.beat_limit);
            peer_flits = uint8_t(got.flit_limit), peer_messages = uint8_t(got.mgmt_limit);
        }
        used_beats &= 1023;
        if (now_news || resume) news = true;
        else if (composed) news = false;
        if (now_urgent || resume) urgent = true;
        else if (composed) urgent = false;
        since = composed ? 0 : std::min(since + 1, int(REFRESH));
        if (took_bulk) bulk_in.pop_front();
        if (took_message) mgmt_in.pop_front();
        if (seen.tx) bulk_in.push_back(seen.beat), tail = seen.beat.last;
        if (seen.mtx) mgmt_in.push_back(seen.message);
        deliver(seen, got, accepted, freed, mgmt_freed);
    }

    // The phits of a control word; its first one is chosen now.
    void compose(const Flit& head, Flit& sent, decltype(state)& following) {
        sent.nak = head.nak, sent.ack = head.ack, sent.seq = head.seq;
        if (sent.data.empty()) sent.generation = head.generation;
        sent.beat_limit = head.beat_limit, sent.flit_limit = head.flit_limit;
        sent.mgmt_limit = head.mgmt_limit;
        const std::vector<Phit> all = sent.phits();
        control.assign(all.end() - CONTROLS, all.end());
        line = control.front();
        control.pop_front();
        following = control.empty() ? BOUNDARY : CONTROL;
    }
    void start_data(decltype(state)& following) {
        line = {HEAD[flit.generation], flit.data[0]};
        beats_sent = 1;
        following = HALF;
    }
    void add(const Beat& beat) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(beat.data);
        for (int half : {0, 1}) {
            std::array<uint8_t, DATA_LANES> phit;
            std::memcpy(phit.data(), bytes + half * DATA_LANES, DATA_LANES);
            flit.data.push_back(phit);
        }
        std::memcpy(flit.low.data() + 2 * flit.count, &beat.exps, 2);
        ++flit.count;
        flit.last = beat.last;
    }
    int beats_kept_now() const {  // of the flit that is being sent for the first time
        return (state == HALF || state == NEXT) && cursor == next ? flit.count : 0;
    }

    void deframe(const Phit& phit, Flit& got, bool& heard, bool& bad, bool& broken, int& done) {
        const uint8_t f = phit.frame;
        const bool head = f == HEAD[0] || f == HEAD[1], solo = f == SOLO[0] || f == SOLO[1];
        const bool body = f == BODY && in_data && open.size() < 16;
        const bool ctrl = f == CTRL && in_data;
        const bool cont = f == CONT && in_flit && !in_data;
        if (head || solo) {
            broken = in_flit;
            open = {phit};
            in_flit = true, in_data = head, lost = false;
            begun_generation = f == HEAD[1] || f == SOLO[1];
            controls = solo;
        } else if (body || ctrl || cont) {
            open.push_back(phit);
            if (!body) in_data = false, ++controls;
        } else {
            broken = f == IDLE ? in_flit : !lost;
            lost = f != IDLE;
            in_flit = in_data = false;
        }
        if (in_flit && controls == CONTROLS) {
            in_flit = false;
            heard = got.take(open);
            bad = !heard;
            done = got.generation;
        }
    }
    int controls = 0;

    void deliver(const Seen& seen, const Flit& got, bool accepted, bool freed, bool mgmt_freed) {
        if (freed) {
            shown = list.front();
            list.pop_front();
            if (!shown.empty) --held_beats, ++beat_limit;
            if (--listed.front() == 0) listed.pop_front(), --list_flits, ++flit_limit;
        }
        if (freed) rx_valid = true;
        else if (seen.rx_ready) rx_valid = false;
        if (mgmt_freed) messages.pop_front(), ++mgmt_limit;
        if (!accepted) return;
        if (got.type == MGMT_FLIT) {
            uint64_t message;
            std::memcpy(&message, got.low.data(), 8);
            messages.push_back(message);
            return;
        }
        ++list_flits;
        held_beats += got.count;
        listed.push_back(std::max(got.count, 1));
        for (int i = 0; i < listed.back(); ++i) {
            Beat beat{};
            beat.addr = uint16_t(got.addr + i), beat.meta = uint16_t(got.meta);
            beat.first = got.first && i == 0, beat.last = got.last && i + 1 == listed.back();
            beat.empty = uint8_t(got.empty);
            if (!beat.empty) {
                std::memcpy(&beat.exps, got.low.data() + 2 * i, 2);
                for (int half : {0, 1}) {
                    std::memcpy(reinterpret_cast<uint8_t*>(beat.data) + half * DATA_LANES,
                                got.data[size_t(2 * i + half)].data(), DATA_LANES);
                }
            }
            list.push_back(beat);
        }
    }
};
