// SPDX-License-Identifier: Apache-2.0
// The chiplet as its control core sees it: registers, stash window, commands, messages, errors.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "commands.h"
#include "image.h"
#include "registers.h"
#include "runtime/riscv.h"

#define REGISTERS 0x20000000u
#define STASH 0x40000000u
#define SRAM 0x10000000u
#define BOOT_ROM 0x00000000u

// Lines of irq_local, see rtl/chiplet/core_unit.v
enum { LINE_NOTIFY, LINE_ERROR, LINE_MESSAGE, LINE_HOST, LINE_IDLE };

// STATUS of the host port
enum {
  STATUS_RESET = 0,
  STATUS_BOOTING = 1,
  STATUS_LOADING = 2,
  STATUS_READY = 3,
  STATUS_RUNNING = 4,
  STATUS_DONE = 5,
  STATUS_ERROR = 15,
};

// Management messages: {data, argument[31:16], source[15:8], kind[7:0]}
enum {
  MESSAGE_GO = 1,       // boot
  MESSAGE_READY = 2,    // weights are loaded
  MESSAGE_ERROR = 3,    // data: error word
  MESSAGE_INFO = 4,     // data: error detail, follows MESSAGE_ERROR
  MESSAGE_REQUEST = 5,  // data: words of the request that follow
  MESSAGE_WORD = 6,     // data: one word of the request
  MESSAGE_REBOOT = 7,   // back to the boot ROM
  MESSAGE_STOPPED = 8,  // the boot ROM has done so
};

typedef struct {
  uint32_t kind;
  uint32_t source;
  uint32_t data;
} message_t;

typedef struct {
  uint32_t word[CMD_BITS / 32];
} command_t;

static inline uint32_t reg_read(uint32_t offset) { return load32(REGISTERS + offset); }
static inline void reg_write(uint32_t offset, uint32_t value) { store32(REGISTERS + offset, value); }

#define REG_FIELD(value, name) (((value) >> REG_##name##_LSB) & REG_##name##_MASK)
#define REG_BIT(name) (1u << REG_##name##_LSB)

static inline uint32_t chiplet_id(void) { return REG_FIELD(reg_read(REG_SHAPE), SHAPE_CHIPLET); }
static inline uint32_t n_chiplets(void) { return REG_FIELD(reg_read(REG_SHAPE), SHAPE_N_CHIPLETS); }
static inline uint32_t block(void) { return REG_FIELD(reg_read(REG_SHAPE), SHAPE_BLOCK); }

// 32-bit word of the stash: word n counted from beat `beat`, over beat boundaries.
static inline uint32_t stash_word(uint32_t beat, uint32_t n) {
  return load32(STASH + beat * block() + 4 * n);
}

static inline void command_set(command_t *c, uint32_t lsb, uint32_t width, uint32_t value) {
  uint32_t at = lsb / 32, shift = lsb % 32;
  c->word[at] |= value << shift;
  if (shift + width > 32) c->word[at + 1] |= value >> (32 - shift);
}

#define COMMAND_SET(c, name, value) command_set((c), CMD_##name##_LSB, CMD_##name##_W, (value))

// Queues a command. A dispatcher that holds an error takes no more: the command is dropped, and
// whoever waits for the engines finds the error.
static inline void command_push(const command_t *c) {
  for (;;) {
    uint32_t state = reg_read(REG_DISPATCH);
    if (state & REG_BIT(DISPATCH_ERROR)) return;
    if (state & REG_BIT(DISPATCH_PUSH_READY)) break;
  }
  for (uint32_t i = 0; i < CMD_BITS / 32; i++) reg_write(REG_PUSH + 4 * i, c->word[i]);
}

// Queues a load of `count` raw beats of memory to the stash.
static inline void push_load(uint32_t mem, uint32_t stash, uint32_t count) {
  command_t c = {0};
  COMMAND_SET(&c, OPCODE, CMD_LOAD);
  COMMAND_SET(&c, QUEUE, QUEUE_DMA);
  COMMAND_SET(&c, LOAD_MEM, mem);
  COMMAND_SET(&c, LOAD_STASH, stash);
  COMMAND_SET(&c, LOAD_ROWS, 1);
  COMMAND_SET(&c, LOAD_COUNT, count);
  command_push(&c);
}

// Sends a message. While the one before cannot leave because its link is down, the message is
// dropped; the dispatcher holds the error LINK then.
static inline void message_send(uint32_t peer, uint32_t kind, uint32_t data) {
  while (!(reg_read(REG_MTX_STATUS) & REG_BIT(MTX_STATUS_READY))) {
    uint32_t down = REG_FIELD(reg_read(REG_LINKS), LINKS_DOWN);
    if (down >> reg_read(REG_MTX_PEER) & 1) return;
  }
  reg_write(REG_MTX_PEER, peer);
  reg_write(REG_MTX_LO, kind | chiplet_id() << 8);
  reg_write(REG_MTX_HI, data);
}

static inline void message_broadcast(uint32_t kind, uint32_t data) {
  for (uint32_t p = 0; p < n_chiplets(); p++) {
    if (p != chiplet_id()) message_send(p, kind, data);
  }
}

// Reads the oldest message and leaves it there; false if there is none.
static inline bool message_peek(message_t *m) {
  if (!(reg_read(REG_MRX_STATUS) & REG_BIT(MRX_STATUS_VALID))) return false;
  uint32_t lo = reg_read(REG_MRX_LO);
  m->kind = lo & 0xff;
  m->source = lo >> 8 & 0xff;
  m->data = reg_read(REG_MRX_HI);
  return true;
}

static inline void message_drop(void) { reg_write(REG_MRX_POP, 1); }

static inline void messages_drop(void) {
  while (reg_read(REG_MRX_STATUS) & REG_BIT(MRX_STATUS_VALID)) message_drop();
}

// Wakes at any line; whoever calls this tests its condition again.
static inline void sleep(void) {
  CSR_WRITE(mie, 0x1fu << IRQ_LOCAL0);
  wait_for_interrupt();
}

// Drops messages until one of this kind comes; returns its data.
static inline uint32_t message_await(uint32_t kind) {
  message_t m;
  for (;;) {
    while (!message_peek(&m)) sleep();
    message_drop();
    if (m.kind == kind) return m.data;
  }
}

static inline void engines_reset(void) {
  reg_write(REG_CONTROL, REG_BIT(CONTROL_ENGINE_RESET));
  while (reg_read(REG_DISPATCH) & REG_BIT(DISPATCH_RESETTING)) {
  }
}

// Error word of the host register ERROR, for errors that firmware finds itself.
static inline uint32_t error_word(uint32_t code) { return code | chiplet_id() << 20; }

// Error word of the error that the dispatcher holds.
static inline uint32_t engine_error_word(void) { return reg_read(REG_ERROR) | chiplet_id() << 20; }

// Tells the host, through chiplet 0. A ring of the doorbell counts only after the host could see
// the error.
static inline void report_error(uint32_t word, uint32_t info) {
  if (chiplet_id() == 0) {
    reg_write(REG_DOORBELL_CLEAR, 1);
    reg_write(REG_HOST_ERROR, word);
    reg_write(REG_HOST_ERROR_INFO, info);
    reg_write(REG_HOST_STATUS, STATUS_ERROR);
  } else {
    message_send(0, MESSAGE_ERROR, word);
    message_send(0, MESSAGE_INFO, info);
  }
}
