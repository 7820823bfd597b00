// See bpe_model.h. Each rule is the library's, odd ones too: a piece must get the same ids.
#include "bpe_model.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <functional>
#include <span>
#include <welt/sdk/base.hpp>

#include "byte_alphabet.h"
#include "utf8_write.h"

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;

constexpr std::size_t most_merges = 5'000'000;
constexpr std::size_t whole_piece = 256;  // longer ones are merged in parts
constexpr std::size_t least_part = 64;
constexpr char32_t space_mark = 0x2581, byte_space_mark = 0x120;  // ▁, Ġ

bool is_comment(const JsonValue& value) {
  return value.kind == JsonValue::Kind::text && value.text().starts_with("#version");
}

[[noreturn]] void refuse_merge(const JsonNode& node) {
  if (node.value().kind != JsonValue::Kind::text) node.fail("something else", "two tokens: \"a b\" or [\"a\", \"b\"]");
  node.fail("\"" + node.text() + "\"", "two tokens with one space between them");
}

std::string optional_text(const JsonNode& node) { return node.is_null() ? std::string() : node.text(); }

char32_t first_character(std::string_view text) {
  std::size_t at = 0;
  return text::decode(text, at);
}

char32_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return text::decode(text, at);
}

}  // namespace

BpeModel::BpeModel(const JsonNode& node, bool maps_bytes) : maps_bytes_(maps_bytes) {
  const JsonNode dropout = node.member("dropout");
  if (!dropout.is_null() && dropout.number() != 0) {
    dropout.fail("dropout", "null: segmentation must give the same words each time");
  }
  const JsonNode unknown = node.member("unk_token");
  has_unknown_ = !unknown.is_null();
  unknown_ = optional_text(unknown);
  prefix_ = optional_text(node.member("continuing_subword_prefix"));
  suffix_ = optional_text(node.member("end_of_word_suffix"));
  fuse_unknown_ = node.member("fuse_unk").flag_or(false);
  byte_fallback_ = node.member("byte_fallback").flag_or(false);
  ignore_merges_ = node.member("ignore_merges").flag_or(false);
  read_vocabulary(node.member("vocab"));
  read_merges(node.member("merges"));
  unknown_id_ = token_id(unknown_);
  for (std::size_t b = 0; b < 256; ++b) {
    byte_ids_[b] = token_id(utf8_of(byte_alphabet[b]));
    fallback_[b] = token_id(byte_name(static_cast<std::uint8_t>(b)));
  }
}

// The two tokens of a merge, where it is one.
std::optional<BpeModel::Merge> BpeModel::merge_of(const JsonValue& value) {
  if (value.kind == JsonValue::Kind::list && value.size == 2 && value.items()[0].kind == JsonValue::Kind::text &&
      value.items()[1].kind == JsonValue::Kind::text) {
    return Merge{0, value.items()[0].text(), value.items()[1].text()};
  }
  if (value.kind != JsonValue::Kind::text || is_comment(value)) return std::nullopt;
  const std::string_view line = value.text();
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) return std::nullopt;
  return Merge{0, line.substr(0, space), line.substr(space + 1)};
}

// Some at a time: the tables are larger than the nearest caches, and what the next ones need of them comes while others
// are at work.
void BpeModel::read_merges(const JsonNode& list) {
  if (list.size() > most_merges) list.fail(std::to_string(list.size()) + " merges", "at most 5000000");
  merges_.reserve(list.size());
  std::array<Merge, 32> some;
  std::array<MergedIds, 32> ids;
  std::size_t near = 0;
  std::uint32_t rank = 0;
  std::string together;
  for (std::size_t begin = 0; begin < list.size();) {
    std::size_t size = 0;
    for (; begin < list.size() && size < some.size(); ++begin) {
      const JsonValue& value = list.value().items()[begin];
      if (is_comment(value)) continue;
      const std::optional<Merge> merge = merge_of(value);
      if (!merge) refuse_merge(list.item(begin));
      vocabulary_.prefetch(merge->left);
      vocabulary_.prefetch(merge->right);
      some[size++] = {begin, merge->left, merge->right};
    }
    for (std::size_t k = 0; k < size; ++k) {
      ids[k] = ids_of(list, some[k], together, near);
      merges_.prefetch(ids[k].left, ids[k].right);
      joints_.set(static_cast<std::int32_t>(last_character(some[k].left)),
                  static_cast<std::int32_t>(first_character(some[k].right)), 0, 0);
    }
    for (const MergedIds& each : std::span(ids).first(size)) merges_.set(each.left, each.right, rank++, each.together);
  }
}

BpeModel::MergedIds BpeModel::ids_of(const JsonNode& list, const Merge& merge, std::string& together,
                                     std::size_t& near) const {
  const auto& [index, left, right] = merge;
  const auto known = [&](std::string_view token, std::int32_t id) {
    if (id < 0) {
      list.item(merge.index)
          .fail("a merge of \"" + std::string(merge.left) + "\" and \"" + std::string(merge.right) + "\", though \"" +
                    std::string(token) + "\" is not in model.vocab",
                "merges of known tokens that give a known one");
    }
    return id;
  };
  MergedIds out{known(left, token_id(left)), known(right, token_id(right)), -1};
  if (left.empty() || right.size() <= prefix_.size()) {
    list.item(index).fail("a merge with an empty token", "two tokens");
  }
  together.assign(left).append(right.substr(prefix_.size()));
  out.together = known(together, vocabulary_.find_near(together, near));
  return out;
}

// The character of the vocabulary that stands at `at`, which moves behind it.
std::string BpeModel::character(std::string_view text, std::size_t& at) const {
  if (maps_bytes_) return utf8_of(byte_alphabet[static_cast<std::uint8_t>(text[at++])]);
  const std::size_t begin = at;
  at += text::sequence_length(static_cast<std::uint8_t>(text[at]));
  return std::string(text.substr(begin, at - begin));
}

std::string BpeModel::mapped(std::string_view piece) const {
  std::string out;
  for (std::size_t at = 0; at < piece.size();) out += character(piece, at);
  return out;
}

void BpeModel::encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const {
  if (ignore_merges_ && piece.size() <= vocabulary_.longest()) {
    const std::int32_t id = maps_bytes_ ? token_id(mapped(piece)) : token_id(piece);
    if (id >= 0) {
      tokens.push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
      return;
    }
  }
  if (piece.size() <= whole_piece) return encode_part(piece, 0, space, tokens);
  for (std::size_t begin = 0; begin < piece.size();) {
    const std::size_t end = part_end(piece, begin, least_part);
    encode_part(piece.substr(begin, end - begin), begin, space, tokens);
    begin = end;
  }
}

std::size_t BpeModel::part_end(std::string_view text, std::size_t begin, std::size_t least) const {
  if (!prefix_.empty() || !suffix_.empty()) return text.size();  // ends of a piece are special
  const char32_t mark = maps_bytes_ ? byte_space_mark : space_mark;
  const auto next = [&](std::size_t& at) {
    return maps_bytes_ ? byte_alphabet[static_cast<std::uint8_t>(text[at++])] : text::decode(text, at);
  };
  const auto is_known = [&](char32_t c) { return token_id(utf8_of(c)) >= 0; };
  std::size_t at = begin;
  char32_t left = next(at);
  while (at < text.size()) {
    const std::size_t border = at;
    const char32_t right = next(at);
    const bool wanted = border - begin >= least || (right == mark && left != mark);
    if (wanted && joints_.find(static_cast<std::int32_t>(left), static_cast<std::int32_t>(right)) == nullptr &&
        is_known(left) && is_known(right)) {
      return border;
    }
    left = right;
  }
  return text.size();
}

void BpeModel::encode_part(std::string_view part, std::size_t offset, ModelSpace& space,
                           std::vector<Token>& tokens) const {
  first_symbols(part, space.symbols);
  merge(space);
  const auto base = static_cast<std::uint32_t>(offset);
  for (const ModelSpace::Symbol& symbol : space.symbols)
    if (symbol.id >= 0) tokens.push_back({symbol.id, base + symbol.begin, base + symbol.end});
}

// The characters as tokens; unknown ones as their bytes, or as the unknown token, which may stand for a run of them.
void BpeModel::first_symbols(std::string_view part, std::vector<ModelSpace::Symbol>& symbols) const {
  symbols.clear();
  const bool plain_bytes = maps_bytes_ && prefix_.empty() && suffix_.empty();
  ModelSpace::Symbol unknown{-1, 0, 0, 0, 0};
  const auto flush = [&] {
    if (unknown.id >= 0) symbols.push_back(unknown);
    unknown.id = -1;
  };
  std::string name;
  for (std::size_t at = 0; at < part.size();) {
    const auto begin = static_cast<std::uint32_t>(at);
    std::int32_t id = plain_bytes ? byte_ids_[static_cast<std::uint8_t>(part[at])] : -1;
    if (id >= 0) {
      ++at;
    } else {
      name = character(part, at);
      if (begin > 0) name.insert(0, prefix_);
      if (at == part.size()) name += suffix_;
      id = token_id(name);
    }
    const auto end = static_cast<std::uint32_t>(at);
    if (id >= 0) {
      flush();
      symbols.push_back({id, begin, end, 0, 0});
    } else if (byte_fallback_ && add_bytes(name, begin, end, symbols)) {
      // As in the library, an unknown token before these bytes comes behind them.
    } else if (has_unknown_) {
      if (unknown.id >= 0 && fuse_unknown_) {
        unknown.end = end;
        continue;
      }
      flush();
      if (unknown_id_ < 0) {
        throw sdk::invalid("tokenizer.json, model.unk_token: \"" + unknown_ + "\" is needed for a character that the " +
                           "vocabulary does not have, but is not in model.vocab; expected one of its tokens, or null");
      }
      unknown = {unknown_id_, begin, end, 0, 0};
    }
  }
  flush();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    symbols[i].previous = static_cast<std::int32_t>(i) - 1;
    symbols[i].next = i + 1 < symbols.size() ? static_cast<std::int32_t>(i) + 1 : -1;
  }
}

// Adds the tokens <0xNN> of a character, if there is one for each byte of its name.
bool BpeModel::add_bytes(std::string_view name, std::uint32_t begin, std::uint32_t end,
                         std::vector<ModelSpace::Symbol>& symbols) const {
  for (const char c : name)
    if (fallback_[static_cast<std::uint8_t>(c)] < 0) return false;
  for (std::uint32_t i = 0; i < name.size(); ++i) {
    const std::uint32_t from = std::min(begin + i, end - 1);
    symbols.push_back({fallback_[static_cast<std::uint8_t>(name[i])], from, std::min(from + 1, end), 0, 0});
  }
  return true;
}

void BpeModel::consider(ModelSpace& space, std::int32_t left) const {
  const ModelSpace::Symbol& symbol = space.symbols[static_cast<std::size_t>(left)];
  if (symbol.next < 0) return;
  const auto* pair = merges_.find(symbol.id, space.symbols[static_cast<std::size_t>(symbol.next)].id);
  if (pair == nullptr) return;
  space.queue.push_back({std::uint64_t{pair->rank} << 32 | static_cast<std::uint32_t>(left), pair->id});
  std::push_heap(space.queue.begin(), space.queue.end(), std::greater<>());
}

// Always the merge of the lowest rank, of equal ones the leftmost: a linked list and a queue, O(n log n).
void BpeModel::merge(ModelSpace& space) const {
  auto& symbols = space.symbols;
  auto& queue = space.queue;
  queue.clear();
  for (std::size_t i = 0; i < symbols.size(); ++i) consider(space, static_cast<std::int32_t>(i));
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), std::greater<>());
    const ModelSpace::Candidate top = queue.back();
    queue.pop_back();
    const auto at = static_cast<std::int32_t>(top.order & 0xFFFFFFFFu);
    ModelSpace::Symbol& left = symbols[static_cast<std::size_t>(at)];
    if (left.id < 0 || left.next < 0) continue;
    ModelSpace::Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    const auto* pair = merges_.find(left.id, right.id);
    if (pair == nullptr || pair->id != top.id) continue;  // one of the two has been merged since
    left.id = pair->id;
    left.begin = std::min(left.begin, right.begin);
    left.end = std::max(left.end, right.end);
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = at;
    if (left.previous >= 0) consider(space, left.previous);
    consider(space, at);
  }
}

}  // namespace welt::tokenizers
