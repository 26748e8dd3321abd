// SPDX-License-Identifier: Apache-2.0
// Boot ROM: waits for the doorbell, checks the image header, loads the firmware section into the
// SRAM and jumps to it. docs/image.md has the header.
#include "chip.h"

static uint32_t header(uint32_t word) { return stash_word(0, word); }

// Runs the queued commands to their end; false if the dispatcher holds an error.
static bool engines_finish(void) {
  for (;;) {
    uint32_t state = reg_read(REG_DISPATCH);
    if (state & REG_BIT(DISPATCH_ERROR)) return false;
    if (state & REG_BIT(DISPATCH_IDLE)) return true;
  }
}

// Chiplet 0, once the doorbell has rung: brings all peers to their boot ROM, wherever they are, and
// waits until each has stopped its engines. The first message is taken by a peer's firmware, if that
// runs, and the second by its boot ROM, which answers. False if the dispatcher holds an error.
static bool peers_stop(void) {
  uint32_t stopped = 1;
  message_t m;
  messages_drop();
  message_broadcast(MESSAGE_REBOOT, 0);
  message_broadcast(MESSAGE_REBOOT, 0);
  while (stopped != (1u << n_chiplets()) - 1) {
    if (reg_read(REG_DISPATCH) & REG_BIT(DISPATCH_ERROR)) return false;
    if (!message_peek(&m)) continue;
    message_drop();
    if (m.kind == MESSAGE_STOPPED) stopped |= 1u << m.source;
  }
  return true;
}

// Returns when all chiplets boot, with engines at rest everywhere: what peers had sent before has
// arrived, and is forgotten. False if the dispatcher holds an error.
static bool doorbell_wait(void) {
  if (chiplet_id() == 0) {
    while (!(reg_read(REG_HOST) & REG_BIT(HOST_DOORBELL))) {
      message_drop();
      sleep();
    }
    reg_write(REG_DOORBELL_CLEAR, 1);
    reg_write(REG_HOST_STATUS, STATUS_BOOTING);
    if (!peers_stop()) return false;
    message_broadcast(MESSAGE_GO, 0);
  } else {
    message_t m;
    do {
      while (!message_peek(&m)) sleep();
      message_drop();
      if (m.kind == MESSAGE_REBOOT) message_send(0, MESSAGE_STOPPED, 0);
    } while (m.kind != MESSAGE_GO);
  }
  engines_reset();
  return true;
}

// CRC-32 (reflected, polynomial 0xedb88320), four bits at a time, of the header words before the one
// that holds it. Entry n of the table is the remainder of n followed by 28 zero bits.
static uint32_t header_crc(uint32_t words) {
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
      0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
  };
  uint32_t crc = ~0u;
  for (uint32_t w = 0; w < words; w++) {
    crc ^= header(w);
    for (int nibble = 0; nibble < 8; nibble++) crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

// First error found in the image, or 0; *info says which word or section.
static uint32_t load(uint32_t *info) {
  uint32_t beats = (4 * IMAGE_HEADER_WORDS + block() - 1) / block();
  push_load(0, 0, beats);
  if (!engines_finish()) {
    *info = 0;
    return engine_error_word();
  }
  *info = IMAGE_MAGIC;
  if (header(IMAGE_MAGIC) != IMAGE_MAGIC_VALUE) return error_word(ERROR_IMAGE);
  *info = IMAGE_VERSION;
  if (header(IMAGE_VERSION) != IMAGE_VERSION_VALUE) return error_word(ERROR_IMAGE);
  *info = IMAGE_CRC;
  if (header(IMAGE_CRC) != header_crc(IMAGE_CRC)) return error_word(ERROR_IMAGE);

  uint32_t shape = reg_read(REG_SHAPE);
  const uint32_t made_for[][2] = {
    {IMAGE_BLOCK, REG_FIELD(shape, SHAPE_BLOCK)},
    {IMAGE_N_CHIPLETS, REG_FIELD(shape, SHAPE_N_CHIPLETS)},
    {IMAGE_CHIPLET, REG_FIELD(shape, SHAPE_CHIPLET)},
    {IMAGE_N_MACROS, REG_FIELD(shape, SHAPE_N_MACROS)},
    {IMAGE_SETS, reg_read(REG_SETS)},
    {IMAGE_STASH_BEATS, reg_read(REG_STASH_BEATS)},
  };
  for (uint32_t i = 0; i < sizeof made_for / sizeof made_for[0]; i++) {
    *info = made_for[i][0];
    if (header(made_for[i][0]) != made_for[i][1]) return error_word(ERROR_CONFIG);
  }

  // The firmware is section 0; it comes through the stash behind the header, chunk by chunk.
  *info = 0;
  uint32_t mem = header(IMAGE_SECTIONS + IMAGE_SECTION_BEAT);
  uint32_t left = header(IMAGE_SECTIONS + IMAGE_SECTION_BEATS);
  uint32_t chunk = header(IMAGE_SCRATCH_BEATS);
  uint32_t to = SRAM;
  if (header(IMAGE_SECTIONS) != IMAGE_KIND_FIRMWARE || left == 0 || chunk == 0 ||
      left > IMAGE_FIRMWARE_BYTES / block()) {
    return error_word(ERROR_IMAGE);
  }
  reg_write(REG_CONTROL, REG_BIT(CONTROL_SIGNATURE_CLEAR));
  while (left) {
    uint32_t count = left < chunk ? left : chunk;
    push_load(mem, beats, count);
    if (!engines_finish()) return engine_error_word();
    uint32_t from = STASH + beats * block();
    for (uint32_t end = from + count * block(); from < end; from += 4, to += 4) {
      store32(to, load32(from));
    }
    mem += count;
    left -= count;
  }
  if (reg_read(REG_SIGNATURE_SUM) != header(IMAGE_SECTIONS + IMAGE_SECTION_SIGNATURE)) {
    return error_word(ERROR_IMAGE);
  }
  return 0;
}

int main(void) {
  for (;;) {
    uint32_t info = 0;
    engines_reset();
    uint32_t error = doorbell_wait() ? load(&info) : engine_error_word();
    if (!error) {
      sync_code();
      __asm__ volatile("jr %0" : : "r"(SRAM));
      __builtin_unreachable();
    }
    report_error(error, info);
  }
}

uint32_t trap(uint32_t mcause, uint32_t mepc, uint32_t mtval) {
  (void)mcause;
  (void)mtval;
  report_error(error_word(ERROR_TRAP), mepc);
  return BOOT_ROM;
}
