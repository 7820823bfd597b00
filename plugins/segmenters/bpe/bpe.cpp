// See bpe.h: the way of a text through added tokens, normalizer, pre-tokenizer and model.
#include "bpe.h"

#include <welt/text/utf8.h>
#include <algorithm>
#include <limits>
#include <welt/sdk/base.hpp>

namespace welt::bpe {
namespace {

namespace sdk = welt::sdk;

constexpr std::size_t all_decided = std::numeric_limits<std::size_t>::max() / 2;
constexpr std::size_t longest_text = std::size_t{1} << 31;
constexpr std::size_t least_part = 32;  // bytes that a model without pre-tokenizer gets at once

}  // namespace

struct Bpe::Workspace {
  explicit Workspace(std::size_t cache_bytes) : cache(cache_bytes) {}
  PieceCache cache;
  MergeSpace space;
  std::vector<Token> tokens;
  std::vector<Piece> pieces;
  std::vector<AddedTokens::Found> outer, inner;
};

// Borrows a workspace for one call.
class Bpe::Lease {
 public:
  explicit Lease(const Bpe& bpe) : bpe_(bpe) {
    const std::lock_guard lock(bpe.mutex_);
    if (bpe.idle_.empty()) return;
    space_ = std::move(bpe.idle_.back());
    bpe.idle_.pop_back();
  }
  ~Lease() {
    if (!space_) return;
    const std::lock_guard lock(bpe_.mutex_);
    bpe_.idle_.push_back(std::move(space_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Workspace& get() {
    if (!space_) space_ = std::make_unique<Workspace>(bpe_.cache_bytes_);
    return *space_;
  }

 private:
  const Bpe& bpe_;
  std::unique_ptr<Workspace> space_;
};

// One call: what goes in and what comes out.
struct Bpe::Run {
  Workspace& space;
  std::string_view text;
  bool is_final;
  std::size_t settled;  // what stands before cannot be changed by more text; all_decided if is_final
  std::vector<EncodedToken> tokens{};
  std::vector<std::size_t> cuts{};  // places of `text`, ascending
};

Bpe::Bpe(std::string_view json, std::size_t cache_bytes) : Bpe(JsonNode(parse_tokenizer_json(json), ""), cache_bytes) {}

Bpe::Bpe(const JsonNode& document, std::size_t cache_bytes)
    : normalizer_(document.member("normalizer")),
      pre_tokenizer_(document.member("pre_tokenizer")),
      model_(document.member("model"), pre_tokenizer_.maps_bytes()),
      added_(document.member("added_tokens"), model_, normalizer_),
      cache_bytes_(cache_bytes) {}

Bpe::~Bpe() = default;

std::vector<EncodedToken> Bpe::encode(std::string_view text) const {
  Lease lease(*this);
  Run run{lease.get(), text, true, all_decided};
  this->run(run);
  return std::move(run.tokens);
}

void Bpe::run(Run& run) const {
  if (run.text.size() >= longest_text) {
    throw sdk::invalid("a text of " + std::to_string(run.text.size()) + " bytes; expected less than 2 GB at once");
  }
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
void Bpe::section(Run& run, std::size_t begin, std::size_t end, bool may_cut) const {
  if (begin >= end) return;
  AlignedText text(run.text.substr(begin, end - begin));
  normalizer_.apply(text);
  const bool closed = run.is_final || end < run.settled;
  const std::size_t decided = closed ? all_decided : text.current(run.settled > begin ? run.settled - begin : 0);
  const std::size_t from = pieces_of_section(run, text, decided, may_cut);
  pre_tokenizer_.apply(text, run.space.pieces, from, begin == 0);
  if (pre_tokenizer_.never_splits() && !model_.looks_up_pieces()) cut_into_parts(text.text(), from, run.space.pieces);
  encode_pieces(run, text, begin);
}

// Cuts a normalized section at the tokens that are looked for after normalization. Gives back how much is decided.
std::size_t Bpe::pieces_of_section(Run& run, AlignedText& text, std::size_t decided, bool may_cut) const {
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
void Bpe::cut_into_parts(std::string_view text, std::size_t decided, std::vector<Piece>& pieces) const {
  std::vector<Piece> out;
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(piece);
      continue;
    }
    const std::string_view inside = text.substr(0, piece.end);
    for (std::size_t begin = piece.begin; begin < piece.end;) {
      const std::size_t end = model_.part_end(inside, begin, least_part);
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
bool Bpe::is_safe_cut(std::string_view text, std::size_t at) const {
  if (at == 0 || at >= text.size() || (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80) return false;
  if (added_.look_back()) {
    std::size_t before = at;
    do --before;
    while ((static_cast<std::uint8_t>(text[before]) & 0xC0) == 0x80);
    if (added_.is_word_character(text::decode(text, before))) return false;
  }
  return normalizer_.is_border(text, at);
}

void Bpe::encode_pieces(Run& run, const AlignedText& text, std::size_t begin) const {
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

// Appends the tokens with places in the piece.
void Bpe::encode_piece(Run& run, std::string_view piece) const {
  Workspace& space = run.space;
  std::span<const Token> tokens;
  const bool keeps = piece.size() <= PieceCache::longest_piece;
  if (!keeps || !space.cache.find(piece, tokens)) {
    space.tokens.clear();
    model_.encode(piece, space.space, space.tokens);
    if (keeps) space.cache.keep(piece, space.tokens);
    tokens = space.tokens;
  }
  for (const Token& token : tokens) run.tokens.push_back({token.id, token.begin, token.end});
}

std::vector<Word> Bpe::words(std::string_view text, bool is_final) const {
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

}  // namespace welt::bpe
