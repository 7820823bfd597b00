// See jieba_hmm.h. The sums are made in the reference's order: ties and rounding come out the same.
#include "jieba_hmm.h"

#include <algorithm>
#include <charconv>

#include "dictionary.h"

namespace welt::words {
namespace {

constexpr double impossible = -3.14e100;  // the reference's logarithm of zero
constexpr std::string_view names = "BMES";

// Takes a word off the front of a line.
std::string_view next_field(std::string_view& line) {
  const std::size_t size = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, size);
  line.remove_prefix(std::min(size + 1, line.size()));
  return field;
}

struct Choice {
  double value;
  bool second;
};

// The larger, the second if they are equal.
Choice better(double first, double second) { return second >= first ? Choice{second, true} : Choice{first, false}; }

}  // namespace

JiebaHmm::JiebaHmm(std::string_view text, const std::filesystem::path& file) : emit_(last - first + 1) {
  start_.fill(impossible);
  for (auto& row : trans_) row.fill(impossible);
  for (auto& row : emit_) row.fill(impossible);
  std::size_t number = 0;
  for (std::string_view line; next_line(text, line);) read_line(line, ++number, file);
  if (start_[begin] == impossible || trans_[begin][end] == impossible || emit_[0][begin] == impossible) {
    throw damaged(file, 0, "the file ends after " + std::to_string(number) + " lines, and tables are missing",
                  "tables start, trans and emit");
  }
}

void JiebaHmm::read_line(std::string_view line, std::size_t number, const std::filesystem::path& file) {
  const std::string_view whole = line;
  const auto fail = [&](const std::string& expected) {
    throw damaged(file, number, "\"" + std::string(whole.substr(0, 60)) + "\"", expected);
  };
  const auto state = [&] {
    const std::string_view name = next_field(line);
    const std::size_t at = name.size() == 1 ? names.find(name) : names.npos;
    if (at == names.npos) fail("a state B, M, E or S");
    return at;
  };
  const std::string_view table = next_field(line);
  double* place = nullptr;
  double elsewhere = 0;
  if (table == "start") {
    place = &start_[state()];
  } else if (table == "trans") {
    auto& row = trans_[state()];
    place = &row[state()];
  } else if (table == "emit") {
    const std::size_t column = state();
    const std::string_view hex = next_field(line);
    std::uint32_t c = 0;
    const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), c, 16);
    if (read.ec != std::errc() || read.ptr != hex.data() + hex.size()) fail("a character in hex");
    place = c >= first && c <= last ? &emit_[c - first][column] : &elsewhere;  // others are never asked for
  } else {
    fail("\"start\", \"trans\" or \"emit\" and its numbers");
  }
  const auto read = std::from_chars(line.data(), line.data() + line.size(), *place);
  if (read.ec != std::errc() || read.ptr != line.data() + line.size() || !(*place <= 0 && *place >= impossible)) {
    fail("the logarithm of a probability, a number from -3.14e100 to 0");
  }
}

void JiebaHmm::decode(const char32_t* characters, std::size_t count, Steps& steps) const {
  steps.resize(count);
  const auto& trans = trans_;
  const std::array<double, 4>* emit = &emit_[characters[0] - first];
  std::array<double, 4> best;
  for (std::size_t s = 0; s < 4; ++s) best[s] = start_[s] + (*emit)[s];
  // Bit s of steps[i]: which of the two states before s the best path to s at i comes from.
  for (std::size_t i = 1; i < count; ++i) {
    emit = &emit_[characters[i] - first];
    const auto choose = [&](State from, State other, State to) {
      return better(best[from] + trans[from][to] + (*emit)[to], best[other] + trans[other][to] + (*emit)[to]);
    };
    const Choice b = choose(end, single, begin), m = choose(begin, middle, middle), e = choose(begin, middle, end),
                 s = choose(end, single, single);
    best = {b.value, m.value, e.value, s.value};
    steps[i] = static_cast<std::uint8_t>(b.second | m.second << 1 | e.second << 2 | s.second << 3);
  }
  State state = better(best[end], best[single]).second ? single : end;
  for (std::size_t i = count; i-- > 0;) {
    const bool second = (steps[i] >> state & 1) != 0;
    steps[i] = state == end || state == single;
    if (state == begin || state == single) {
      state = second ? single : end;
    } else {
      state = second ? middle : begin;
    }
  }
}

}  // namespace welt::words
