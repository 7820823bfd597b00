// The tokens of pieces seen before. One thread; Pipeline keeps one for each thread that encodes at once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model.h"

namespace welt::tokenizers {

// Bounded: once the budget is used up all is forgotten, and it starts anew.
class PieceCache {
 public:
  static constexpr std::size_t longest_piece = 128;

  // `byte_budget`: of keys, tokens and table together; 0 keeps nothing.
  explicit PieceCache(std::size_t byte_budget) : budget_(byte_budget) {}

  // The tokens of `piece`, at most longest_piece bytes; false: not known. The span holds until the next keep().
  bool find(std::string_view piece, std::span<const Token>& tokens);
  // Only for the piece that find() was last asked for, and did not know.
  void keep(std::string_view piece, std::span<const Token> tokens);

  std::size_t bytes() const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t key = 0, token = 0;  // where they begin
    std::uint16_t key_size = 0, token_count = 0;
    bool used = false;
  };

  void clear();
  void grow();

  std::size_t budget_;
  std::vector<Slot> slots_;
  std::vector<char> keys_;
  std::vector<Token> tokens_;
  std::size_t used_ = 0, place_ = 0;  // place_: where the piece last asked for would go; slots_.size(): nowhere
  std::uint64_t hash_ = 0;
};

}  // namespace welt::tokenizers
