// SPDX-License-Identifier: Apache-2.0
// Commands of models/chiplet.py in C, for speed: each has the effect that it has there, to the bit
// (tests/compiler/test_native.py). `execute` says 0, and has done nothing, where a command is illegal
// or of a kind that is not here; then models/chiplet.py executes it, or says what is wrong with it.
#include <stdbool.h>
#include <stdlib.h>

#include "fp32.h"
#include "fields.h"

#define LANES_MAX 16
#define SCALARS 1024
#define HELD_BEATS 64
#define UNIT 127
#define NONFINITE 255

typedef struct {
  int64_t block, stash_beats, sets, n_macros, memory_beats;
  uint8_t *data, *exps, *memory;
  float *scalars, *held;
  tables_t tables;
  float gelu_linear, gelu_cubic;
  int8_t *weights[12];
  uint8_t *weight_exps[12];
} chip_t;

typedef struct { int64_t scale, bin, fn, reduce, post, out, fold, s_row, causal; } chain_t;

static int64_t get(const uint8_t *w, int lsb, int width) {
  uint64_t value = 0;
  int at = lsb / 8;
  memcpy(&value, w + at, at + 8 <= 32 ? 8 : 32 - at);
  return value >> lsb % 8 & ((1ull << width) - 1);
}
#define FIELD(name) get(w, name)

static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Room for the results of a command, kept from one to the next
static void *room(size_t size) {
  static void *held;
  static size_t have;
  if (size > have) {
    free(held);
    held = malloc(have = size + size / 2);
  }
  return held;
}

// Signature

static uint32_t crc_table[8][256];

static void crc_begin(void) {
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t c = n;
    for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
    crc_table[0][n] = c;
  }
  for (uint32_t n = 0; n < 256; n++) {
    for (int k = 1; k < 8; k++) {
      crc_table[k][n] = crc_table[k - 1][n] >> 8 ^ crc_table[0][crc_table[k - 1][n] & 255];
    }
  }
}

static uint32_t crc_word(uint32_t crc, uint32_t word) {
  crc ^= word;
  return crc_table[3][crc & 255] ^ crc_table[2][crc >> 8 & 255] ^ crc_table[1][crc >> 16 & 255] ^
         crc_table[0][crc >> 24];
}

static uint32_t crc_beat(uint32_t offset, const uint8_t *data, int64_t block, const uint8_t exps[2]) {
  uint32_t crc = crc_word(~0u, offset);
  for (int64_t i = 0; i < block; i += 8) {
    uint32_t a, b;
    memcpy(&a, data + i, 4);
    memcpy(&b, data + i + 4, 4);
    a ^= crc;
    crc = crc_table[7][a & 255] ^ crc_table[6][a >> 8 & 255] ^ crc_table[5][a >> 16 & 255] ^
          crc_table[4][a >> 24] ^ crc_table[3][b & 255] ^ crc_table[2][b >> 8 & 255] ^
          crc_table[1][b >> 16 & 255] ^ crc_table[0][b >> 24];
  }
  crc = crc >> 8 ^ crc_table[0][(crc ^ exps[0]) & 255];
  crc = crc >> 8 ^ crc_table[0][(crc ^ exps[1]) & 255];
  return ~crc;
}

uint32_t signature(const uint32_t *offset, const uint8_t *data, const uint8_t *exps, int64_t n,
                   int64_t block) {
  uint32_t sum = 0;
  if (!crc_table[0][1]) crc_begin();
  for (int64_t i = 0; i < n; i++) sum += crc_beat(offset[i], data + i * block, block, exps + 2 * i);
  return sum;
}

// Writes a beat to the stash; its part of the signature
static uint32_t stash_write(chip_t *c, int64_t address, int64_t base, const void *data,
                            const uint8_t exps[2]) {
  memcpy(c->data + address * c->block, data, c->block);
  memcpy(c->exps + 2 * address, exps, 2);
  return crc_beat((address - base) & 0xffff, data, c->block, exps);
}

// mac

static bool mac(chip_t *c, const uint8_t *w, int64_t queue, uint32_t *sum) {
  int64_t block = c->block, lanes = block / 4;
  int64_t src = FIELD(MAC_SRC), dst = FIELD(MAC_DST), set = FIELD(MAC_SET);
  int64_t cols = FIELD(MAC_COLS), depth = FIELD(MAC_DEPTH);
  int64_t outer = FIELD(MAC_OUTER), inner = FIELD(MAC_INNER), tile_stride = FIELD(MAC_TILE_STRIDE);
  int64_t src_outer = FIELD(MAC_SRC_OUTER), src_inner = FIELD(MAC_SRC_INNER);
  int64_t dst_outer = FIELD(MAC_DST_OUTER), dst_inner = FIELD(MAC_DST_INNER);
  bool accumulate = FIELD(MAC_ACCUMULATE);
  if (!cols || !depth || !outer || !inner || FIELD(MAC_INT4)) return false;
  int64_t tiles = up(cols, block), blocks = up(depth, block), beats = up(cols, lanes);
  if (src + (outer - 1) * src_outer + (inner - 1) * src_inner + blocks > c->stash_beats ||
      dst + (outer - 1) * dst_outer + (inner - 1) * dst_inner + beats > c->stash_beats ||
      set + (tiles - 1) * tile_stride + blocks > c->sets) {
    return false;
  }
  int64_t rows = outer * inner, width = tiles * block;
  const int8_t *weights = c->weights[queue - 4];
  const uint8_t *weight_exps = c->weight_exps[queue - 4];
  // x: int16 [rows][blocks][block]; step: [rows][blocks]; sums: float [rows][width]
  int16_t *x = room(rows * (blocks * (2 * block + 4) + 4 * width));
  int32_t *step = (int32_t *)(x + rows * blocks * block);
  float *sums = (float *)(step + rows * blocks);
  for (int64_t row = 0; row < rows; row++) {
    int64_t from = src + row / inner * src_outer + row % inner * src_inner;
    for (int64_t k = 0; k < blocks; k++) {
      const int8_t *beat = (const int8_t *)c->data + (from + k) * block;
      int64_t live = depth - k * block < block ? depth - k * block : block;
      int16_t *to = x + (row * blocks + k) * block;
      for (int64_t r = 0; r < block; r++) to[r] = r < live ? beat[r] : 0;
      step[row * blocks + k] = c->exps[2 * (from + k)];
    }
    int64_t to = dst + row / inner * dst_outer + row % inner * dst_inner;
    const float *start = (const float *)(c->data + to * block);
    for (int64_t i = 0; i < width; i++) {
      sums[row * width + i] = accumulate && i < cols ? flush(start[i]) : 0;
    }
  }
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t used = cols - tile * block < block ? cols - tile * block : block;
    for (int64_t k = 0; k < blocks; k++) {
      const int8_t *columns = weights + (set + tile * tile_stride + k) * block * block;
      const uint8_t *exps = weight_exps + (set + tile * tile_stride + k) * block * 2;
      for (int64_t row = 0; row < rows; row++) {
        const int16_t *xs = x + (row * blocks + k) * block;
        int32_t d[64], ex = step[row * blocks + k];
        float *to = sums + row * width + tile * block;
        for (int64_t n = 0; n < used; n++) {
          const int8_t *column = columns + n * block;
          int32_t dot = 0;
          for (int64_t r = 0; r < block; r++) dot += xs[r] * (int16_t)column[r];
          d[n] = dot;
        }
        for (int64_t n = 0; n < used; n++) {
          int32_t ew = exps[2 * n];
          float term = scaled((float)d[n], ex + ew - 2 * UNIT - 12);
          term = ex == NONFINITE || ew == NONFINITE ? from_bits(NAN_BITS) : term;
          to[n] = add(to[n], term);
        }
      }
    }
  }
  const uint8_t none[2] = {0, 0};
  for (int64_t row = 0; row < rows; row++) {
    int64_t to = dst + row / inner * dst_outer + row % inner * dst_inner;
    for (int64_t b = 0; b < beats; b++) {
      float lane[LANES_MAX];
      for (int64_t i = 0; i < lanes; i++) {
        lane[i] = b * lanes + i < cols ? sums[row * width + b * lanes + i] : 0;
      }
      memcpy(c->data + (to + b) * block, lane, block);
      memcpy(c->exps + 2 * (to + b), none, 2);
      *sum += crc_beat((uint32_t)(to + b - dst), (uint8_t *)lane, block, none);
    }
  }
  return true;
}

// Vector engine

static void chain_element(chip_t *c, const chain_t *h, float *x, int64_t n, int64_t live, float s,
                          const float *b, float imm, float *squares) {
  switch (h->scale) {
    case 1: for (int64_t i = 0; i < live; i++) x[i] = mul(x[i], s); break;
    case 2: for (int64_t i = 0; i < live; i++) x[i] = sub(x[i], s); break;
    case 3: for (int64_t i = 0; i < live; i++) x[i] = add(x[i], flush(c->held[i])); break;
    default: break;
  }
  if (h->reduce == 2) {
    for (int64_t i = 0; i < n; i++) squares[i] = i < live ? mul(x[i], x[i]) : 0;
  }
  for (int64_t i = 0; i < live; i++) {
    switch (h->fn) {
      case 1: x[i] = f_exp2(&c->tables, mul(x[i], imm)); break;
      case 2: x[i] = f_silu(&c->tables, x[i]); break;
      case 3: x[i] = f_gelu(&c->tables, x[i]); break;
      case 4: x[i] = f_gelu_tanh(&c->tables, x[i], c->gelu_linear, c->gelu_cubic); break;
      default: i = live;
    }
  }
  switch (h->bin) {
    case 1: for (int64_t i = 0; i < live; i++) x[i] = mul(x[i], b[i]); break;
    case 2: for (int64_t i = 0; i < live; i++) x[i] = add(x[i], b[i]); break;
    case 3:
      for (int64_t i = 0; i < live; i += 2) {
        float even = x[i], odd = i + 1 < live ? x[i + 1] : 0, cosine = b[i];
        float sine = i + 1 < live ? b[i + 1] : 0;
        x[i] = sub(mul(even, cosine), mul(odd, sine));
        if (i + 1 < live) x[i + 1] = add(mul(odd, cosine), mul(even, sine));
      }
      break;
    case 4:
      if (h->scale == 1) {
        for (int64_t i = 0; i < live; i++) x[i] = mul(x[i], mul(b[i], s));
      } else {
        for (int64_t i = 0; i < live; i++) x[i] = mul(x[i], b[i]);
      }
      break;
    case 5: for (int64_t i = 0; i < live; i++) x[i] = add(mul(x[i], b[i]), flush(c->held[i])); break;
    default: break;
  }
}

static float sum_of(const float *x, int64_t n, int64_t block) {
  float part[64] = {0};
  for (int64_t i = 0; i < n; i += block) {
    int64_t size = n - i < block ? n - i : block;
    for (int64_t l = 0; l < size; l++) part[l] = add(part[l], x[i + l]);
  }
  for (int64_t half = block / 2; half; half /= 2) {
    for (int64_t l = 0; l < half; l++) part[l] = add(part[l], part[l + half]);
  }
  return part[0];
}

// Largest value and its lowest index; a NaN counts as the largest.
static float largest(const float *x, int64_t live, int64_t *index) {
  float best = x[0];
  *index = 0;
  for (int64_t i = 1; i < live && !isnan(best); i++) {
    if (isnan(x[i]) || x[i] > best) {
      best = x[i];
      *index = i;
    }
  }
  return best;
}

static void quantize(const float *x, int64_t n, int64_t block, int8_t *q, uint8_t exps[2]) {
  int32_t e = 0;
  for (int64_t i = 0; i < n; i++) {
    int32_t field = bits(x[i]) >> 23 & 255;
    e = field > e ? field : e;
  }
  memset(q, 0, block);
  exps[0] = exps[1] = (uint8_t)e;
  if (e == NONFINITE) return;
  for (int64_t i = 0; i < n; i++) {
    float y = rintf(scaled(x[i], 6 - (e - UNIT)));
    q[i] = (int8_t)(y < -127 ? -127 : y > 127 ? 127 : y);
  }
}

static bool ve(chip_t *c, const uint8_t *w, uint32_t *sum) {
  int64_t block = c->block, lanes = block / 4;
  chain_t h = {FIELD(VE_SCALE), FIELD(VE_BIN), FIELD(VE_FN), FIELD(VE_REDUCE), FIELD(VE_POST),
               FIELD(VE_OUT), FIELD(VE_FOLD), FIELD(VE_S_ROW), FIELD(VE_CAUSAL)};
  int64_t a = FIELD(VE_A), b = FIELD(VE_B), d = FIELD(VE_D), outer = FIELD(VE_OUTER);
  int64_t inner = FIELD(VE_INNER), len = FIELD(VE_LEN), s_src = FIELD(VE_S_SRC);
  int64_t s_dst = FIELD(VE_S_DST), a_outer = FIELD(VE_A_OUTER), a_inner = FIELD(VE_A_INNER);
  int64_t b_outer = FIELD(VE_B_OUTER), d_outer = FIELD(VE_D_OUTER), d_inner = FIELD(VE_D_INNER);
  uint32_t number = (uint32_t)FIELD(VE_IMM);
  bool holds = h.out == 3 && h.reduce != 4, uses = h.scale == 3 || h.bin == 5;
  bool scaled_by = h.scale == 1 || h.scale == 2, to_scalars = h.reduce >= 1 && h.reduce <= 3;
  if (!outer || !inner || !len || h.fn > 4 || h.bin > 5 || h.reduce > 4 || (h.fold && h.bin) ||
      (h.reduce == 4 && h.out != 3) || (holds && (outer * inner > 1 || h.reduce)) ||
      holds + (h.scale == 3) + (h.bin == 5) > 1) {
    return false;
  }
  int64_t span = len + (h.causal ? outer - 1 : 0), rows = outer * inner;
  int64_t beats = up(span, lanes), width = beats * lanes, folded = up(span, block);
  int64_t stored = holds ? 0 : h.out == 1 ? beats : h.out == 2 ? folded : h.out == 3;
  if ((holds || uses) && beats > HELD_BEATS) return false;
  if (a + (outer - 1) * a_outer + (inner - 1) * a_inner + beats > c->stash_beats ||
      ((h.bin || h.fold) && b + (outer - 1) * b_outer + (h.fold ? folded : beats) > c->stash_beats) ||
      (stored && d + (outer - 1) * d_outer + (inner - 1) * d_inner + stored > c->stash_beats) ||
      (scaled_by && s_src + (h.s_row ? rows : outer) > SCALARS) ||
      (to_scalars && s_dst + rows > SCALARS)) {
    return false;
  }
  if (scaled_by && to_scalars) {  // a row must not read what another one writes
    int64_t read = h.s_row ? rows : outer;
    if (s_src < s_dst + rows && s_dst < s_src + read) return false;
  }
  int64_t beat_bytes = block + 2;
  // x, b, squares: float [width]; results: bytes and exponents of each beat; scalars: float [rows]
  float *x = room(4 * (3 * width + rows) + rows * stored * beat_bytes), *bs = x + width;
  float *squares = bs + width, *values = squares + width;
  uint8_t *results = (uint8_t *)(values + rows);
  float imm = from_bits(number);
  imm = flush(imm);
  for (int64_t row = 0; row < rows; row++) {
    int64_t o = row / inner, i = row % inner, live = len + (h.causal ? o : 0), index = 0;
    const float *from = (const float *)(c->data + (a + o * a_outer + i * a_inner) * block);
    for (int64_t n = 0; n < width; n++) x[n] = n < live ? flush(from[n]) : 0;
    const uint8_t *second = c->data + (b + o * b_outer) * block;
    if (h.bin) {
      for (int64_t n = 0; n < live; n++) bs[n] = flush(((const float *)second)[n]);
    }
    float s = scaled_by ? flush(c->scalars[s_src + (h.s_row ? row : o)]) : 0;
    chain_element(c, &h, x, width, live, s, bs, imm, squares);
    float value = 0;
    if (h.reduce == 1) value = sum_of(x, width, block);
    if (h.reduce == 2) value = sum_of(squares, width, block);
    if (h.reduce >= 3) value = largest(x, live, &index);
    if (h.fold) {
      for (int64_t n = 0; n < live; n++) {
        x[n] = second[n] == NONFINITE ? from_bits(NAN_BITS) : scaled(x[n], second[n] - UNIT);
      }
    }
    if (to_scalars) {
      values[row] = h.post == 1 ? f_rsqrt(&c->tables, add(value, imm))
                    : h.post == 2 ? f_recip(&c->tables, value)
                    : h.post == 3 ? mul(value, imm) : value;
    }
    for (int64_t k = 0; k < stored; k++) {
      uint8_t *to = results + (row * stored + k) * beat_bytes;
      memset(to, 0, beat_bytes);
      if (h.out == 1) {
        memcpy(to, x + k * lanes, block);
      } else if (h.out == 2) {
        int64_t n = width - k * block < block ? width - k * block : block;
        quantize(x + k * block, n, block, (int8_t *)to, to + block);
      } else {
        uint32_t pair[2] = {bits(value), (uint32_t)index + number};
        memcpy(to, pair, 8);
      }
    }
  }
  for (int64_t row = 0; row < rows; row++) {
    int64_t at = d + row / inner * d_outer + row % inner * d_inner;
    for (int64_t k = 0; k < stored; k++) {
      const uint8_t *beat = results + (row * stored + k) * beat_bytes;
      *sum += stash_write(c, at + k, d, beat, beat + block);
    }
    if (to_scalars) c->scalars[s_dst + row] = values[row];
  }
  if (holds) memcpy(c->held, x, 4 * width);
  return true;
}

// DMA

// Memory beats of beat j of a row, and of its exponents, in a row of `count` beats
static int64_t data_at(int64_t row, int64_t j, int64_t group, bool mx) {
  return mx ? row + j + j / group : row + j;
}

static int64_t exps_at(int64_t row, int64_t j, int64_t count, int64_t group) {
  int64_t index = j / group, left = count - index * group;
  return row + index * (group + 1) + (left < group ? left : group);
}

static bool load(chip_t *c, const uint8_t *w, uint32_t *sum) {
  int64_t mem = FIELD(LOAD_MEM), stash = FIELD(LOAD_STASH), rows = FIELD(LOAD_ROWS);
  int64_t count = FIELD(LOAD_COUNT), mem_stride = FIELD(LOAD_MEM_STRIDE), group = c->block / 2;
  int64_t stash_stride = FIELD(LOAD_STASH_STRIDE);
  bool mx = FIELD(LOAD_MX);
  if (!rows || !count || stash + (rows - 1) * stash_stride + count > c->stash_beats) return false;
  int64_t last = mem + (rows - 1) * mem_stride;
  last = mx ? exps_at(last, count - 1, count, group) : last + count - 1;
  if (last >= c->memory_beats) return false;
  for (int64_t r = 0; r < rows; r++) {
    int64_t row = mem + r * mem_stride, to = stash + r * stash_stride;
    for (int64_t j = 0; j < count; j++) {
      uint8_t exps[2] = {0, 0};
      if (mx) memcpy(exps, c->memory + exps_at(row, j, count, group) * c->block + 2 * (j % group), 2);
      *sum += stash_write(c, to + j, stash, c->memory + data_at(row, j, group, mx) * c->block, exps);
    }
  }
  return true;
}

static bool weights(chip_t *c, const uint8_t *w, uint32_t *sum) {
  int64_t mem = FIELD(WEIGHTS_MEM), set = FIELD(WEIGHTS_SET), count = FIELD(WEIGHTS_COUNT);
  int64_t index = FIELD(WEIGHTS_INDEX), macro = FIELD(WEIGHTS_MACRO), block = c->block;
  int64_t group = block / 2;
  if (!count || macro >= c->n_macros || index >= block ||
      set + (index + count - 1) / block >= c->sets ||
      exps_at(mem, count - 1, count, group) >= c->memory_beats) {
    return false;
  }
  for (int64_t j = 0; j < count; j++) {
    const uint8_t *data = c->memory + data_at(mem, j, group, true) * block;
    const uint8_t *exps = c->memory + exps_at(mem, j, count, group) * block + 2 * (j % group);
    int64_t column = set * block + index + j;
    memcpy(c->weights[macro] + column * block, data, block);
    memcpy(c->weight_exps[macro] + 2 * column, exps, 2);
    *sum += crc_beat((uint32_t)j, data, block, exps);
  }
  return true;
}

// MOVE

static bool move(chip_t *c, const uint8_t *w, bool by_row, uint32_t *sum) {
  int64_t src = FIELD(COLUMN_SRC), rows = FIELD(COLUMN_ROWS), pos = FIELD(COLUMN_POS);
  int64_t set = FIELD(COLUMN_SET), tiles = FIELD(COLUMN_TILES), macro = FIELD(COLUMN_MACRO);
  int64_t src_outer = FIELD(COLUMN_SRC_OUTER), src_inner = FIELD(COLUMN_SRC_INNER);
  int64_t block_stride = FIELD(COLUMN_BLOCK_STRIDE), tile_stride = FIELD(COLUMN_TILE_STRIDE);
  int64_t ev = FIELD(COLUMN_EV), ev_stride = FIELD(COLUMN_EV_STRIDE), block = c->block;
  int64_t last = (pos + rows - 1) / block;
  if (!rows || !tiles || macro >= c->n_macros ||
      src + (rows - 1) * src_outer + (tiles - 1) * src_inner >= c->stash_beats ||
      set + last * block_stride + (tiles - 1) * tile_stride >= c->sets ||
      (by_row && ev + (tiles - 1) * ev_stride + last >= c->stash_beats)) {
    return false;
  }
  for (int64_t t = 0; t < rows; t++) {
    int64_t token_block = (pos + t) / block, place = (pos + t) % block;
    for (int64_t k = 0; k < tiles; k++) {
      int64_t beat = src + t * src_outer + k * src_inner;
      int64_t to = set + token_block * block_stride + k * tile_stride;
      const uint8_t *data = c->data + beat * block, *exps = c->exps + 2 * beat;
      int8_t *array = c->weights[macro] + to * block * block;
      uint8_t *array_exps = c->weight_exps[macro] + to * block * 2;
      if (by_row) {
        for (int64_t n = 0; n < block; n++) array[n * block + place] = (int8_t)data[n];
        memset(array_exps, UNIT, 2 * block);
        c->data[(ev + k * ev_stride + token_block) * block + place] = exps[0];
      } else {
        memcpy(array + place * block, data, block);
        memcpy(array_exps + 2 * place, exps, 2);
      }
    }
  }
  for (int64_t n = 0; n < rows * tiles; n++) {
    int64_t beat = src + n / tiles * src_outer + n % tiles * src_inner;
    *sum += crc_beat((uint32_t)n, c->data + beat * block, block, c->exps + 2 * beat);
  }
  return true;
}

enum { KIND_MAC, KIND_VE, KIND_LOAD, KIND_WEIGHTS, KIND_COLUMN, KIND_ROW };

int execute(chip_t *c, int kind, int queue, const uint8_t word[32], uint32_t *sum) {
  *sum = 0;
  if (!crc_table[0][1]) crc_begin();
  switch (kind) {
    case KIND_MAC: return mac(c, word, queue, sum);
    case KIND_VE: return ve(c, word, sum);
    case KIND_LOAD: return load(c, word, sum);
    case KIND_WEIGHTS: return weights(c, word, sum);
    case KIND_COLUMN: return move(c, word, false, sum);
    case KIND_ROW: return move(c, word, true, sum);
    default: return 0;
  }
}
