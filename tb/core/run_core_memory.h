// SPDX-License-Identifier: Apache-2.0
// Memory of tb/core/run_core.cpp: sparse RAM, the interrupt sources, and a port with latency.
#ifndef RUN_CORE_MEMORY_H
#define RUN_CORE_MEMORY_H

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

// RAM in pages of 1 MiB that exist where somebody asked for them; other addresses do not answer.
class Ram {
 public:
  static constexpr uint32_t kPageBits = 20;

  Ram() : pages_(1u << (32 - kPageBits), nullptr) {}

  void add(uint64_t base, uint64_t size) {
    for (uint64_t page = base >> kPageBits; page <= (base + size - 1) >> kPageBits; page++)
      if (!pages_[page]) pages_[page] = static_cast<uint8_t*>(calloc(1u << kPageBits, 1));
  }

  // The word that holds `address`, or null.
  uint8_t* word(uint32_t address) const {
    uint8_t* page = pages_[address >> kPageBits];
    return page ? page + (address & ((1u << kPageBits) - 1) & ~3u) : nullptr;
  }

  uint8_t* byte(uint32_t address) const {
    uint8_t* at = word(address);
    return at ? at + (address & 3) : nullptr;
  }

  uint32_t read(uint32_t address) const {
    uint32_t value = 0;
    if (const uint8_t* at = word(address)) memcpy(&value, at, 4);
    return value;
  }

 private:
  std::vector<uint8_t*> pages_;
};

// Software and timer interrupt at the usual addresses; time counts clock cycles.
struct Clint {
  uint32_t software = 0;
  uint64_t compare = ~0ull;
  uint64_t time = 0;

  uint32_t* reg(uint32_t address) {
    switch (address & ~3u) {
      case 0x02000000: return &software;
      case 0x02004000: return reinterpret_cast<uint32_t*>(&compare);
      case 0x02004004: return reinterpret_cast<uint32_t*>(&compare) + 1;
      case 0x0200bff8: return reinterpret_cast<uint32_t*>(&time);
      case 0x0200bffc: return reinterpret_cast<uint32_t*>(&time) + 1;
      default: return nullptr;
    }
  }
};

// xorshift, so that runs repeat on any machine
struct Random {
  uint32_t state;
  explicit Random(uint32_t seed) : state(seed * 2654435761u | 1u) {}
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
  }
};

// Responses of one port: in order, `latency` cycles after the request, or at random with latency 0;
// then the port is not always ready either.
class Port {
 public:
  Port(uint32_t latency, uint32_t seed) : latency_(latency), random_(seed) {}

  // Once per cycle, before the clock edge: what the port drives in this cycle.
  void drive(uint64_t now, uint8_t& ready, uint8_t& valid, uint32_t& data, uint8_t& err) {
    bool may_answer = true;
    ready = 1;
    if (latency_ == 0) {
      if (slow_left_-- == 0) {  // phases of 64 to 319 cycles: quick, mixed, slow
        uint32_t draw = random_.next();
        slow_left_ = 64 + (draw & 255);
        threshold_ = (draw >> 8) % 3 * 110;
      }
      uint32_t draw = random_.next();
      ready = (draw & 255) >= threshold_;
      may_answer = (draw >> 8 & 255) >= threshold_;
    }
    valid = head_ != tail_ && may_answer && queue_[head_ % kDepth].due <= now;
    if (valid) {
      data = queue_[head_ % kDepth].data;
      err = queue_[head_ % kDepth].err;
      head_++;
    }
  }

  void accept(uint64_t now, uint32_t data, bool err) {
    queue_[tail_++ % kDepth] = {now + (latency_ ? latency_ : 1), data, err};
  }

 private:
  static constexpr uint32_t kDepth = 8;  // the core has at most 4 requests open
  struct Answer {
    uint64_t due;
    uint32_t data;
    bool err;
  };
  uint32_t latency_;
  Random random_;
  uint32_t threshold_ = 0, slow_left_ = 0, head_ = 0, tail_ = 0;
  Answer queue_[kDepth];
};

#endif
