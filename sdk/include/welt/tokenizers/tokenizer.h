// A Hugging Face tokenizer.json: text to ids, and to words whose borders are those of tokens.
//
// Models BPE, WordPiece, Unigram and WordLevel with their normalizers, pre-tokenizers and added tokens. The ids are
// those of the library tokenizers (0.22), encode(text, add_special_tokens=False). Link welt::sdk_tokenizers, which
// needs ICU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace welt::tokenizers {

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
class Tokenizer {
 public:
  // `json`: the text of a tokenizer.json. `cache_bytes`: of each cache of pieces seen before; 0: none. Throws
  // welt::sdk::Failure (a std::runtime_error) that names the JSON path.
  Tokenizer(std::string_view json, std::size_t cache_bytes);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `text` is well-formed UTF-8 of less than 2 GB. Throws Failure when it is too long, a regular expression of the
  // tokenizer needs too many steps for it, or the vocabulary cannot say it and has no unknown token.
  std::vector<EncodedToken> encode(std::string_view text) const;
  // Appends the ids alone.
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const;

  // The words of `text`, which cover it: every border of two tokens that is one of two characters. Text that gives no
  // token is a word of its own. !is_final: only those that more text cannot change, up to the last that may_cut.
  std::vector<Word> words(std::string_view text, bool is_final) const;

  // Nothing can be added to `word`: it is an added token, and no longer one begins with it.
  bool is_complete(std::string_view word) const;

  // All tokens with their ids, added ones too, by id.
  std::vector<std::pair<std::string, std::int32_t>> vocabulary() const;
  std::int32_t largest_id() const;  // -1: no tokens
  // Of the token for what the vocabulary cannot say; -1: there is none.
  std::int32_t unknown_id() const;

 private:
  class Pipeline;
  std::unique_ptr<const Pipeline> pipeline_;
};

}  // namespace welt::tokenizers
