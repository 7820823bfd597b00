// A Hugging Face tokenizer.json of type BPE as a whole: text to ids, and to words whose borders are those of tokens.
// Free of the plugin ABI: plugin.cpp puts it behind welt.segmenter/1.
//
// The ids are those of the library tokenizers (0.22), encode(text, add_special_tokens=False).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "added_tokens.h"
#include "model.h"
#include "normalizer.h"
#include "piece_cache.h"
#include "pre_tokenizer.h"

namespace welt::bpe {

// A token of a text, [begin, end) the bytes of the text that it stands for: none for a space that was put in front,
// part of a character for a token of single bytes, all of a character that normalization changed.
struct EncodedToken {
  std::int32_t id;
  std::size_t begin, end;
};

struct Word {
  std::size_t end;  // bytes from the start of the text
  std::int64_t id;  // of its token; -1: several tokens, or none
  bool may_cut;     // behind it the text may be cut: what follows, alone, gives the words that it gives here
};

// Any thread, any number at once: every call that runs takes a cache of its own, or makes one.
class Bpe {
 public:
  // `json`: the text of a tokenizer.json. `cache_bytes`: of each cache. Throws Failure that names the JSON path.
  Bpe(std::string_view json, std::size_t cache_bytes);
  ~Bpe();
  Bpe(const Bpe&) = delete;
  Bpe& operator=(const Bpe&) = delete;

  // `text` is well-formed UTF-8 of less than 2 GB. Throws Failure when it is too long, or a regular expression of the
  // tokenizer needs too many steps for it.
  std::vector<EncodedToken> encode(std::string_view text) const;

  // The words of `text`, which cover it: every border of two tokens that is one of two characters. Text that gives no
  // token is a word of its own. !is_final: only those that more text cannot change, up to the last that may_cut.
  std::vector<Word> words(std::string_view text, bool is_final) const;

  // Nothing can be added to `word`: it is an added token, and no longer one begins with it.
  bool is_complete(std::string_view word) const { return added_.is_closed(word); }

 private:
  struct Workspace;
  struct Run;
  class Lease;

  Bpe(const JsonNode& document, std::size_t cache_bytes);
  void run(Run& run) const;
  void section(Run& run, std::size_t begin, std::size_t end, bool may_cut) const;
  std::size_t pieces_of_section(Run& run, AlignedText& text, std::size_t decided, bool may_cut) const;
  void encode_pieces(Run& run, const AlignedText& text, std::size_t begin) const;
  void encode_piece(Run& run, std::string_view piece) const;
  void cut_into_parts(std::string_view text, std::size_t decided, std::vector<Piece>& pieces) const;
  bool is_safe_cut(std::string_view text, std::size_t at) const;

  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  Model model_;
  AddedTokens added_;
  std::size_t cache_bytes_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;  // guarded by mutex_
};

}  // namespace welt::bpe
