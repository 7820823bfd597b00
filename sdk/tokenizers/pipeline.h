// What is behind welt/tokenizers/tokenizer.h: the way of a text through added tokens, normalizer, pre-tokenizer and
// model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <welt/tokenizers/tokenizer.h>

#include "added_tokens.h"
#include "model.h"
#include "normalizer.h"
#include "piece_cache.h"
#include "pre_tokenizer.h"

namespace welt::tokenizers {

// Any thread, any number at once: every call that runs takes a cache of its own, or makes one.
class Tokenizer::Pipeline {
 public:
  Pipeline(std::string_view json, std::size_t cache_bytes);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  std::vector<EncodedToken> encode(std::string_view text) const;
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const;
  const Model& model() const { return *model_; }
  const AddedTokens& added() const { return added_; }

  std::vector<Word> words(std::string_view text, bool is_final) const;

  bool is_complete(std::string_view word) const { return added_.is_closed(word); }

 private:
  struct Workspace;
  struct Run;
  class Lease;

  Pipeline(const JsonNode& document, std::size_t cache_bytes);
  void run(Run& run) const;
  void section(Run& run, std::size_t begin, std::size_t end, bool may_cut) const;
  std::size_t pieces_of_section(Run& run, AlignedText& text, std::size_t decided, bool may_cut) const;
  void encode_pieces(Run& run, const AlignedText& text, std::size_t begin) const;
  std::span<const Token> tokens_of(Workspace& space, std::string_view piece) const;
  void encode_piece(Run& run, std::string_view piece) const;
  void plain_section(Workspace& space, std::string_view section, std::vector<std::int32_t>& ids) const;
  void cut_into_parts(std::string_view text, std::size_t decided, std::vector<Piece>& pieces) const;
  bool is_safe_cut(std::string_view text, std::size_t at) const;

  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<const Model> model_;
  AddedTokens added_;
  std::optional<Normalizer::Plain> plain_;  // where texts need no alignment for their ids
  std::size_t cache_bytes_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;  // guarded by mutex_
};

}  // namespace welt::tokenizers
