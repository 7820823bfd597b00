// WordLevel: a piece is a token, or unknown.
#pragma once

#include "model.h"

namespace welt::tokenizers {

// Immutable, any thread. Reference: WordLevel of the library tokenizers.
class WordLevelModel : public Model {
 public:
  explicit WordLevelModel(const JsonNode& node);
  void encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const override;
  std::int32_t unknown_id() const override { return unknown_id_; }

 private:
  std::string unknown_;
  std::int32_t unknown_id_ = -1;
};

}  // namespace welt::tokenizers
