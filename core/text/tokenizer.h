// The tokenizers: a text's ids are its UTF-8 bytes, UTF-16 units or code points, between BOS (2) and EOS (3); PAD is 0.
//
// The unit's type is the encoding: std::uint8_t UTF-8, std::uint16_t UTF-16, std::uint32_t UTF-32. Any thread; for
// speed a caller keeps its TokenRows, whose memory is used again. Follows utf8_tokenizer.UTF8Tokenizer and its two
// siblings; where it differs, TokenizeOptions says so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

enum class Encoding : std::uint8_t { utf8, utf16, utf32 };

inline constexpr std::string_view encoding_names[] = {"UTF-8", "UTF-16",
                                                      "UTF-32"};  // by Encoding; configs name them so
inline std::string_view encoding_name(Encoding encoding) { return encoding_names[static_cast<int>(encoding)]; }
// By name, in upper or lower case; nullopt for any other.
std::optional<Encoding> find_encoding(std::string_view name);

// Bytes of a unit: 1, 2, 4.
constexpr std::int64_t unit_bytes(Encoding encoding) { return std::int64_t{1} << static_cast<int>(encoding); }

struct TokenizeOptions {
  bool special = true;   // BOS before and EOS behind
  bool padding = false;  // rows as long as the longest, PAD behind
  // Ids of a row at most; BOS and EOS count. Text goes, from its end. Where `special` leaves no room for both (0, 1)
  // nothing is cut, as in the reference. nullopt: no limit.
  std::optional<std::int64_t> max_length;
  // The reference's ways: a limit cuts inside a character, and a NUL of the text is masked as if it were PAD. Without
  // it whole code points are kept, and masks follow lengths.
  bool reference_compatible = false;
};

template <typename Unit>
struct TokenRows {
  std::vector<Unit> ids;              // row behind row
  std::vector<std::uint8_t> mask;     // of each id: 1 text, BOS, EOS; 0 PAD
  std::vector<std::int64_t> offsets;  // [N+1]; of padded rows too
  std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::span<const Unit> row(std::int64_t index) const { return part<const Unit>(ids, index); }
  std::span<const std::uint8_t> row_mask(std::int64_t index) const { return part<const std::uint8_t>(mask, index); }

 private:
  template <typename T, typename V>
  std::span<T> part(const V& all, std::int64_t index) const {
    return {all.data() + offsets[index], static_cast<std::size_t>(offsets[index + 1] - offsets[index])};
  }
};

// Replaces what `rows` holds. UTF-8 takes the bytes as they are; the others throw Error for a text that is no UTF-8,
// naming it. Error too for a max_length below 0.
template <typename Unit>
void tokenize(std::span<const std::string_view> texts, const TokenizeOptions& options, TokenRows<Unit>& rows);

extern template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint8_t>&);
extern template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint16_t>&);
extern template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint32_t>&);

// The text of ids, in UTF-8. Ill-formed bytes, lone surrogates and surrogate code points are left out without a trace,
// never replaced; with `skip_special` every PAD, BOS and EOS is, before anything else. Throws Error for an id that the
// encoding has no unit for: above FF, FFFF or 10FFFF.
std::string decode(std::span<const std::uint32_t> ids, Encoding encoding, bool skip_special);

}  // namespace welt
