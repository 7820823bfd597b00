// jieba's hidden Markov model of unknown Chinese words: which characters begin, continue, end or are a word.
//
// States B, M, E, S (begin, middle, end, single), the best path by Viterbi. Reference: jieba 0.42.1, finalseg.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace welt::words {

// [concurrent]
class JiebaHmm {
 public:
  static constexpr char32_t first = 0x4E00, last = 0x9FD5;  // the characters it is for

  // `text`: hmm.txt as setup makes it: lines "start STATE P", "trans FROM TO P", "emit STATE HEX P", with P the natural
  // logarithm of a probability. `file` is for messages. Throws sdk::Failure at the first line that is not one of them.
  JiebaHmm(std::string_view text, const std::filesystem::path& file);

  // Working memory of cut(), to be used again.
  using Steps = std::vector<std::uint8_t>;

  // Calls word(end) with the end of each word of the `count` characters, all in first..last, count > 0.
  template <typename F>
  void cut(const char32_t* characters, std::size_t count, Steps& steps, F&& word) const {
    decode(characters, count, steps);
    for (std::size_t i = 0; i < count; ++i)
      if (steps[i] != 0) word(i + 1);
  }

 private:
  enum State : std::uint8_t { begin, middle, end, single };

  // steps[i] = 1 where a word ends behind character i.
  void decode(const char32_t* characters, std::size_t count, Steps& steps) const;
  void read_line(std::string_view line, std::size_t number, const std::filesystem::path& file);

  std::array<double, 4> start_{};
  std::array<std::array<double, 4>, 4> trans_{};  // [from][to]
  std::vector<std::array<double, 4>> emit_;       // [character - first][state]
};

}  // namespace welt::words
