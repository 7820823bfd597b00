// WordPiece: the longest token that a word begins with, then the longest that goes on, to its end.
#pragma once

#include "model.h"

namespace welt::tokenizers {

// Immutable, any thread. Reference: WordPiece of the library tokenizers.
class WordPieceModel : public Model {
 public:
  explicit WordPieceModel(const JsonNode& node);
  void encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const override;
  std::int32_t unknown_id() const override { return unknown_id_; }

 private:
  std::string unknown_, prefix_;
  std::int32_t unknown_id_ = -1;
  std::int64_t most_characters_ = 100;
};

}  // namespace welt::tokenizers
