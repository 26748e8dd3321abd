// SPDX-License-Identifier: Apache-2.0
//
// link_format.vh: the flit format of docs/link.md, "Flit format". Include it inside a module.

// A user needs only some of these names.
/* verilator lint_off UNUSEDPARAM */

// Frame lane: eight bits per cycle, codewords at Hamming distance 4 of each other.
localparam [7:0] FRAME_IDLE = 8'h00;   // no phit
localparam [7:0] FRAME_HEAD0 = 8'h0F;  // first data phit of a flit, generation 0
localparam [7:0] FRAME_HEAD1 = 8'hF0;  // the same, generation 1
localparam [7:0] FRAME_BODY = 8'h33;   // any other data phit
localparam [7:0] FRAME_CTRL = 8'h55;   // first control phit, after data phits
localparam [7:0] FRAME_SOLO0 = 8'h3C;  // first control phit of a flit without data, generation 0
localparam [7:0] FRAME_SOLO1 = 8'hC3;  // the same, generation 1
localparam [7:0] FRAME_CONT = 8'h5A;   // any other control phit
localparam [7:0] FRAME_RETRAIN = 8'hFF; // between the physical layers: training begins again

// Control word: 256 bits, sent in ceil(256 / PHIT) phits, lowest bits first.
localparam CONTROL_BITS = 256;
localparam HEADER_LSB = 128;           // exponents or management message below
localparam HEADER_BITS = 96;
localparam CRC_LSB = 224;
localparam BEATS_PER_FLIT = 8;

// Header fields, bit offsets in the control word.
localparam TYPE_LSB = 128;             // 3 bits
localparam NAK_BIT = 131;              // generation that the sender of this flit asks for
localparam COUNT_LSB = 132;            // 4 bits: beats
localparam VC_LSB = 136;               // 2 bits
localparam FIRST_BIT = 138;
localparam LAST_BIT = 139;
localparam EMPTY_BIT = 140;
localparam SEQ_LSB = 144;              // 8 bits
localparam ACK_LSB = 152;              // 8 bits: next sequence number expected
localparam BEAT_LIMIT_LSB = 160;       // 10 bits: cumulative credit, VC0 beats
localparam FLIT_LIMIT_LSB = 170;       // 8 bits: cumulative credit, VC0 flits
localparam MGMT_LIMIT_LSB = 178;       // 8 bits: cumulative credit, VC1 messages
localparam ADDR_LSB = 192;             // 16 bits
localparam META_LSB = 208;             // 16 bits

localparam [2:0] TYPE_CONTROL = 3'd0;  // no payload, no sequence number
localparam [2:0] TYPE_BULK = 3'd1;     // VC0: beats, or a signal without beats
localparam [2:0] TYPE_MGMT = 3'd2;     // VC1: one message in the exponent field

// What the replay buffer and the receive buffer keep of a control word.
localparam DESC_BITS = 4 + 3 + 16 + 16 + 128 + 3;  // {type, count, flags, addr, meta, exponents}

// Causes of link_down.
localparam [3:0] CAUSE_NONE = 4'd0;
localparam [3:0] CAUSE_NO_ACK = 4'd1;      // MAX_TIMEOUTS timeouts in a row
localparam [3:0] CAUSE_ERRORS = 4'd2;      // MAX_REPLAYS or MAX_RETRAINS in a row
localparam [3:0] CAUSE_SILENCE = 4'd3;     // nothing good received for SILENCE cycles
localparam [3:0] CAUSE_PROTOCOL = 4'd4;    // a good flit breaks the rules of the format
localparam [3:0] CAUSE_NO_SIGNAL = 4'd5;   // no peer on the lanes
localparam [3:0] CAUSE_LANES = 4'd6;       // more lanes are bad than there are spares
localparam [3:0] CAUSE_TRAINING = 4'd7;    // the lanes live, but training does not end
localparam [3:0] CAUSE_PEER_DOWN = 4'd8;   // the peer says that it has given up
localparam [3:0] CAUSE_PEER_RESET = 4'd9;  // the peer has lost what this end relies on
/* verilator lint_on UNUSEDPARAM */
