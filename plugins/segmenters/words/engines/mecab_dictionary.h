// A compiled MeCab dictionary: its words, its categories of characters, and what it costs that one word follows
// another.
//
// Format: what mecab-dict-index 0.996 writes (format version 102), little-endian, in UTF-8. The files are mapped, and
// checked as far as a lookup relies on them: no file can make one read outside of it.
#pragma once

#include <welt/text/utf8.h>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapped_file.h"

namespace welt::words {

struct MecabToken {           // one reading of a word, as the file has it
  std::uint16_t left, right;  // its contexts: rows and columns of the costs
  std::uint16_t part_of_speech;
  std::int16_t cost;
  std::uint32_t feature, compound;
};

struct MecabCategory {                  // of a character, as the file has it
  std::uint32_t kinds : 18;             // one bit per category that it belongs to
  std::uint32_t category : 8;           // the first of them, whose unknown words it makes
  std::uint32_t max_length : 4;         // unknown words of one to so many characters
  std::uint32_t is_grouped : 1;         // an unknown word of all that follow of its kinds
  std::uint32_t is_always_unknown : 1;  // also where the dictionary has a word
};
static_assert(sizeof(MecabToken) == 16 && sizeof(MecabCategory) == 4);

// A double array of words in UTF-8 with the readings of each: sys.dic, unk.dic.
class MecabWords {
 public:
  // `type`: 0 for the words, 2 for the unknown ones. Throws sdk::Failure.
  MecabWords(const std::filesystem::path& file, std::uint32_t type);

  std::uint32_t left_size() const { return left_size_; }
  std::uint32_t right_size() const { return right_size_; }
  std::string_view bytes() const { return file_.bytes(); }

  // Calls found(length, readings) for each word that `text` (well-formed) begins with, the shortest first.
  template <typename F>
  void prefixes(std::string_view text, F&& found) const {
    std::int32_t base = root_;
    std::size_t at = 0;
    while (at < text.size()) {
      const auto lead = static_cast<std::uint8_t>(text[at]);
      const std::size_t size = text::sequence_length(lead);
      if (at == 0 && size == 3) {
        base = starts_[(text[0] & 15u) << 12 | (text[1] & 63u) << 6 | (text[2] & 63u)];
      } else {
        for (std::size_t i = 0; i < size && base >= 0; ++i) base = step(base, static_cast<std::uint8_t>(text[at + i]));
      }
      if (base < 0) return;
      at += size;
      if (const auto found_here = readings(base); !found_here.empty()) found(at, found_here);
    }
  }

  // The readings of `word` itself; none if it is not there.
  std::span<const MecabToken> find(std::string_view word) const;

 private:
  struct Unit {
    std::int32_t base;
    std::uint32_t check;
  };

  // Where `byte` leads to from the place with this base: the next place's base, or -1.
  std::int32_t step(std::int32_t base, std::uint8_t byte) const {
    const std::size_t next = static_cast<std::size_t>(base) + byte + 1;
    return next < units_.size() && units_[next].check == static_cast<std::uint32_t>(base) ? units_[next].base : -1;
  }
  // Of the word that ends at this place: there is one if the unit of its base belongs to it and is negative.
  std::span<const MecabToken> readings(std::int32_t base) const {
    if (static_cast<std::size_t>(base) >= units_.size()) return {};
    const Unit& end = units_[static_cast<std::size_t>(base)];
    if (end.check != static_cast<std::uint32_t>(base) || end.base >= 0) return {};
    const std::uint32_t value = ~static_cast<std::uint32_t>(end.base), first = value >> 8, count = value & 0xFF;
    return first + count <= tokens_.size() ? tokens_.subspan(first, count) : std::span<const MecabToken>();
  }
  void check_tokens(const std::filesystem::path& file) const;

  MappedFile file_;
  std::span<const Unit> units_;
  std::span<const MecabToken> tokens_;
  std::uint32_t left_size_ = 0, right_size_ = 0;
  std::int32_t root_ = -1;
  std::vector<std::int32_t> starts_;  // where the three bytes of each character up to U+FFFF lead to
};

// [concurrent]
class MecabDictionary {
 public:
  // Throws sdk::Failure where a file is missing, cut off, of another kind, or disagrees with another.
  explicit MecabDictionary(const std::filesystem::path& folder);

  const MecabWords& words() const { return words_; }
  std::span<const MecabToken> unknown(const MecabCategory& category) const { return unknown_[category.category]; }

  // Of a code point; those above U+FFFF are one kind with U+0000.
  const MecabCategory& category(char32_t c) const { return categories_[c < categories_.size() ? c : 0]; }

  // What it costs that words of each right context come before one of this left context: add the right one's number.
  const std::int16_t* costs(std::uint16_t left) const { return costs_ + std::size_t{left} * words_.left_size(); }

  // Additional characters that a grouped unknown word has at most.
  std::size_t max_group() const { return max_group_; }

  // The first 12 hex digits of the SHA-256 of the four binary files.
  std::string hash() const;

 private:
  void read_categories(const std::filesystem::path& file);
  void read_costs(const std::filesystem::path& file);
  void read_settings(const std::filesystem::path& file);

  MecabWords words_, unknown_words_;
  MappedFile matrix_, characters_;
  std::vector<MecabCategory> categories_;
  std::vector<std::span<const MecabToken>> unknown_;  // of each category
  const std::int16_t* costs_ = nullptr;
  std::size_t max_group_ = 24;
};

}  // namespace welt::words
