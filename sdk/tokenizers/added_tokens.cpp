// See added_tokens.h. Reference: AddedVocabulary of the library tokenizers.
#include "added_tokens.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <unordered_set>
#include <welt/sdk/base.hpp>

#include "model.h"

namespace welt::tokenizers {
namespace {

constexpr std::size_t longest_content = 512;

// Bytes looked at in a text: no real vocabulary needs more than a few for each.
std::size_t effort(std::size_t size) { return 10'000'000 + 32 * size; }

AddedToken read_token(const JsonNode& node) {
  const JsonNode content = node.member("content");
  if (content.text().size() > longest_content) {
    content.fail("a token of " + std::to_string(content.text().size()) + " bytes", "at most 512");
  }
  node.member("id").id();
  const bool special = node.member("special").flag_or(false);
  return {content.text(),
          node.member("single_word").flag_or(false),
          node.member("lstrip").flag_or(false),
          node.member("rstrip").flag_or(false),
          node.member("normalized").flag_or(!special),
          special};
}

std::size_t previous(std::string_view text, std::size_t at) {
  do --at;
  while ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80);
  return at;
}

}  // namespace

AddedTokens::AddedTokens(const JsonNode& list, const Model& model, const Normalizer& normalizer)
    : space_(white_space()) {
  if (list.is_null()) return;
  std::unordered_map<std::string, std::int32_t> ids;
  std::vector<AddedToken> special, plain;  // special ones are looked for first
  std::unordered_set<std::string> special_known;
  for (std::size_t i = 0; i < list.size(); ++i) {
    AddedToken token = read_token(list.item(i));
    if (token.special && !token.content.empty() && special_known.insert(token.content).second) special.push_back(token);
  }
  std::int64_t largest = -1;
  for (std::size_t i = 0; i < list.size(); ++i) {
    AddedToken token = read_token(list.item(i));
    if (token.content.empty() || ids.contains(token.content)) continue;  // of two the first counts
    std::int64_t id = model.token_id(token.content);
    if (id < 0) id = std::max<std::int64_t>(largest + 1, static_cast<std::int64_t>(model.vocabulary().size()));
    if (id > 0x7FFFFFFF) list.item(i).fail("id " + std::to_string(id), "a whole number from 0 to 2147483647");
    largest = std::max(largest, id);
    ids[token.content] = static_cast<std::int32_t>(id);
    has_single_word_ |= token.single_word;
    if (!special_known.contains(token.content)) plain.push_back(token);
    by_id_.insert_or_assign(static_cast<std::int32_t>(id), std::move(token));
  }
  if (has_single_word_) word_.emplace(rust_word_characters());
  special.insert(special.end(), plain.begin(), plain.end());
  for (const AddedToken& token : special) {
    const std::int32_t id = ids[token.content];
    (token.normalized ? after_ : before_).lstrips |= by_id_.at(id).lstrip;
    AlignedText pattern(token.content);
    if (token.normalized) normalizer.apply(pattern);
    if (pattern.text().size() > 4 * longest_content) {
      list.fail("a token that normalization makes too long", "at most 2048 bytes");
    }
    if (!pattern.text().empty()) insert(token.normalized ? after_ : before_, pattern.text(), id);
  }
}

void AddedTokens::insert(Set& set, std::string_view pattern, std::int32_t id) {
  std::uint32_t node = 0;
  set.first.set(static_cast<std::uint8_t>(pattern[0]));
  for (const char c : pattern) {
    set.inner[node] = 1;
    const auto next = static_cast<std::uint32_t>(set.ids.size());
    const auto [edge, is_new] = set.edges.try_emplace(std::uint64_t{node} << 8 | static_cast<std::uint8_t>(c), next);
    if (is_new) {
      set.ids.push_back(-1);
      set.inner.push_back(0);
    }
    node = edge->second;
  }
  if (set.ids[node] < 0) set.ids[node] = id;  // of two that look alike the first counts
}

AddedTokens::Walk AddedTokens::walk(const Set& set, std::string_view text, std::size_t begin) {
  Walk out{-1, begin, false, 0};
  std::uint32_t node = 0;
  for (std::size_t at = begin;; ++at) {
    ++out.steps;
    if (at == text.size()) {
      out.reached_end = set.inner[node] != 0;
      return out;
    }
    const auto edge = set.edges.find(std::uint64_t{node} << 8 | static_cast<std::uint8_t>(text[at]));
    if (edge == set.edges.end()) return out;
    node = edge->second;
    if (set.ids[node] >= 0) {
      out.id = set.ids[node];
      out.end = at + 1;
    }
  }
}

std::size_t AddedTokens::find(std::string_view text, bool normalized, std::vector<Found>& found) const {
  found.clear();
  const Set& tokens = set(normalized);
  if (tokens.first.none()) return text.size();
  std::size_t settled = text.size(), done = 0, steps = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!tokens.first[static_cast<std::uint8_t>(text[at])]) {
      ++at;
      continue;
    }
    const Walk longest = walk(tokens, text, at);
    steps += longest.steps;
    if (steps > effort(text.size())) {
      throw sdk::Failure(WELT_RESOURCE_EXHAUSTED, "looking for added tokens takes too many steps on a text of " +
                                                      std::to_string(text.size()) + " bytes; expected tokens that " +
                                                      "do not begin over and over again in it");
    }
    if (longest.reached_end) settled = std::min(settled, at);
    if (longest.id < 0) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = longest.end;
    at = end;
    const AddedToken& token = by_id_.at(longest.id);
    if (token.single_word) {
      if (end == text.size()) settled = std::min(settled, begin);
      if (!stands_alone(text, begin, end)) continue;
    }
    if (token.lstrip) begin = without_space_before(text, begin);
    if (token.rstrip) {
      const std::size_t stripped = with_space_behind(text, end);
      if (stripped == text.size()) settled = std::min(settled, begin);
      end = stripped;
    }
    begin = std::max(begin, done);  // white space that the token before has taken
    done = std::max(done, end);
    found.push_back({begin, std::max(begin, end), longest.id});
  }
  if (tokens.lstrips) settled = std::min(settled, without_space_before(text, settled));
  return settled;
}

bool AddedTokens::stands_alone(std::string_view text, std::size_t begin, std::size_t end) const {
  if (begin > 0) {
    std::size_t at = previous(text, begin);
    if (is_word_character(text::decode(text, at))) return false;
  }
  return end == text.size() || !is_word_character(text::decode(text, end));
}

std::size_t AddedTokens::without_space_before(std::string_view text, std::size_t end) const {
  while (end > 0) {
    const std::size_t begin = previous(text, end);
    std::size_t at = begin;
    if (!space_.contains(text::decode(text, at))) break;
    end = begin;
  }
  return end;
}

std::size_t AddedTokens::with_space_behind(std::string_view text, std::size_t begin) const {
  for (std::size_t at = begin; at < text.size(); begin = at)
    if (!space_.contains(text::decode(text, at))) break;
  return begin;
}

bool AddedTokens::is_closed(std::string_view word) const {
  const Walk longest = walk(before_, word, 0);
  if (longest.id < 0 || longest.end != word.size() || longest.reached_end) return false;
  const AddedToken& token = by_id_.at(longest.id);
  return !token.single_word && !token.rstrip;
}

}  // namespace welt::tokenizers
