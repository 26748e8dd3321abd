// SPDX-License-Identifier: Apache-2.0
// Firmware of a chiplet: loads the weights, then serves requests: prefill, decode, greedy sampling.
// Every chiplet runs this same program on its own image; chiplet 0 also serves the host.
// The doorbell boots again: at once between requests, at the next wait for engines during one. After
// an error of engines or image nothing else is served.
#include "chip.h"

// Base registers, by the convention of docs/architecture.md
enum { BASE_POS = 1, BASE_ROWS, BASE_END, BASE_ROPE, BASE_LAST };

enum { REQUEST_PROMPT, REQUEST_NEW, REQUEST_END_TOKEN, REQUEST_WORDS };
#define MAX_PROMPT 4096u
#define MAX_CHIPLETS 8u

static uint32_t header[IMAGE_HEADER_WORDS];
static uint32_t prompt[MAX_PROMPT];
static uint32_t ready;  // mask of chiplets that have loaded their weights

static void __attribute__((noreturn)) reboot(void) {
  engines_reset();
  __asm__ volatile("jr %0" : : "r"(BOOT_ROM));
  __builtin_unreachable();
}

// Reports an error and boots again when the host asks for it.
static void __attribute__((noreturn)) fail(uint32_t word, uint32_t info) {
  report_error(word, info);
  if (chiplet_id() == 0) {
    while (!(reg_read(REG_HOST) & REG_BIT(HOST_DOORBELL))) {
      message_drop();
      sleep();
    }
  } else {
    message_await(MESSAGE_REBOOT);
  }
  reboot();
}

static void errors_check(void) {
  if (reg_read(REG_DISPATCH) & REG_BIT(DISPATCH_ERROR)) {
    fail(engine_error_word(), reg_read(REG_ERROR_SEQUENCE));
  }
}

// Takes one message, if it is of a kind that means the same at any time. Requests stay in the queue
// until `wanted` asks for them. False if nothing was taken.
static bool listen(message_t *wanted) {
  static uint32_t error[MAX_CHIPLETS];  // words whose detail has not come yet
  message_t m;
  if (chiplet_id() == 0 && reg_read(REG_HOST) & REG_BIT(HOST_DOORBELL)) reboot();
  errors_check();
  if (!message_peek(&m)) return false;
  if (!wanted && (m.kind == MESSAGE_REQUEST || m.kind == MESSAGE_WORD)) return false;
  message_drop();
  switch (m.kind) {
    case MESSAGE_READY: ready |= 1u << m.source; break;
    case MESSAGE_ERROR: error[m.source % MAX_CHIPLETS] = m.data; break;
    case MESSAGE_INFO: fail(error[m.source % MAX_CHIPLETS], m.data);
    case MESSAGE_REBOOT: reboot();
    default: break;
  }
  if (wanted) *wanted = m;
  return true;
}

// Waits until every queued command has been completed.
static void engines_finish(void) {
  for (;;) {
    bool idle = reg_read(REG_DISPATCH) & REG_BIT(DISPATCH_IDLE);
    errors_check();
    if (idle) return;
    if (!listen(0)) sleep();
  }
}

static void list_run(uint32_t address, uint32_t beats) {
  reg_write(REG_LIST_ADDRESS, address);
  reg_write(REG_LIST_LIMIT, beats);
  reg_write(REG_CONTROL, REG_BIT(CONTROL_LIST_START));
  engines_finish();
}

static void signature_clear(void) { reg_write(REG_CONTROL, REG_BIT(CONTROL_SIGNATURE_CLEAR)); }

static const uint32_t *section(uint32_t number) {
  return &header[IMAGE_SECTIONS + number * IMAGE_SECTION_WORDS];
}

// Section of a kind; the compiler makes exactly one of each.
static const uint32_t *section_of(uint32_t kind) {
  for (uint32_t s = 0; s < header[IMAGE_N_SECTIONS]; s++) {
    if (section(s)[IMAGE_SECTION_KIND] == kind) return section(s);
  }
  fail(error_word(ERROR_IMAGE), kind);
}

static void list_section_run(uint32_t kind) {
  const uint32_t *s = section_of(kind);
  list_run(s[IMAGE_SECTION_BEAT], s[IMAGE_SECTION_BEATS]);
}

// Checks the sections that are not checked where they are used: raw loads into the scratch region.
static void sections_verify(void) {
  uint32_t scratch = header[IMAGE_SCRATCH_STASH], chunk = header[IMAGE_SCRATCH_BEATS];
  for (uint32_t number = 0; number < header[IMAGE_N_SECTIONS]; number++) {
    const uint32_t *s = section(number);
    if (s[IMAGE_SECTION_LAZY]) continue;
    signature_clear();
    for (uint32_t at = 0; at < s[IMAGE_SECTION_BEATS]; at += chunk) {
      uint32_t left = s[IMAGE_SECTION_BEATS] - at;
      push_load(s[IMAGE_SECTION_BEAT] + at, scratch, left < chunk ? left : chunk);
    }
    engines_finish();
    if (reg_read(REG_SIGNATURE_SUM) != s[IMAGE_SECTION_SIGNATURE]) {
      fail(error_word(ERROR_IMAGE), number);
    }
  }
}

static void weights_load(void) {
  signature_clear();
  list_section_run(IMAGE_KIND_LOAD_LIST);
  if (reg_read(REG_SIGNATURE_SUM) != header[IMAGE_LOAD_SIGNATURE]) {
    fail(error_word(ERROR_IMAGE), header[IMAGE_N_SECTIONS]);
  }
}

// Loads the embedding rows of `count` tokens to x and checks them against the table of signatures.
static void embeddings_load(const uint32_t *token, uint32_t count) {
  uint32_t words = block() / 4, shift = words == 16 ? 4 : words == 8 ? 3 : 2;  // division is slow
  uint32_t row = header[IMAGE_EMBED_BEATS], scratch = header[IMAGE_SCRATCH_STASH];
  uint32_t expected = 0;
  for (uint32_t i = 0; i < count; i++) {
    push_load(header[IMAGE_EMBED_SIGNATURES_MEM] + (token[i] >> shift), scratch + i, 1);
  }
  engines_finish();
  for (uint32_t i = 0; i < count; i++) {
    expected += stash_word(scratch + i, token[i] & (words - 1));
  }
  signature_clear();
  for (uint32_t i = 0; i < count; i++) {
    push_load(header[IMAGE_EMBED_MEM] + token[i] * row, header[IMAGE_X_STASH] + i * row, row);
  }
  engines_finish();
  if (reg_read(REG_SIGNATURE_SUM) != expected) fail(error_word(ERROR_IMAGE), token[0]);
}

// Runs the longest step list of which the next `left` tokens fill all chunks but the last; returns
// how many tokens it took.
static uint32_t step_run(uint32_t pos, const uint32_t *token, uint32_t left) {
  uint32_t chunk = header[IMAGE_CHUNK_TOKENS], most = header[IMAGE_MAX_TOKENS];
  uint32_t kind = IMAGE_KIND_STEP_LIST, size = chunk;
  while (2 * size <= most && 2 * size - chunk < left) {
    kind = kind == IMAGE_KIND_STEP_LIST ? IMAGE_KIND_STEP_LIST_2 : kind + 1;
    size *= 2;
  }
  uint32_t count = left < size ? left : size;
  embeddings_load(token, count);
  reg_write(REG_BASE + 4 * BASE_POS, pos);
  reg_write(REG_BASE + 4 * BASE_ROWS, count - (size - chunk));
  reg_write(REG_BASE + 4 * BASE_END, pos + count);
  reg_write(REG_BASE + 4 * BASE_ROPE, pos * header[IMAGE_ROPE_BEATS]);
  reg_write(REG_BASE + 4 * BASE_LAST, (count - 1) * header[IMAGE_EMBED_BEATS]);
  list_section_run(kind);
  return count;
}

// Order of finite fp32 values as order of unsigned integers.
static uint32_t rank(uint32_t bits) { return bits >> 31 ? ~bits : bits | 0x80000000u; }

// Best of the chiplets' {value, index} beats: highest value, then lowest index. A chiplet without
// logits leaves its slot out (see models/compiler).
static uint32_t sample(void) {
  uint32_t best_rank = 0, best_index = ~0u;
  for (uint32_t c = 0; c < n_chiplets(); c++) {
    if (!(header[IMAGE_ARGMAX_MASK] >> c & 1)) continue;
    uint32_t value = rank(stash_word(header[IMAGE_ARGMAX_STASH] + c, 0));
    uint32_t index = stash_word(header[IMAGE_ARGMAX_STASH] + c, 1);
    if (value > best_rank || (value == best_rank && index < best_index)) {
      best_rank = value;
      best_index = index;
    }
  }
  return best_index;
}

static void generate(uint32_t n_prompt, uint32_t n_new, uint32_t end_token) {
  uint32_t pos = 0, token = 0;
  while (pos < n_prompt) pos += step_run(pos, prompt + pos, n_prompt - pos);
  for (;;) {
    list_section_run(IMAGE_KIND_HEAD_LIST);
    token = sample();
    if (chiplet_id() == 0) {
      while (!(reg_read(REG_HOST) & REG_BIT(HOST_OUT_READY))) listen(0);
      reg_write(REG_HOST_OUT, token);
    }
    if (--n_new == 0 || token == end_token) return;
    pos += step_run(pos, &token, 1);
  }
}

static uint32_t host_word(void) {
  // Words that the host writes after it has rung the doorbell are for the next boot: listen first.
  while (listen(0) || !(reg_read(REG_HOST) & REG_BIT(HOST_IN_VALID))) sleep();
  uint32_t word = reg_read(REG_HOST_IN);
  reg_write(REG_HOST_IN_POP, 1);
  return word;
}

// Takes a request from the host; false after one that cannot be served.
static bool request_from_host(uint32_t *request) {
  for (uint32_t i = 0; i < REQUEST_WORDS; i++) request[i] = host_word();
  reg_write(REG_HOST_STATUS, STATUS_RUNNING);
  uint32_t n_prompt = request[REQUEST_PROMPT], n_new = request[REQUEST_NEW];
  uint32_t most = header[IMAGE_MAX_POSITIONS];
  bool good = n_prompt >= 1 && n_new >= 1 && n_prompt <= MAX_PROMPT && n_prompt <= most &&
              n_new <= most - n_prompt + 1;
  uint32_t info = n_prompt;
  for (uint32_t i = 0; i < n_prompt; i++) {
    uint32_t token = host_word();
    if (token >= header[IMAGE_VOCAB]) {
      good = false;
      info = token;
    }
    if (i < MAX_PROMPT) prompt[i] = token;
  }
  if (!good) report_error(error_word(ERROR_REQUEST), info);
  return good;
}

static uint32_t peer_word(uint32_t kind) {
  message_t m = {0};
  while (m.kind != kind) {
    if (!listen(&m)) sleep();
  }
  return m.data;
}

static void serve_host(void) {
  uint32_t request[REQUEST_WORDS];
  if (!request_from_host(request)) return;
  message_broadcast(MESSAGE_REQUEST, REQUEST_WORDS);
  for (uint32_t i = 0; i < REQUEST_WORDS; i++) message_broadcast(MESSAGE_WORD, request[i]);
  for (uint32_t i = 0; i < request[REQUEST_PROMPT]; i++) message_broadcast(MESSAGE_WORD, prompt[i]);
  generate(request[REQUEST_PROMPT], request[REQUEST_NEW], request[REQUEST_END_TOKEN]);
  reg_write(REG_HOST_STATUS, STATUS_DONE);
}

static void serve_chiplet0(void) {
  uint32_t request[REQUEST_WORDS];
  peer_word(MESSAGE_REQUEST);
  for (uint32_t i = 0; i < REQUEST_WORDS; i++) request[i] = peer_word(MESSAGE_WORD);
  for (uint32_t i = 0; i < request[REQUEST_PROMPT]; i++) prompt[i] = peer_word(MESSAGE_WORD);
  generate(request[REQUEST_PROMPT], request[REQUEST_NEW], request[REQUEST_END_TOKEN]);
}

int main(void) {
  // The boot ROM has left the checked header at the start of the stash.
  for (uint32_t w = 0; w < IMAGE_HEADER_WORDS; w++) header[w] = stash_word(0, w);
  if (chiplet_id() == 0) reg_write(REG_HOST_STATUS, STATUS_LOADING);
  reg_write(REG_WATCHDOG, header[IMAGE_WATCHDOG]);
  sections_verify();
  weights_load();
  if (chiplet_id() == 0) {
    while ((ready | 1u) != (1u << n_chiplets()) - 1) {
      if (!listen(0)) sleep();
    }
    reg_write(REG_HOST_STATUS, STATUS_READY);
    for (;;) serve_host();
  }
  message_send(0, MESSAGE_READY, 0);
  for (;;) serve_chiplet0();
}

uint32_t trap(uint32_t mcause, uint32_t mepc, uint32_t mtval) {
  (void)mcause;
  (void)mtval;
  fail(error_word(ERROR_TRAP), mepc);
}
