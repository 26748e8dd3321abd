// SPDX-License-Identifier: Apache-2.0
// Arguments that the compiled harnesses with records have in common: key=value, a value being
// decimal numbers with commas between.
//
//   records=FD   gets the records
//   cycles=N     limit
//   behave=N,..  settings for N cycles; the next behave= follows, behind the last the first again
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

class BulkArguments {
 public:
  using Numbers = std::vector<uint64_t>;

  BulkArguments(int argc, char** argv) {
    for (int i = 1; i < argc; i++) {
      const char* value = strchr(argv[i], '=');
      if (argv[i][0] == '+' || !value) continue;
      const std::string key(argv[i], size_t(value - argv[i]));
      if (key == "behave") behaviours_.push_back(numbers(value + 1));
      else values_[key] = numbers(value + 1);
    }
    if (given("records")) records = fdopen(int((*this)["records"][0]), "wb");
    if (given("cycles")) limit = (*this)["cycles"][0];
  }

  bool complete() const { return records && !behaviours_.empty(); }
  bool given(const char* key) const { return values_.count(key) != 0; }
  const Numbers& operator[](const char* key) const { return values_.at(key); }

  // To be called in each cycle: the behaviour that begins with it, or nullptr.
  const Numbers* begins() {
    if (left_-- > 0) return nullptr;
    const Numbers& b = behaviours_[next_++ % behaviours_.size()];
    left_ = b[0] - 1;
    return &b;
  }

  FILE* records = nullptr;
  uint64_t limit = 0;

 private:
  static Numbers numbers(const char* text) {
    Numbers out;
    while (*text) {
      char* end;
      out.push_back(strtoull(text, &end, 10));
      text = *end ? end + 1 : end;
    }
    return out;
  }

  std::map<std::string, Numbers> values_;
  std::vector<Numbers> behaviours_;
  size_t next_ = 0;
  uint64_t left_ = 0;
};
