// UTF-8: core/base/utf8.h and the automaton of core/text against the table of the Unicode Standard (3-7) written out.
#include "core/base/utf8.h"

#include "core/text/utf8_automaton.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

// Table 3-7: ranges of the bytes of a well-formed sequence.
struct Row {
  std::size_t length;
  std::uint8_t first_low, first_high, second_low, second_high;
};
constexpr Row rows[] = {{1, 0x00, 0x7F, 0, 0},       {2, 0xC2, 0xDF, 0x80, 0xBF}, {3, 0xE0, 0xE0, 0xA0, 0xBF},
                        {3, 0xE1, 0xEC, 0x80, 0xBF}, {3, 0xED, 0xED, 0x80, 0x9F}, {3, 0xEE, 0xEF, 0x80, 0xBF},
                        {4, 0xF0, 0xF0, 0x90, 0xBF}, {4, 0xF1, 0xF3, 0x80, 0xBF}, {4, 0xF4, 0xF4, 0x80, 0x8F}};

// Length of the well-formed sequence at `at`, or 0.
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  for (const Row& row : rows) {
    if (byte(0) < row.first_low || byte(0) > row.first_high || at + row.length > text.size()) continue;
    bool good = row.length == 1 || (byte(1) >= row.second_low && byte(1) <= row.second_high);
    for (std::size_t i = 2; good && i < row.length; ++i) good = byte(i) >= 0x80 && byte(i) <= 0xBF;
    if (good) return row.length;
  }
  return 0;
}

std::size_t first_fault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_at(text, at);
    if (length == 0) return at;
    at += length;
  }
  return utf8_ok;
}

void check_round_trip(std::string_view text) {
  std::string copy;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t before = at;
    append_utf8(copy, decode_utf8(text, at));
    fuzz::require(at == before + sequence_at(text, before), "decoding steps over one sequence");
  }
  fuzz::require(copy == text, "decoding and encoding give the text back");
}

// The automaton allows a byte exactly while the text can go on to be well-formed within the room.
void check_automaton(std::string_view text) {
  constexpr std::int64_t room = 4;
  Utf8Automaton automaton;
  std::size_t begin = 0;  // of the sequence at work
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    std::string sequence(text.substr(begin, at + 1 - begin));
    bool possible = false;  // some sequence of the table begins so
    for (const Row& row : rows) {
      if (sequence.size() > row.length) continue;
      std::string whole = sequence;
      if (whole.size() == 1 && row.length > 1) whole += static_cast<char>(row.second_low);
      whole.resize(row.length, '\x80');
      possible = possible || sequence_at(whole, 0) == row.length;
    }
    fuzz::require(automaton.allowed(room)[byte] == possible, "the automaton allows what table 3-7 allows");
    if (!possible) return;
    automaton.feed(byte);
    if (automaton.owed() == 0) begin = at + 1;
    fuzz::require((automaton.owed() == 0) == (sequence_at(sequence, 0) == sequence.size()),
                  "the automaton knows where a sequence ends");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t fault = find_invalid_utf8(text);
  fuzz::require(fault == first_fault(text), "the first fault is where table 3-7 has it");
  check_round_trip(text.substr(0, fault));
  const std::string replaced = replace_invalid_utf8(text);
  fuzz::require(find_invalid_utf8(replaced) == utf8_ok, "what is replaced is well-formed");
  fuzz::require((replaced == text) == (fault == utf8_ok), "well-formed text is left as it is");
  check_automaton(text);
  Utf8Automaton reference(Utf8Rule::reference);
  for (const char byte : text) {
    fuzz::require(reference.allowed(0).any(), "the reference's rule always leaves a byte");
    reference.feed(static_cast<std::uint8_t>(byte));
  }
  return 0;
}
