// The `model` of a tokenizer.json: a piece of text to tokens. What the four types have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "json_reader.h"
#include "vocabulary.h"

namespace welt::tokenizers {

struct Token {
  std::int32_t id;
  std::uint32_t begin, end;  // bytes of the piece
};

// What a call works in; one thread. Kept between calls, it saves allocations.
struct ModelSpace {
  struct Symbol {     // of BPE
    std::int32_t id;  // -1: merged into the one before
    std::uint32_t begin, end;
    std::int32_t previous, next;  // -1: none
  };
  struct Candidate {
    std::uint64_t order;  // rank << 32 | position: the smallest goes first
    std::int32_t id;
    bool operator>(const Candidate& other) const { return order > other.order; }
  };
  struct Step {  // of Unigram: the best way to a place in the piece
    double score;
    std::int32_t id;      // of the last token; -1: no way yet
    std::uint32_t begin;  // where it begins
  };
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue;
  std::vector<Step> path;
};

// Immutable, any thread.
class Model {
 public:
  virtual ~Model() = default;

  // Appends the tokens of a piece, less than 2^31 bytes. Throws Failure where the piece needs an unknown token that the
  // vocabulary has not.
  virtual void encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const = 0;

  // Where the first part of `text` from `begin` on ends that may be encoded alone; text.size() if there is none. Parts
  // are at least `least` bytes long, but for the ones before a space mark.
  virtual std::size_t part_end(std::string_view text, [[maybe_unused]] std::size_t begin,
                               [[maybe_unused]] std::size_t least) const {
    return text.size();
  }
  // Only a whole piece has its tokens: part_end() is of no use.
  virtual bool wants_whole_pieces() const { return true; }
  // Maps bytes to byte_alphabet by itself.
  virtual bool maps_bytes() const { return false; }

  const Vocabulary& vocabulary() const { return vocabulary_; }
  std::int32_t token_id(std::string_view token) const { return vocabulary_.find(token); }  // -1: not there
  // Of the token for what the vocabulary cannot say; -1: there is none.
  virtual std::int32_t unknown_id() const = 0;

 protected:
  // An object of tokens and ids.
  void read_vocabulary(const JsonNode& node);
  Vocabulary vocabulary_;

 private:
  void check_ids(const JsonNode& node) const;
};

// Throws Failure naming the JSON path. `maps_bytes`: pieces are bytes, each of which is a character of byte_alphabet in
// the vocabulary; a model that does not see to that itself (Model::maps_bytes()) gets them mapped.
std::unique_ptr<const Model> read_model(const JsonNode& node, bool maps_bytes);

}  // namespace welt::tokenizers
