// SPDX-License-Identifier: Apache-2.0
//
// link_lanes.vh: training sequence, scrambler and states of docs/link/phy.md. Include it inside a
// module.

// A user needs only some of these names.
/* verilator lint_off UNUSEDPARAM */

// Scrambler: b[n] = b[n-18] ^ b[n-23]; state bit 0 is the next bit on the line.
localparam [22:0] SCRAMBLE_SEED = 23'h2EDF23;

// Training sequence: 16 bytes, the same on all lanes before scrambling. Bytes 0 and 1 are not
// scrambled; bytes 6 to 13 are 0; 14 and 15 are the CRC, high byte first, of bytes 2 to 13.
localparam [7:0] TS_SYNC0 = 8'hD7;
localparam [7:0] TS_SYNC1 = 8'h0B;
localparam [3:0] TS_STATE = 4'd2;  // {3'd0, fresh, phase}
localparam [3:0] TS_ASK = 4'd3;    // lane that the peer is to leave out
localparam [3:0] TS_SKIP = 4'd4;   // lane that the sender will leave out
localparam [3:0] TS_CAUSE = 4'd5;  // of PHASE_DOWN
localparam [3:0] TS_CRC0 = 4'd14;
localparam [3:0] TS_CRC1 = 4'd15;
localparam [15:0] TS_CRC_START = 16'hFFFF;

localparam [3:0] PHASE_SEEK = 4'd0;   // not yet a verdict on the lanes
localparam [3:0] PHASE_ASK = 4'd1;    // TS_ASK is valid
localparam [3:0] PHASE_READY = 4'd2;  // TS_SKIP is what the peer asked for
localparam [3:0] PHASE_GO = 4'd3;     // data begins after this sequence
localparam [3:0] PHASE_DOWN = 4'd7;   // the sender has given up

// What the lanes carry.
localparam [1:0] MODE_SILENT = 2'd0;
localparam [1:0] MODE_TRAIN = 2'd1;
localparam [1:0] MODE_DATA = 2'd2;
localparam [1:0] MODE_RAW = 2'd3;

// States of the link.
localparam [3:0] STATE_RESET = 4'd0;
localparam [3:0] STATE_DETECT = 4'd1;   // waiting for a signal
localparam [3:0] STATE_TRAIN = 4'd2;    // finding the bits of each lane
localparam [3:0] STATE_ALIGN = 4'd3;    // finding the words of each lane
localparam [3:0] STATE_REPAIR = 4'd4;   // judging the lanes and agreeing on which to use
localparam [3:0] STATE_ACTIVE = 4'd5;
localparam [3:0] STATE_RETRAIN = 4'd6;  // telling the peer that training begins again
localparam [3:0] STATE_DOWN = 4'd7;
localparam [3:0] STATE_RAW = 4'd8;      // lanes in the hands of the registers
/* verilator lint_on UNUSEDPARAM */
