// Which byte may come next, so that what is written byte by byte is well-formed UTF-8 (Unicode Standard, table 3-7),
// and the looser rule of the Python reference. No allocation, any thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

namespace welt {

using ByteSet = std::bitset<256>;

// What is owed after the bytes so far. An ill-formed byte starts anew at itself.
class Utf8Automaton {
 public:
  void feed(std::uint8_t byte);
  // Continuation bytes still owed, 0 to 3; 0: the text may end here.
  int owed() const { return owed_; }
  // Bytes that keep the text well-formed and can be finished within `room` bytes, this one included: no word is left
  // inside a character. The end-of-text byte (03) is one of them where nothing is owed, whatever `room` is.
  ByteSet allowed(std::int64_t room) const;

 private:
  int owed_ = 0;
  std::uint8_t low_ = 0x80, high_ = 0xBF;  // of the next continuation byte
};

// The Python reference's mask (utf8_tokenizer's UTF8ValidationLogitsProcessor) after `prefix`: everything where a
// character is complete, invalid start bytes too; it looks back four bytes at most.
ByteSet reference_allowed_bytes(std::string_view prefix);

}  // namespace welt
