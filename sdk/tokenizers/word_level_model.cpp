// See word_level_model.h.
#include "word_level_model.h"

#include "unknown_token.h"

namespace welt::tokenizers {

WordLevelModel::WordLevelModel(const JsonNode& node) {
  read_vocabulary(node.member("vocab"));
  unknown_ = node.member("unk_token").text();
  unknown_id_ = token_id(unknown_);
}

void WordLevelModel::encode(std::string_view piece, ModelSpace&, std::vector<Token>& tokens) const {
  std::int32_t id = token_id(piece);
  if (id < 0) id = needed_unknown(unknown_id_, unknown_);
  tokens.push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
}

}  // namespace welt::tokenizers
