// BPE: characters of a piece, merged pair by pair in the order of the merges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model.h"
#include "pair_table.h"

namespace welt::tokenizers {

// Immutable, any thread. Reference: BPE of the library tokenizers.
class BpeModel : public Model {
 public:
  // See read_model().
  BpeModel(const JsonNode& node, bool maps_bytes);

  // n characters cost O(n log n). Without an unknown token characters that the vocabulary cannot say give none.
  void encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const override;
  // No merge reaches across.
  std::size_t part_end(std::string_view text, std::size_t begin, std::size_t least) const override;
  // A whole piece is looked up before it is merged: see `ignore_merges`.
  bool wants_whole_pieces() const override { return ignore_merges_; }
  bool maps_bytes() const override { return maps_bytes_; }
  std::int32_t unknown_id() const override { return unknown_id_; }

 private:
  struct Merge {
    std::size_t index;  // in the list
    std::string_view left, right;
  };
  struct MergedIds {
    std::int32_t left, right, together;
  };
  static std::optional<Merge> merge_of(const JsonValue& value);
  // Throws Failure naming the first that is none.
  void read_merges(const JsonNode& list);
  // `together` is room; `near`: place of the last merge's result in the vocabulary.
  MergedIds ids_of(const JsonNode& list, const Merge& merge, std::string& together, std::size_t& near) const;
  std::string character(std::string_view text, std::size_t& at) const;
  std::string mapped(std::string_view piece) const;
  void encode_part(std::string_view part, std::size_t offset, ModelSpace& space, std::vector<Token>& tokens) const;
  void first_symbols(std::string_view part, std::vector<ModelSpace::Symbol>& symbols) const;
  bool add_bytes(std::string_view name, std::uint32_t begin, std::uint32_t end,
                 std::vector<ModelSpace::Symbol>& symbols) const;
  void consider(ModelSpace& space, std::int32_t left) const;
  void merge(ModelSpace& space) const;

  PairTable merges_;
  std::array<std::int32_t, 256> byte_ids_{};  // of the characters of byte_alphabet; -1: none
  std::array<std::int32_t, 256> fallback_{};  // of <0x00> to <0xFF>; -1: none
  PairTable joints_;  // for each merge the last character of the left and the first of the right one
  std::string unknown_, prefix_, suffix_;
  bool has_unknown_ = false, fuse_unknown_ = false, byte_fallback_ = false, ignore_merges_ = false;
  bool maps_bytes_;
  std::int32_t unknown_id_ = -1;
};

}  // namespace welt::tokenizers
