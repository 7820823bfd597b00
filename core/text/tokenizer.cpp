// See tokenizer.h.
#include "core/text/tokenizer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/bytes.h"
#include "core/text/control.h"

namespace welt {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t most_padded = std::size_t{1} << 28;  // ids; a long text beside many short ones asks for far more

constexpr bool is_lead(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_trail(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Units of the text itself that a row may hold.
std::int64_t text_limit(const TokenizeOptions& options) {
  if (!options.max_length) return no_limit;
  if (*options.max_length < 0) {
    fail({.where = "max_length",
          .found = fmt::format("{}", *options.max_length),
          .expected = "0 or more",
          .mend = "Leave it out for no limit"});
  }
  if (!options.special) return *options.max_length;
  return *options.max_length < 2 ? no_limit : *options.max_length - 2;
}

// As many bytes of the text as the limit lets through.
std::string_view limited(std::string_view text, std::int64_t limit, bool inside_characters) {
  if (static_cast<std::uint64_t>(limit) >= text.size()) return text;
  return inside_characters ? text.substr(0, static_cast<std::size_t>(limit))
                           : truncate_utf8(text, static_cast<std::size_t>(limit));
}

// Words are short: for up to 16 bytes two overlapping copies of a fixed size are faster than a call.
void copy_bytes(std::uint8_t* out, std::string_view text) {
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size > 16) {
    std::memcpy(out, from, size);
  } else if (size >= 8) {
    std::memcpy(out, from, 8);
    std::memcpy(out + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(out, from, 4);
    std::memcpy(out + size - 4, from + size - 4, 4);
  } else if (size > 0) {
    out[0] = static_cast<std::uint8_t>(from[0]);
    out[size / 2] = static_cast<std::uint8_t>(from[size / 2]);
    out[size - 1] = static_cast<std::uint8_t>(from[size - 1]);
  }
}

template <typename Word>
bool has_high_bit(const char* from) {
  Word bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return (bytes & static_cast<Word>(0x8080808080808080)) != 0;
}

bool is_ascii(std::string_view text) {
  const char* from = text.data();
  std::size_t size = text.size();
  for (; size >= 8; from += 8, size -= 8)
    if (has_high_bit<std::uint64_t>(from)) return false;
  if (size >= 4) return !has_high_bit<std::uint32_t>(from) && !has_high_bit<std::uint32_t>(from + size - 4);
  for (; size > 0; ++from, --size)
    if (has_high_bit<std::uint8_t>(from)) return false;
  return true;
}

// Units of a code point.
template <typename Unit>
std::int64_t units_of(char32_t code_point) {
  return sizeof(Unit) == 2 && code_point > 0xFFFF ? 2 : 1;
}

// decode_utf8() of a text that was checked, without its second look.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[at + i])); };
  const char32_t first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t code_point = size == 1 ? first : first & (0x7F >> size);
  for (std::size_t i = 1; i < size; ++i) code_point = code_point << 6 | (byte(i) & 0x3F);
  at += size;
  return code_point;
}

// Calls `use` with every code point of the text that goes into `limit` units, and with how many of its units do.
template <typename Unit>
void each_code_point(std::string_view text, std::int64_t limit, bool inside_characters, auto&& use) {
  for (std::size_t at = 0; at < text.size() && limit > 0;) {
    const char32_t code_point = next_code_point(text, at);
    const std::int64_t units = std::min(units_of<Unit>(code_point), limit);
    if (units < units_of<Unit>(code_point) && !inside_characters) return;
    use(code_point, units);
    limit -= units;
  }
}

// How many units the text gives.
template <typename Unit>
std::int64_t count_units(std::string_view text, std::int64_t limit, bool inside_characters) {
  if (sizeof(Unit) == 1) return std::ssize(limited(text, limit, inside_characters));
  if (is_ascii(text)) return std::min(std::ssize(text), limit);
  std::int64_t whole = 0;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    whole += (byte & 0xC0) != 0x80;
    if (sizeof(Unit) == 2) whole += byte >= 0xF0;
  }
  if (whole <= limit) return whole;
  std::int64_t count = 0;
  each_code_point<Unit>(text, limit, inside_characters, [&](char32_t, std::int64_t units) { count += units; });
  return count;
}

// Writes the units of a text of UTF-16 or UTF-32 (well-formed, one for each byte at most); returns the end.
template <typename Unit>
Unit* write_units(std::string_view text, std::int64_t limit, bool inside_characters, Unit* out) {
  if (is_ascii(text)) {
    const std::size_t count = std::min(text.size(), static_cast<std::size_t>(limit));
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(text[i]);
    return out + count;
  }
  each_code_point<Unit>(text, limit, inside_characters, [&](char32_t code_point, std::int64_t units) {
    if (units_of<Unit>(code_point) == 1) {
      *out++ = static_cast<Unit>(code_point);
      return;
    }
    *out++ = static_cast<Unit>(0xD800 + ((code_point - 0x10000) >> 10));
    if (units == 2) *out++ = static_cast<Unit>(0xDC00 + ((code_point - 0x10000) & 0x3FF));
  });
  return out;
}

template <typename Unit>
Unit* write_text(std::string_view text, std::int64_t limit, bool inside_characters, Unit* out) {
  if constexpr (sizeof(Unit) == 1) {
    text = limited(text, limit, inside_characters);
    copy_bytes(out, text);
    return out + text.size();
  } else {
    return write_units(text, limit, inside_characters, out);
  }
}

void check_utf8(std::span<const std::string_view> texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (is_ascii(texts[i])) continue;
    const std::size_t fault = find_invalid_utf8(texts[i]);
    if (fault == utf8_ok) continue;
    fail({.where = fmt::format("text {}", i),
          .found = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(texts[i][fault])),
          .expected = "text in UTF-8",
          .mend = "Convert it (iconv)"},
         ErrorCode::data_loss);
  }
}

// Units that a text takes at most; of UTF-8, and of a text without a limit, exactly or nearly.
std::size_t most_units(std::string_view text, std::int64_t limit) {
  return std::min(text.size(), static_cast<std::size_t>(std::min<std::int64_t>(limit, std::int64_t{1} << 62)));
}

std::size_t padded_size(std::size_t rows, std::size_t width) {
  if (width > 0 && rows > most_padded / width) {
    fail({.where = "padding",
          .found = fmt::format("{} rows of {} ids", rows, width),
          .expected = fmt::format("at most {} ids together", most_padded),
          .mend = "Leave padding out, give max_length, or fewer texts at once"},
         ErrorCode::resource_exhausted);
  }
  return rows * width;
}

template <typename Unit>
Unit* write_row(std::string_view text, std::int64_t limit, const TokenizeOptions& options, Unit* out) {
  if (options.special) *out++ = bos_byte;
  out = write_text(text, limit, options.reference_compatible, out);
  if (options.special) *out++ = eos_byte;
  return out;
}

template <typename Unit>
void write_ragged(std::span<const std::string_view> texts, std::int64_t limit, const TokenizeOptions& options,
                  TokenRows<Unit>& rows) {
  std::size_t most = 0;
  for (const std::string_view text : texts) most += most_units(text, limit) + 2;
  rows.ids.resize(most);
  Unit* out = rows.ids.data();
  for (const std::string_view text : texts) {
    out = write_row(text, limit, options, out);
    rows.offsets.push_back(out - rows.ids.data());
  }
  rows.ids.resize(static_cast<std::size_t>(out - rows.ids.data()));
  rows.mask.assign(rows.ids.size(), 1);
}

template <typename Unit>
void write_padded(std::span<const std::string_view> texts, std::int64_t limit, const TokenizeOptions& options,
                  TokenRows<Unit>& rows) {
  std::int64_t longest = 0;
  for (const std::string_view text : texts)
    longest = std::max(longest, count_units<Unit>(text, limit, options.reference_compatible));
  const auto width = static_cast<std::size_t>(longest) + (options.special ? 2 : 0);
  const std::size_t all = padded_size(texts.size(), width);
  rows.ids.resize(all);
  rows.mask.assign(all, 0);
  Unit* ids = rows.ids.data();
  std::uint8_t* mask = rows.mask.data();
  for (const std::string_view text : texts) {
    Unit* end = write_row(text, limit, options, ids);
    std::fill(end, ids + width, Unit{pad_byte});
    std::fill(mask, mask + (end - ids), std::uint8_t{1});
    ids += width, mask += width;
    rows.offsets.push_back(ids - rows.ids.data());
  }
}

std::string decode_units(std::span<const std::uint32_t> ids, Encoding encoding) {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    char32_t code_point = ids[i];
    if (encoding == Encoding::utf16 && is_lead(ids[i]) && i + 1 < ids.size() && is_trail(ids[i + 1])) {
      code_point = 0x10000 + ((ids[i] - 0xD800) << 10) + (ids[i + 1] - 0xDC00);
      ++i;
    }
    if (!is_lead(code_point) && !is_trail(code_point)) append_utf8(text, code_point);
  }
  return text;
}

}  // namespace

std::optional<Encoding> find_encoding(std::string_view name) {
  for (int i = 0; i < 3; ++i) {
    const auto same = [](char a, char b) { return a == b || (b >= 'A' && b <= 'Z' && a == b - 'A' + 'a'); };
    if (std::ranges::equal(name, encoding_names[i], same)) return static_cast<Encoding>(i);
  }
  return std::nullopt;
}

template <typename Unit>
void tokenize(std::span<const std::string_view> texts, const TokenizeOptions& options, TokenRows<Unit>& rows) {
  const std::int64_t limit = text_limit(options);
  if (sizeof(Unit) > 1) check_utf8(texts);
  rows.offsets.assign(1, 0);
  if (options.padding)
    write_padded(texts, limit, options, rows);
  else
    write_ragged(texts, limit, options, rows);
  if (options.reference_compatible && options.padding)
    std::ranges::transform(rows.ids, rows.mask.begin(), [](Unit id) { return std::uint8_t{id != pad_byte}; });
}

template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint8_t>&);
template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint16_t>&);
template void tokenize(std::span<const std::string_view>, const TokenizeOptions&, TokenRows<std::uint32_t>&);

std::string decode(std::span<const std::uint32_t> ids, Encoding encoding, bool skip_special) {
  static constexpr std::uint32_t highest[] = {0xFF, 0xFFFF, 0x10FFFF};
  const std::uint32_t most = highest[static_cast<int>(encoding)];
  std::vector<std::uint32_t> kept;
  kept.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] > most) {
      fail({.where = fmt::format("id {} of {}", i, ids.size()),
            .found = fmt::format("{}", ids[i]),
            .expected = fmt::format("0 to {}: {} has no other", most, encoding_name(encoding))},
           ErrorCode::out_of_range);
    }
    const bool special = ids[i] == pad_byte || ids[i] == bos_byte || ids[i] == eos_byte;
    if (!special || !skip_special) kept.push_back(ids[i]);
  }
  if (encoding != Encoding::utf8) return decode_units(kept, encoding);
  const std::vector<std::uint8_t> bytes(kept.begin(), kept.end());
  return decode_bytes(bytes, /*skip_special=*/false);
}

}  // namespace welt
