// The `model` of a tokenizer.json, type BPE: characters of a piece, merged pair by pair in the order of the merges.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "json_reader.h"
#include "pair_table.h"

namespace welt::bpe {

struct Token {
  std::int32_t id;
  std::uint32_t begin, end;  // bytes of the piece
};

// What a call works in; one thread. Kept between calls, it saves allocations.
struct MergeSpace {
  struct Symbol {
    std::int32_t id;  // -1: merged into the one before
    std::uint32_t begin, end;
    std::int32_t previous, next;  // -1: none
  };
  struct Candidate {
    std::uint64_t order;  // rank << 32 | position: the smallest goes first
    std::int32_t id;
    bool operator>(const Candidate& other) const { return order > other.order; }
  };
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue;
};

// Immutable, any thread. Reference: BPE of the library tokenizers.
class Model {
 public:
  // `maps_bytes`: pieces are bytes, each of which is a character of byte_alphabet in the vocabulary. Throws Failure
  // naming the JSON path.
  Model(const JsonNode& node, bool maps_bytes);

  // Appends the tokens of a piece, less than 2^31 bytes. n characters cost O(n log n). Characters that the vocabulary
  // cannot say give no token.
  void encode(std::string_view piece, MergeSpace& space, std::vector<Token>& tokens) const;

  // Where the first part of `text` from `begin` on ends that no merge reaches across, so that parts may be encoded
  // alone; text.size() if there is none. Parts are at least `least` bytes long, but for the ones before a space mark.
  std::size_t part_end(std::string_view text, std::size_t begin, std::size_t least) const;
  // A whole piece is looked up before it is merged: see `ignore_merges`.
  bool looks_up_pieces() const { return ignore_merges_; }

  std::int64_t token_id(std::string_view token) const;  // -1: not in the vocabulary
  std::size_t size() const { return vocabulary_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Vocabulary = std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>;

  void read_vocabulary(const JsonNode& node);
  void read_merges(const JsonNode& node);
  void add_merge(const JsonNode& node, std::string_view left, std::string_view right, std::size_t rank);
  std::string character(std::string_view text, std::size_t& at) const;
  std::string mapped(std::string_view piece) const;
  void encode_part(std::string_view part, std::size_t offset, MergeSpace& space, std::vector<Token>& tokens) const;
  void first_symbols(std::string_view part, std::vector<MergeSpace::Symbol>& symbols) const;
  bool add_bytes(std::string_view name, std::uint32_t begin, std::uint32_t end,
                 std::vector<MergeSpace::Symbol>& symbols) const;
  void consider(MergeSpace& space, std::int32_t left) const;
  void merge(MergeSpace& space) const;

  Vocabulary vocabulary_;
  PairTable merges_;
  std::array<std::int32_t, 256> byte_ids_{};  // of the characters of byte_alphabet; -1: none
  std::array<std::int32_t, 256> fallback_{};  // of <0x00> to <0xFF>; -1: none
  // For each merge the last character of the left and the first of the right one, left << 32 | right.
  std::unordered_set<std::uint64_t> joints_;
  std::string unknown_, prefix_, suffix_;
  bool has_unknown_ = false, fuse_unknown_ = false, byte_fallback_ = false, ignore_merges_ = false;
  bool maps_bytes_;
  std::int64_t unknown_id_ = -1;
  std::size_t longest_token_ = 0;
};

}  // namespace welt::bpe
