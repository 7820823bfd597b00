// See precompiled_map.h. The table is not trusted: every step in it is checked.
#include "precompiled_map.h"

#include <welt/text/grapheme.h>
#include <welt/text/utf8.h>
#include <cstring>

namespace welt::tokenizers {
namespace {

constexpr std::size_t longest_cluster = 6;  // bytes: clusters as long are not looked up

std::string from_base64(const JsonNode& node) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::string text = node.text();
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (const char c : text) {
    const std::size_t value = digits.find(c);
    if (value == std::string_view::npos) node.fail("what is not base64", "a table in base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 255);
  }
  return out;
}

std::size_t offset_of(std::uint32_t unit) { return static_cast<std::size_t>(unit >> 10) << ((unit & 0x200) >> 6); }

}  // namespace

PrecompiledMap::PrecompiledMap(const JsonNode& node) {
  if (node.is_null()) return;
  const std::string table = from_base64(node);
  std::uint32_t size = 0;
  if (table.empty()) return;
  if (table.size() >= 4) std::memcpy(&size, table.data(), 4);
  if (table.size() < 4 || size % 4 != 0 || size > table.size() - 4) {
    node.fail("a table whose length does not fit", "a trie and the texts behind it");
  }
  units_.resize(size / 4);
  if (size > 0) std::memcpy(units_.data(), table.data() + 4, size);
  texts_ = table.substr(4 + size);
  bool cut_off = false;
  if (text::find_ill_formed(texts_, cut_off) != text::well_formed) {
    node.fail("texts that are not UTF-8", "a trie and the texts behind it");
  }
}

// Of the shortest beginning of `part` that the trie has, as the library does.
std::optional<std::string_view> PrecompiledMap::replacement(std::string_view part) const {
  if (units_.empty()) return std::nullopt;
  std::size_t at = offset_of(units_[0]);
  for (const char c : part) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte == 0) return std::nullopt;
    at ^= byte;
    if (at >= units_.size()) return std::nullopt;
    const std::uint32_t unit = units_[at];
    if ((unit & 0x800000FF) != byte) return std::nullopt;
    at ^= offset_of(unit);
    if ((unit >> 8 & 1) == 0) continue;
    if (at >= units_.size()) return std::nullopt;
    const std::size_t begin = units_[at] & 0x7FFFFFFF;
    const bool inside = begin < texts_.size() && (static_cast<std::uint8_t>(texts_[begin]) & 0xC0) != 0x80;
    if (!inside) return std::nullopt;
    return std::string_view(texts_).substr(begin, texts_.find('\0', begin) - begin);
  }
  return std::nullopt;
}

void PrecompiledMap::apply(AlignedText& text) const {
  const std::string_view old = text.text();
  Rewriter rewriter(text);
  const auto write = [&](std::size_t begin, std::size_t end) {
    const auto found = replacement(old.substr(begin, end - begin));
    if (!found) return false;
    rewriter.keep(begin);
    rewriter.replace(end, *found);
    return true;
  };
  for (std::size_t begin = 0; begin < old.size();) {
    const std::size_t end = text::cluster_end(old, begin);
    if (end - begin < longest_cluster && write(begin, end)) {
      begin = end;
      continue;
    }
    while (begin < end) {
      std::size_t next = begin;
      text::decode(old, next);
      write(begin, next);
      begin = next;
    }
  }
  rewriter.finish(text);
}

}  // namespace welt::tokenizers
