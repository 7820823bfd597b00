// See text_pieces.h. Reference: WordLlama's splitter, and CPython's str.
#include "core/similarity/text_pieces.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>

#include "core/base/utf8.h"
#include "core/metrics/white_space.h"

namespace welt::similarity {
namespace {

// WordLlama's marks: full stops, question and exclamation marks of many scripts, and letters that came among them.
constexpr auto marks = std::to_array<char32_t>(
    {0x0021, 0x002E, 0x003F, 0x0589, 0x061F, 0x06D4, 0x0700, 0x0701, 0x0702, 0x07F9, 0x0964, 0x0965, 0x0A56,
     0x0A57, 0x1047, 0x1048, 0x104A, 0x104B, 0x10BE, 0x10BF, 0x10C0, 0x10C1, 0x1141, 0x1142, 0x1143, 0x11C5,
     0x11C6, 0x11CD, 0x11DE, 0x11DF, 0x1238, 0x1239, 0x123B, 0x123C, 0x12A9, 0x1362, 0x1367, 0x1368, 0x144B,
     0x144C, 0x15C2, 0x15C3, 0x15C9, 0x15CA, 0x15CB, 0x15CC, 0x15CD, 0x15CE, 0x15CF, 0x15D0, 0x15D1, 0x15D2,
     0x15D3, 0x15D4, 0x15D5, 0x15D6, 0x15D7, 0x166E, 0x1735, 0x1736, 0x173C, 0x173D, 0x173E, 0x1803, 0x1809,
     0x1944, 0x1945, 0x1A42, 0x1A43, 0x1AA8, 0x1AA9, 0x1AAA, 0x1AAB, 0x1B5A, 0x1B5B, 0x1B5E, 0x1B5F, 0x1C3B,
     0x1C3C, 0x1C41, 0x1C42, 0x1C7E, 0x1C7F, 0x203C, 0x203D, 0x2047, 0x2048, 0x2049, 0x2E2E, 0x2E3C, 0x3002,
     0x6A6E, 0x6A6F, 0x6AF5, 0x6B37, 0x6B38, 0x6B44, 0x9041, 0x9042, 0xA4FF, 0xA60E, 0xA60F, 0xA6DD, 0xA6DE,
     0xA6F3, 0xA6F7, 0xA876, 0xA877, 0xA8CE, 0xA8CF, 0xA92F, 0xA9C8, 0xA9C9, 0xAA5D, 0xAA5E, 0xAA5F, 0xAAF0,
     0xAAF1, 0xABEB, 0xBC9F, 0xFE52, 0xFE56, 0xFE57, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61});

// Where the line end at `at` ends; `at`: there is none.
std::size_t line_end_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<std::uint8_t>(text[at]);
  if (byte == '\r') return at + 1 < text.size() && text[at + 1] == '\n' ? at + 2 : at + 1;
  if ((byte >= 0x0A && byte <= 0x0C) || (byte >= 0x1C && byte <= 0x1E)) return at + 1;
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("\xC2\x85")) return at + 2;
  return rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9") ? at + 3 : at;
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }));
}

TextPiece text_piece(std::string text) {
  const std::size_t length = characters(text);
  return {std::move(text), length};
}

bool is_blank(std::string_view text) { return strip(text).empty(); }

bool ends_sentence(char32_t c) { return std::ranges::binary_search(marks, c); }

bool is_upper_case(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_UPPERCASE) != 0; }

std::vector<LinePlace> line_places(std::string_view text) {
  std::vector<LinePlace> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = line_end_at(text, at);
    if (next == at) {
      ++at;
      continue;
    }
    out.push_back({begin, at, next});
    begin = at = next;
  }
  if (begin < text.size()) out.push_back({begin, text.size(), text.size()});
  return out;
}

std::vector<TextPiece> split_lines(std::string_view text) {
  std::vector<TextPiece> out;
  for (const LinePlace& line : line_places(text))
    out.push_back(text_piece(std::string(text.substr(line.begin, line.end - line.begin))));
  return out;
}

std::vector<TextPiece> split_sentences(std::string_view text) {
  std::vector<TextPiece> out;
  std::size_t begin = 0;
  bool seen_mark = false, any_mark = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode_utf8(text, at);
    if (ends_sentence(c)) {
      seen_mark = any_mark = true;
    } else if (seen_mark && (c == ' ' || c == '\n')) {
      std::size_t next = at;
      const char32_t follows = at < text.size() ? decode_utf8(text, next) : 0;
      if (at < text.size() && (follows == '\n' || is_upper_case(follows))) {
        out.push_back(text_piece(std::string(strip(text.substr(begin, at - begin)))));
        begin = at;
      }
      seen_mark = false;
    }
  }
  if (!any_mark) return {text_piece(std::string(text))};
  if (begin < text.size()) out.push_back(text_piece(std::string(strip(text.substr(begin)))));
  return out;
}

std::vector<TextPiece> coalesced(std::vector<TextPiece> pieces, std::size_t largest, std::string_view separator) {
  const std::size_t between = characters(separator);
  constexpr int most_passes = 100;
  for (int pass = 0; pass < most_passes; ++pass) {
    std::size_t kept = 0;
    bool changed = false;
    for (std::size_t i = 0; i < pieces.size(); ++i, ++kept) {
      if (kept != i) pieces[kept] = std::move(pieces[i]);
      if (i + 1 == pieces.size() || pieces[kept].length + pieces[i + 1].length + between > largest) continue;
      pieces[kept].text.append(separator).append(pieces[i + 1].text);
      pieces[kept].length += between + pieces[i + 1].length;
      changed = true;
      ++i;
    }
    pieces.resize(kept);
    if (!changed) break;
  }
  return pieces;
}

std::vector<TextPiece> merged_back(std::vector<TextPiece> pieces, std::size_t least, std::string_view separator) {
  const std::size_t between = characters(separator);
  std::vector<TextPiece> out;
  for (TextPiece& piece : pieces) {
    if (out.empty() || piece.length >= least) {
      out.push_back(std::move(piece));
      continue;
    }
    TextPiece& last = out.back();
    if (!last.text.empty()) {
      last.text += separator;
      last.length += between;
    }
    last.text += piece.text;
    last.length += piece.length;
  }
  return out;
}

}  // namespace welt::similarity
