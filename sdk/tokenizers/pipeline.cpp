// See pipeline.h.
#include "pipeline.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <limits>
#include <welt/sdk/base.hpp>

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;

constexpr std::size_t all_decided = std::numeric_limits<std::size_t>::max() / 2;
constexpr std::size_t longest_text = std::size_t{1} << 31;
constexpr std::size_t least_part = 32;          // bytes that a model without pre-tokenizer gets at once
constexpr std::size_t first_stretch = 1 << 14;  // bytes of a text that are normalized at once

void check_length(std::string_view text) {
  if (text.size() < longest_text) return;
  throw sdk::invalid("a text of " + std::to_string(text.size()) + " bytes; expected less than 2 GB at once");
}

}  // namespace

struct Tokenizer::Pipeline::Workspace {
  explicit Workspace(std::size_t cache_bytes) : cache(cache_bytes) {}
  PieceCache cache;
  ModelSpace space;
  std::vector<Token> tokens;
  std::vector<Piece> pieces;
  std::vector<AddedTokens::Found> outer, inner;
  std::vector<EncodedToken> encoded;  // room, between calls
  std::string normalized;             // the same
};

// Borrows a workspace for one call.
class Tokenizer::Pipeline::Lease {
 public:
  explicit Lease(const Pipeline& pipeline) : pipeline_(pipeline) {
    const std::lock_guard lock(pipeline.mutex_);
    if (pipeline.idle_.empty()) return;
    space_ = std::move(pipeline.idle_.back());
    pipeline.idle_.pop_back();
  }
  ~Lease() {
    if (!space_) return;
    const std::lock_guard lock(pipeline_.mutex_);
    pipeline_.idle_.push_back(std::move(space_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Workspace& get() {
    if (!space_) space_ = std::make_unique<Workspace>(pipeline_.cache_bytes_);
    return *space_;
  }

 private:
  const Pipeline& pipeline_;
  std::unique_ptr<Workspace> space_;
};

// One call: what goes in and what comes out.
struct Tokenizer::Pipeline::Run {
  Workspace& space;
  std::string_view text;
  bool is_final;
  std::size_t settled;  // what stands before cannot be changed by more text; all_decided if is_final
  std::vector<EncodedToken> tokens{};
  std::vector<std::size_t> cuts{};  // places of `text`, ascending
};

Tokenizer::Pipeline::Pipeline(std::string_view json, std::size_t cache_bytes)
    : Pipeline(JsonNode(JsonDocument(json).root(), ""), cache_bytes) {}

Tokenizer::Pipeline::Pipeline(const JsonNode& document, std::size_t cache_bytes)
    : normalizer_(document.member("normalizer")),
      pre_tokenizer_(document.member("pre_tokenizer")),
      model_(read_model(document.member("model"), pre_tokenizer_.maps_bytes())),
      added_(document.member("added_tokens"), *model_, normalizer_),
      cache_bytes_(cache_bytes) {
  if (!model_->maps_bytes()) pre_tokenizer_.map_bytes_at_the_end();
  if (pre_tokenizer_.is_identity() && !model_->wants_whole_pieces() && !added_.has_normalized()) {
    plain_ = normalizer_.plain();
  }
}

Tokenizer::Pipeline::~Pipeline() = default;

std::vector<EncodedToken> Tokenizer::Pipeline::encode(std::string_view text) const {
  Lease lease(*this);
  Run run{lease.get(), text, true, all_decided};
  this->run(run);
  return std::move(run.tokens);
}

void Tokenizer::Pipeline::encode(std::string_view text, std::vector<std::int32_t>& ids) const {
  Lease lease(*this);
  Workspace& space = lease.get();
  if (plain_) {
    check_length(text);
    added_.find(text, false, space.outer);
    std::size_t done = 0;
    for (const AddedTokens::Found& token : space.outer) {
      plain_section(space, text.substr(done, std::max(done, token.begin) - done), ids);
      ids.push_back(token.id);
      done = token.end;
    }
    return plain_section(space, text.substr(done), ids);
  }
  Run run{space, text, true, all_decided, std::move(space.encoded)};
  run.tokens.clear();
  this->run(run);
  for (const EncodedToken& token : run.tokens) ids.push_back(token.id);
  space.encoded = std::move(run.tokens);
}

// The text between two added tokens, normalized a stretch at a time: what a part needs beyond its end is one character.
void Tokenizer::Pipeline::plain_section(Workspace& space, std::string_view section,
                                        std::vector<std::int32_t>& ids) const {
  if (section.empty()) return;
  std::string& text = space.normalized;
  text = plain_->prepend;
  std::size_t stretch = first_stretch;
  while (!section.empty()) {
    std::size_t taken = std::min(stretch, section.size());
    while (taken < section.size() && (static_cast<std::uint8_t>(section[taken]) & 0xC0) == 0x80) ++taken;
    for (const char c : section.substr(0, taken)) {
      if (c == plain_->from && c != '\0')
        text += plain_->to;
      else
        text += c;
    }
    section.remove_prefix(taken);
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = model_->part_end(text, begin, least_part);
      if (end == text.size() && !section.empty()) break;
      const std::string_view part = std::string_view(text).substr(begin, end - begin);
      for (const Token& token : tokens_of(space, part)) ids.push_back(token.id);
      begin = end;
    }
    // Where nothing could be cut off the next stretch is as long as what is there: no text is looked at over and over.
    stretch = begin > 0 ? first_stretch : 2 * stretch;
    text.erase(0, begin);
  }
}

void Tokenizer::Pipeline::run(Run& run) const {
  check_length(run.text);
  run.tokens.reserve(run.text.size() / 4);
  const std::size_t settled = added_.find(run.text, false, run.space.outer);
  if (!run.is_final) run.settled = settled;
  std::size_t done = 0;
  for (const AddedTokens::Found& token : run.space.outer) {
    section(run, done, token.begin, done <= run.settled);
    if (token.begin < run.settled && is_safe_cut(run.text, token.begin)) run.cuts.push_back(token.begin);
    run.tokens.push_back({token.id, token.begin, token.end});
    done = token.end;
  }
  section(run, done, run.text.size(), done <= run.settled);
}

// The text between two added tokens. `may_cut`: where it begins is certain.
void Tokenizer::Pipeline::section(Run& run, std::size_t begin, std::size_t end, bool may_cut) const {
  if (begin >= end) return;
  AlignedText text(run.text.substr(begin, end - begin));
  normalizer_.apply(text);
  const bool closed = run.is_final || end < run.settled;
  const std::size_t decided = closed ? all_decided : text.current(run.settled > begin ? run.settled - begin : 0);
  const std::size_t from = pieces_of_section(run, text, decided, may_cut);
  pre_tokenizer_.apply(text, run.space.pieces, from, begin == 0);
  if (pre_tokenizer_.never_splits() && !model_->wants_whole_pieces())
    cut_into_parts(text.text(), from, run.space.pieces);
  encode_pieces(run, text, begin);
}

// Cuts a normalized section at the tokens that are looked for after normalization. Gives back how much is decided.
std::size_t Tokenizer::Pipeline::pieces_of_section(Run& run, AlignedText& text, std::size_t decided,
                                                   bool may_cut) const {
  auto& pieces = run.space.pieces;
  pieces.clear();
  if (text.text().empty()) return decided;
  const std::size_t settled = added_.find(text.text(), true, run.space.inner);
  if (decided != all_decided) decided = std::min(decided, settled);
  const bool inside = !normalizer_.prepends() && !normalizer_.has_wide_patterns();
  std::size_t done = 0;
  const auto add_text = [&](std::size_t end) {
    if (end <= done) return;
    const std::string_view rest = text.text().substr(done);
    const bool certain = done == 0 ? may_cut : inside && done <= decided;
    pieces.push_back({done, end, -1, certain && pre_tokenizer_.is_same_at_start(rest, true), true});
  };
  for (const AddedTokens::Found& token : run.space.inner) {
    add_text(token.begin);
    const bool certain = token.begin == 0 ? may_cut : inside && token.begin < decided;
    pieces.push_back({token.begin, token.end, token.id, certain, true});
    done = token.end;
  }
  add_text(text.text().size());
  return decided;
}

// Without a pre-tokenizer a section is one piece: it is cut where no merge can reach across.
void Tokenizer::Pipeline::cut_into_parts(std::string_view text, std::size_t decided, std::vector<Piece>& pieces) const {
  std::vector<Piece> out;
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(piece);
      continue;
    }
    const std::string_view inside = text.substr(0, piece.end);
    for (std::size_t begin = piece.begin; begin < piece.end;) {
      const std::size_t end = model_->part_end(inside, begin, least_part);
      const bool leads = begin == piece.begin;
      const bool may_cut =
          leads ? piece.may_cut : begin < decided && pre_tokenizer_.is_same_at_start(inside.substr(begin), false);
      out.push_back({begin, end, -1, may_cut, leads});
      begin = end;
    }
  }
  pieces = std::move(out);
}

// The normalizer, and added tokens that look back, see the same on both sides of a cut.
bool Tokenizer::Pipeline::is_safe_cut(std::string_view text, std::size_t at) const {
  if (at == 0 || at >= text.size() || (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80) return false;
  if (added_.look_back()) {
    std::size_t before = at;
    do --before;
    while ((static_cast<std::uint8_t>(text[before]) & 0xC0) == 0x80);
    if (added_.is_word_character(text::decode(text, before))) return false;
  }
  return normalizer_.is_border(text, at);
}

void Tokenizer::Pipeline::encode_pieces(Run& run, const AlignedText& text, std::size_t begin) const {
  const bool changed = text.is_changed();
  const bool inside = !normalizer_.prepends() && !normalizer_.has_wide_patterns();
  bool is_first = true;
  for (const Piece& piece : run.space.pieces) {
    const bool may_cut = piece.may_cut && (inside || is_first);
    is_first = false;
    const AlignedText::Place place = text.original(piece.begin);
    if (may_cut && place.exact() && normalizer_.is_border(text.text(), piece.begin) &&
        is_safe_cut(run.text, begin + place.low)) {
      run.cuts.push_back(begin + place.low);
    }
    if (piece.id >= 0) {
      run.tokens.push_back({piece.id, begin + place.low, begin + text.original(piece.end).high});
      continue;
    }
    const std::size_t first = run.tokens.size();
    encode_piece(run, text.text().substr(piece.begin, piece.end - piece.begin));
    for (std::size_t i = first; i < run.tokens.size(); ++i) {
      EncodedToken& token = run.tokens[i];
      token.begin = begin + (changed ? text.original(piece.begin + token.begin).low : piece.begin + token.begin);
      token.end = begin + (changed ? text.original(piece.begin + token.end).high : piece.begin + token.end);
    }
  }
}

// Of a piece, with places in it; valid until the next call.
std::span<const Token> Tokenizer::Pipeline::tokens_of(Workspace& space, std::string_view piece) const {
  std::span<const Token> tokens;
  const bool keeps = piece.size() <= PieceCache::longest_piece;
  if (keeps && space.cache.find(piece, tokens)) return tokens;
  space.tokens.clear();
  model_->encode(piece, space.space, space.tokens);
  if (keeps) space.cache.keep(piece, space.tokens);
  return space.tokens;
}

void Tokenizer::Pipeline::encode_piece(Run& run, std::string_view piece) const {
  for (const Token& token : tokens_of(run.space, piece)) run.tokens.push_back({token.id, token.begin, token.end});
}

std::vector<Word> Tokenizer::Pipeline::words(std::string_view text, bool is_final) const {
  Lease lease(*this);
  if (!is_final) text = text.substr(0, normalizer_.settled_end(text));
  Run run{lease.get(), text, is_final, all_decided};
  this->run(run);
  const auto& tokens = run.tokens;
  std::vector<std::size_t> begins(tokens.size() + 1, text.size());  // of this token and all behind it, the least
  for (std::size_t i = tokens.size(); i-- > 0;) begins[i] = std::min(begins[i + 1], tokens[i].begin);

  std::vector<Word> out;
  out.reserve(tokens.size() + 1);
  std::size_t reach = 0, last = 0, count = 0, cut = 0;
  std::int64_t id = -1;
  const auto close = [&](std::size_t at) {
    const bool is_border = at == text.size() || (static_cast<std::uint8_t>(text[at]) & 0xC0) != 0x80;
    if (at <= last || !is_border) return;
    while (cut < run.cuts.size() && run.cuts[cut] < at) ++cut;
    out.push_back({at, count == 1 ? id : -1, cut < run.cuts.size() && run.cuts[cut] == at});
    last = at;
    count = 0;
  };
  for (std::size_t i = 0; i <= tokens.size(); ++i) {
    if (reach <= begins[i]) {
      close(reach);
      close(begins[i]);
    }
    if (i == tokens.size()) break;
    ++count;
    id = tokens[i].id;
    reach = std::max(reach, tokens[i].end);
  }
  if (is_final) {
    if (!out.empty()) out.back().may_cut = true;
    return out;
  }
  while (!out.empty() && !out.back().may_cut) out.pop_back();
  return out;
}

}  // namespace welt::tokenizers
