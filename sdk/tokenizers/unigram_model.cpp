// See unigram_model.h.
#include "unigram_model.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <limits>
#include <numeric>
#include <welt/sdk/base.hpp>

#include "byte_alphabet.h"

namespace welt::tokenizers {
namespace {

constexpr double unknown_penalty = 10.0;

}  // namespace

UnigramModel::UnigramModel(const JsonNode& node) {
  const JsonNode vocabulary = node.member("vocab"), unknown = node.member("unk_id");
  const std::size_t count = vocabulary.size();
  vocabulary_.reserve(count);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < count; ++i) {
    const JsonValue& pair = vocabulary.value().items()[i];
    if (pair.kind != JsonValue::Kind::list || pair.size != 2 || pair.items()[0].kind != JsonValue::Kind::text) {
      vocabulary.item(i).fail("something else", "a token and its score: [\"a\", -3.5]");
    }
    vocabulary_.set(pair.items()[0].text(), static_cast<std::int32_t>(i));
    const JsonValue& score = pair.items()[1];
    scores_.push_back(score.kind == JsonValue::Kind::number ? JsonNode(score, "").number()
                                                            : vocabulary.item(i).item(1).number());
    least = std::min(least, scores_.back());
  }
  if (!unknown.is_null()) {
    unknown_id_ = static_cast<std::int32_t>(unknown.id());
    if (static_cast<std::size_t>(unknown_id_) >= count) {
      unknown.fail(std::to_string(unknown_id_), "the place of a token in the vocabulary, or null");
    }
  }
  unknown_score_ = least - unknown_penalty;
  byte_fallback_ = node.member("byte_fallback").flag_or(false);
  for (std::size_t b = 0; b < 256; ++b) fallback_[b] = token_id(byte_name(static_cast<std::uint8_t>(b)));
  build_trie();
}

// Level by level over the sorted tokens: those that begin alike stand beside each other.
void UnigramModel::build_trie() {
  std::vector<std::uint32_t> sorted;
  for (std::uint32_t i = 0; i < vocabulary_.size(); ++i)
    if (vocabulary_.entries()[i].size > 0) sorted.push_back(i);
  const auto text = [&](std::uint32_t i) { return vocabulary_.text(vocabulary_.entries()[i]); };
  std::ranges::sort(sorted, {}, text);
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges{{0, sorted.size(), 0}};
  nodes_.emplace_back();
  for (std::size_t at = 0; at < ranges.size(); ++at) {
    auto [begin, end, depth] = ranges[at];
    if (begin < end && text(sorted[begin]).size() == depth) {
      nodes_[at].id = vocabulary_.entries()[sorted[begin]].id;
      ++begin;
    }
    nodes_[at].first = static_cast<std::uint32_t>(edges_.size());
    for (std::size_t from = begin; from < end;) {
      const char byte = text(sorted[from])[depth];
      std::size_t to = from + 1;
      while (to < end && text(sorted[to])[depth] == byte) ++to;
      edges_.push_back({static_cast<std::uint8_t>(byte), static_cast<std::uint32_t>(nodes_.size())});
      ++nodes_[at].count;
      nodes_.emplace_back();
      ranges.push_back({from, to, depth + 1});
      from = to;
    }
  }
}

const UnigramModel::Edge* UnigramModel::edge(const Node& node, char byte) const {
  const Edge* first = edges_.data() + node.first;
  const Edge* found = std::lower_bound(first, first + node.count, static_cast<std::uint8_t>(byte),
                                       [](const Edge& each, std::uint8_t wanted) { return each.byte < wanted; });
  return found != first + node.count && found->byte == static_cast<std::uint8_t>(byte) ? found : nullptr;
}

void UnigramModel::find_path(std::string_view piece, std::vector<ModelSpace::Step>& path) const {
  path.assign(piece.size() + 1, {0.0, -1, 0});
  for (std::size_t begin = 0; begin < piece.size();) {
    const double here = path[begin].score;
    const std::size_t one = text::sequence_length(static_cast<std::uint8_t>(piece[begin]));
    bool has_single = false;
    const auto consider = [&](std::size_t end, double score, std::int32_t id) {
      ModelSpace::Step& step = path[end];
      if (step.id < 0 || score > step.score) step = {score, id, static_cast<std::uint32_t>(begin)};
    };
    const Node* node = nodes_.data();
    for (std::size_t at = begin; at < piece.size(); ++at) {
      const Edge* next = edge(*node, piece[at]);
      if (next == nullptr) break;
      node = nodes_.data() + next->node;
      if (node->id < 0) continue;
      consider(at + 1, scores_[static_cast<std::size_t>(node->id)] + here, node->id);
      has_single |= at + 1 - begin == one;
    }
    if (!has_single) {
      if (unknown_id_ < 0) {
        throw sdk::invalid(
            "tokenizer.json, model.unk_id: a token for unknown text is needed, but it is null; expected the place of "
            "one in model.vocab");
      }
      consider(begin + one, unknown_score_ + here, unknown_id_);
    }
    begin += one;
  }
}

// A run of unknown characters may be in the vocabulary as a whole: then it is that token.
void UnigramModel::add_tokens(std::string_view piece, std::uint32_t begin, std::uint32_t end,
                              std::vector<Token>& tokens) const {
  const std::string_view text = piece.substr(begin, end - begin);
  if (const std::int32_t id = token_id(text); id >= 0) return tokens.push_back({id, begin, end});
  const auto has_byte = [&](char c) { return fallback_[static_cast<std::uint8_t>(c)] >= 0; };
  if (!byte_fallback_ || !std::ranges::all_of(text, has_byte)) return tokens.push_back({unknown_id_, begin, end});
  for (std::uint32_t at = begin; at < end; ++at)
    tokens.push_back({fallback_[static_cast<std::uint8_t>(piece[at])], at, at + 1});
}

void UnigramModel::encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const {
  find_path(piece, space.path);
  // From the end back; unknown characters beside each other are one token.
  auto end = static_cast<std::uint32_t>(piece.size());
  std::vector<Token> backwards;
  while (end > 0) {
    const ModelSpace::Step& step = space.path[end];
    const bool is_unknown = step.id == unknown_id_;
    if (is_unknown && !backwards.empty() && backwards.back().id == unknown_id_)
      backwards.back().begin = step.begin;
    else
      backwards.push_back({step.id, step.begin, end});
    end = step.begin;
  }
  for (std::size_t i = backwards.size(); i-- > 0;) add_tokens(piece, backwards[i].begin, backwards[i].end, tokens);
}

}  // namespace welt::tokenizers
