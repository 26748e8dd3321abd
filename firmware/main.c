// SPDX-License-Identifier: Apache-2.0
// Firmware of a chiplet: loads the weights, then serves requests: prefill, decode, greedy sampling.
// Every chiplet runs this same program on its own image; chiplet 0 also serves the host.
// The doorbell boots again: at once between requests, at the next wait for engines during one. After
// an error of engines or image nothing else is served.
#include "chip.h"

// Base registers, by the convention of docs/architecture.md
enum { BASE_POS = 1, BASE_ROWS, BASE_END, BASE_CACHE, BASE_LAST, BASE_SLOT, BASE_SLOT_K,
       BASE_SEQUENCE };

// A request: one sequence, or (kind in the upper byte of its first word) several at once
enum { REQUEST_ONE, REQUEST_BATCH };
enum { SEQUENCE_PROMPT, SEQUENCE_NEW, SEQUENCE_END_TOKEN, SEQUENCE_WORDS };
#define REQUEST_KIND 24  // bit from which on the first word holds the kind, a token its sequence
#define MAX_PROMPT 4096u // tokens, all sequences together
#define MAX_BATCH 8u
#define MAX_CHIPLETS 8u

typedef struct {
  uint32_t prompt, n_prompt;  // first token in `prompts`, number of tokens
  uint32_t left;              // new tokens to come
  uint32_t end_token;
  uint32_t token, position;   // what goes, or went last, through the layers, and where
} sequence_t;

static uint32_t header[IMAGE_HEADER_WORDS];
static const uint32_t *sections[IMAGE_KINDS];  // entry of the section table of each kind
static uint32_t prompts[MAX_PROMPT];
static uint32_t batch;  // sequences of the request
static sequence_t sequences[MAX_BATCH];
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

// The compiler makes one section of each kind that the header's words promise.
static void sections_find(void) {
  for (uint32_t s = 0; s < header[IMAGE_N_SECTIONS]; s++) {
    uint32_t kind = section(s)[IMAGE_SECTION_KIND];
    if (kind < IMAGE_KINDS) sections[kind] = section(s);
  }
}

static void list_section_run(uint32_t kind) {
  const uint32_t *s = sections[kind];
  if (!s) fail(error_word(ERROR_IMAGE), kind);
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

// Loads the embedding row of a token to row `to` of x. The beat behind it makes the signature of the
// load the token's number.
static void embedding_load(uint32_t token, uint32_t to) {
  uint32_t row = header[IMAGE_EMBED_BEATS];
  push_load(header[IMAGE_EMBED_MEM] + token * (row + 1), header[IMAGE_X_STASH] + to * row, row + 1);
}

static void embeddings_check(uint32_t expected) {
  engines_finish();
  if (reg_read(REG_SIGNATURE_SUM) != expected) fail(error_word(ERROR_IMAGE), expected);
}

static bool encoder(void) { return header[IMAGE_EMBEDDING_WORDS] != 0; }

// Runs the longest step list of which the next `left` tokens of the sequence in this slot fill all
// chunks but the last; returns how many tokens it took. In an encoder the shortest that takes them
// all; rows that are left over get token 0, which no other row looks at.
static uint32_t step_run(uint32_t slot, uint32_t pos, const uint32_t *token, uint32_t left) {
  uint32_t chunk = header[IMAGE_CHUNK_TOKENS], most = header[IMAGE_MAX_TOKENS];
  uint32_t kind = IMAGE_KIND_STEP_LIST, size = chunk, sum = 0;
  while (encoder() ? size < left : 2 * size <= most && 2 * size - chunk < left) {
    kind = kind == IMAGE_KIND_STEP_LIST ? IMAGE_KIND_STEP_LIST_2 : kind + 1;
    size *= 2;
  }
  uint32_t count = left < size ? left : size;
  uint32_t rows = count > size - chunk ? count : size - chunk + 1;
  signature_clear();
  for (uint32_t i = 0; i < rows; i++) {
    uint32_t id = i < count ? token[i] : 0;
    embedding_load(id, i);
    sum += id;
  }
  reg_write(REG_BASE + 4 * BASE_POS, pos);
  reg_write(REG_BASE + 4 * BASE_ROWS, rows - (size - chunk));
  reg_write(REG_BASE + 4 * BASE_END, pos + count);
  reg_write(REG_BASE + 4 * BASE_CACHE, pos + slot * header[IMAGE_SLOT_POSITIONS]);
  reg_write(REG_BASE + 4 * BASE_SLOT, slot * header[IMAGE_SLOT_BLOCKS]);
  reg_write(REG_BASE + 4 * BASE_SLOT_K, slot * header[IMAGE_SLOT_K_SETS]);
  embeddings_check(sum);
  list_section_run(kind);
  return count;
}

// Runs the batch list of 2, 4 or 8 slots: the next token of each sequence. A sequence that has ended
// takes its last token again, which changes nothing; a slot without a sequence takes token 0.
static void batch_run(uint32_t slots) {
  uint32_t sum = 0;
  signature_clear();
  for (uint32_t s = 0; s < slots; s++) {
    embedding_load(sequences[s].token, s);
    sum += sequences[s].token;
    reg_write(REG_BASE + 4 * (BASE_SEQUENCE + s), sequences[s].position);
  }
  embeddings_check(sum);
  list_section_run(slots == 2   ? IMAGE_KIND_BATCH_LIST_2
                   : slots == 4 ? IMAGE_KIND_BATCH_LIST_4
                                : IMAGE_KIND_BATCH_LIST_8);
}

// Order of finite fp32 values as order of unsigned integers.
static uint32_t rank(uint32_t bits) { return bits >> 31 ? ~bits : bits | 0x80000000u; }

// Best of the chiplets' {value, index} beats: highest value, then lowest index. A chiplet without
// logits leaves its slot out (see models/compiler).
static uint32_t sample(uint32_t first) {
  uint32_t best_rank = 0, best_index = ~0u;
  for (uint32_t c = 0; c < n_chiplets(); c++) {
    if (!(header[IMAGE_ARGMAX_MASK] >> c & 1)) continue;
    uint32_t value = rank(stash_word(first + c, 0));
    uint32_t index = stash_word(first + c, 1);
    if (value > best_rank || (value == best_rank && index < best_index)) {
      best_rank = value;
      best_index = index;
    }
  }
  return best_index;
}

static void post(uint32_t word) {
  while (!(reg_read(REG_HOST) & REG_BIT(HOST_OUT_READY))) listen(0);
  reg_write(REG_HOST_OUT, word);
}

// Takes the next token of a sequence, from a row of x, and posts it.
static void token_take(uint32_t s, uint32_t row) {
  sequence_t *q = &sequences[s];
  reg_write(REG_BASE + 4 * BASE_LAST, row * header[IMAGE_EMBED_BEATS]);
  reg_write(REG_BASE + 4 * BASE_SLOT, s * n_chiplets());
  list_section_run(IMAGE_KIND_HEAD_LIST);
  uint32_t token = sample(header[IMAGE_ARGMAX_STASH] + s * n_chiplets());
  if (chiplet_id() == 0) post(token | s << REQUEST_KIND);
  q->left = token == q->end_token ? 0 : q->left - 1;
  if (q->left) {
    q->token = token;
    q->position++;
  }
}

// Takes the sequence through an encoder and posts as many words of its embedding as are asked for.
static void embed(void) {
  const sequence_t *q = &sequences[0];
  step_run(0, 0, prompts + q->prompt, q->n_prompt);
  list_section_run(IMAGE_KIND_HEAD_LIST);
  uint32_t beat = header[IMAGE_EMBEDDING_STASH], lane = 0;
  for (uint32_t i = 0; chiplet_id() == 0 && i < q->left; i++) {
    post(stash_word(beat, lane));
    lane = lane + 1 == block() / 4 ? 0 : lane + 1;
    if (lane == 0) beat++;
  }
}

// Serves the request: prefill of one sequence after the other, then decode of all that still run,
// as they are in the slots.
static void generate(void) {
  for (uint32_t s = 0; s < batch; s++) {
    sequence_t *q = &sequences[s];
    const uint32_t *prompt = prompts + q->prompt;
    uint32_t pos = 0, took = 0;
    while (pos < q->n_prompt) {
      took = step_run(s, pos, prompt + pos, q->n_prompt - pos);
      pos += took;
    }
    q->token = prompt[pos - 1];
    q->position = pos - 1;
    token_take(s, took - 1);
  }
  for (;;) {
    uint32_t live = 0, last = 0, slots = 2;
    for (uint32_t s = 0; s < batch; s++) {
      if (!sequences[s].left) continue;
      live++;
      last = s;
    }
    if (!live) return;
    if (live == 1) {
      step_run(last, sequences[last].position, &sequences[last].token, 1);
      token_take(last, 0);
      continue;
    }
    while (slots <= last) slots *= 2;
    batch_run(slots);
    for (uint32_t s = 0; s <= last; s++) {
      if (sequences[s].left) token_take(s, s);
    }
  }
}

static void serve(void) {
  if (encoder()) {
    embed();
  } else {
    generate();
  }
}

static uint32_t host_word(void) {
  // Words that the host writes after it has rung the doorbell are for the next boot: listen first.
  while (listen(0) || !(reg_read(REG_HOST) & REG_BIT(HOST_IN_VALID))) sleep();
  uint32_t word = reg_read(REG_HOST_IN);
  reg_write(REG_HOST_IN_POP, 1);
  return word;
}

// The words of a request, from the host or from chiplet 0.
typedef uint32_t (*words_t)(void);

static uint32_t peer_word(void) {
  message_t m = {0};
  while (m.kind != MESSAGE_WORD) {
    if (!listen(&m)) sleep();
  }
  return m.data;
}

// Reads a request; false if it cannot be served (all its words are read then, too), and *info says
// which number is at fault. All words but the first: `first` is the first one.
static bool request_read(uint32_t first, words_t word, uint32_t *info) {
  uint32_t kind = first >> REQUEST_KIND, most = header[IMAGE_MAX_POSITIONS], total = 0;
  uint32_t size[256];
  batch = kind == REQUEST_BATCH ? first & 0xff : 1;
  bool good = kind <= REQUEST_BATCH && batch >= 1 && batch <= header[IMAGE_BATCH];
  *info = first;
  for (uint32_t s = 0; s < MAX_BATCH; s++) sequences[s] = (sequence_t){0};
  for (uint32_t s = 0; s < batch; s++) {
    uint32_t n_prompt = kind == REQUEST_BATCH ? word() : first & ((1u << REQUEST_KIND) - 1);
    uint32_t n_new = word(), end_token = word();
    size[s] = n_prompt;
    if (n_prompt < 1 || n_new < 1 || n_prompt > MAX_PROMPT - total || n_prompt > most ||
        n_new > (encoder() ? header[IMAGE_EMBEDDING_WORDS] : most - n_prompt + 1)) {
      if (good) *info = n_prompt;
      good = false;
    }
    if (good) {
      sequences[s].prompt = total;
      sequences[s].n_prompt = n_prompt;
      sequences[s].left = n_new;
      sequences[s].end_token = end_token;
      total += n_prompt;
    }
  }
  for (uint32_t s = 0, at = 0; s < batch; s++) {
    for (uint32_t i = 0; i < size[s]; i++, at++) {
      uint32_t token = word();
      if (token >= header[IMAGE_VOCAB]) {
        if (good) *info = token;
        good = false;
      }
      if (good) prompts[at] = token;
    }
  }
  return good;
}

static void serve_host(void) {
  uint32_t info;
  uint32_t first = host_word();
  reg_write(REG_HOST_STATUS, STATUS_RUNNING);
  if (!request_read(first, host_word, &info)) {
    report_error(error_word(ERROR_REQUEST), info);
    return;
  }
  bool one = batch == 1;
  message_broadcast(MESSAGE_REQUEST, 0);
  message_broadcast(MESSAGE_WORD, one ? sequences[0].n_prompt : REQUEST_BATCH << REQUEST_KIND | batch);
  for (uint32_t s = 0; s < batch; s++) {
    if (!one) message_broadcast(MESSAGE_WORD, sequences[s].n_prompt);
    message_broadcast(MESSAGE_WORD, sequences[s].left);
    message_broadcast(MESSAGE_WORD, sequences[s].end_token);
  }
  uint32_t total = sequences[batch - 1].prompt + sequences[batch - 1].n_prompt;
  for (uint32_t i = 0; i < total; i++) message_broadcast(MESSAGE_WORD, prompts[i]);
  serve();
  reg_write(REG_HOST_STATUS, STATUS_DONE);
}

static void serve_chiplet0(void) {
  uint32_t info;
  message_t m = {0};
  while (m.kind != MESSAGE_REQUEST) {
    if (!listen(&m)) sleep();
  }
  if (request_read(peer_word(), peer_word, &info)) serve();
}

int main(void) {
  // The boot ROM has left the checked header at the start of the stash.
  for (uint32_t w = 0; w < IMAGE_HEADER_WORDS; w++) header[w] = stash_word(0, w);
  if (chiplet_id() == 0) reg_write(REG_HOST_STATUS, STATUS_LOADING);
  reg_write(REG_WATCHDOG, header[IMAGE_WATCHDOG]);
  sections_find();
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
