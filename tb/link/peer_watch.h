// SPDX-License-Identifier: Apache-2.0
//
// Watchdogs and counters of Model (peer_model.h), from docs/link/link_layer.md, "Errors", and the
// registers of a link.
#pragma once
#include "peer_flits.h"

enum { NO_CAUSE, NO_ACK, TOO_MANY_ERRORS, SILENCE, PROTOCOL, NO_SIGNAL, BAD_LANES_2, TRAINING,
       PEER_DOWN, PEER_RESET };
constexpr int MAX_RETRAINS = 8, BAD_RUN = 16, HOLDOFF = 16;  // defaults of link, link_retry, link_tx

struct Seen {  // of one cycle, at the ports and on the lanes
    Phit received;                // of the receiver's verdict in this cycle
    bool tx = false, mtx = false, rx_ready = false, mrx_ready = false;
    Beat beat;
    uint64_t message = 0;
    bool up = false, clear = false, fail = false, lanes_retrain = false;
    int fail_cause = 0;
};

struct Watchdogs {
    int timer = 0, silence = 0, timeouts = 0, replays_in_row = 0, retrains = 0, run = 0, cause = 0;
    bool retrain = false;         // asked for in this cycle
    bool force_replay = false;
    void watch(const Seen& seen, bool down, bool progress, bool replay, bool heard, bool error,
               bool protocol_error, bool outstanding) {
        const bool waiting = seen.up && outstanding && !progress && !replay && !down;
        const bool timeout = waiting && timer == TIMEOUT - 1;
        const bool restart = seen.clear && (cause == PROTOCOL || cause == PEER_RESET);
        retrain = (seen.up && !down && run == BAD_RUN) || restart;
        force_replay = timeout || (seen.clear && down);
        if (seen.clear) {
            timer = silence = timeouts = replays_in_row = retrains = run = cause = 0;
            return;
        }
        if (!down) {
            if (protocol_error) cause = PROTOCOL;
            else if (seen.fail) cause = seen.fail_cause;
            else if (retrains == MAX_RETRAINS) cause = TOO_MANY_ERRORS;
            else if (timeouts == MAX_TIMEOUTS) cause = NO_ACK;
            else if (replays_in_row == MAX_REPLAYS) cause = TOO_MANY_ERRORS;
            else if (silence == SILENCE_CYCLES) cause = SILENCE;
        }
        timer = !waiting || timeout ? 0 : timer + 1;
        timeouts = progress || down ? 0 : timeouts + timeout;
        replays_in_row = progress || down ? 0 : replays_in_row + replay;
        retrains = heard || down ? 0 : retrains + retrain;
        run = heard || down || !seen.up || retrain ? 0 : run + error;
        silence = heard || down || !seen.up ? 0 : silence + 1;
    }
};

struct Counters {  // in the order of the registers; round trips
    uint32_t counters[10] = {}, histogram[8] = {};
    bool measuring = false;
    uint8_t measured = 0;
    uint32_t trip = 0, round_trip = 0;

    void count(bool sent_flit, bool accepted, bool replay, bool error, bool stalled, bool sent_beat,
               int beats, bool heard, int ack, uint8_t sent_seq) {
        if (!measuring) {
            if (sent_flit) measuring = true, measured = sent_seq, trip = 1;
        } else if (heard && uint8_t(ack - measured - 1) < 128) {
            measuring = false;
            round_trip = trip;
            int bin = 0;
            while (bin < 7 && trip >= 16u << bin) ++bin;
            ++histogram[bin];
        } else {
            trip = std::min(trip + 1, 0xFFFFu);
        }
        const uint32_t more[7] = {sent_flit, accepted, replay, error, stalled, sent_beat,
                                  uint32_t(beats)};
        for (int i = 0; i < 7; ++i) counters[i] += more[i];
    }
};
