// See model.h.
#include "model.h"

#include <unordered_map>

#include "bpe_model.h"
#include "unigram_model.h"
#include "word_level_model.h"
#include "word_piece_model.h"

namespace welt::tokenizers {
namespace {

// Files of before there were types say BPE by their merges.
std::string type_of(const JsonNode& node) {
  const JsonNode type = node.member("type");
  if (!type.is_null()) return type.one_of({"BPE", "WordPiece", "Unigram", "WordLevel"});
  if (!node.member("merges").is_null()) return "BPE";
  if (node.member("vocab").value().kind == JsonValue::Kind::list) return "Unigram";
  return node.member("continuing_subword_prefix").is_null() ? "BPE" : "WordPiece";
}

}  // namespace

void Model::read_vocabulary(const JsonNode& node) {
  if (node.value().kind != JsonValue::Kind::object) node.fail("no object", "an object of tokens and their ids");
  const auto members = node.value().members();
  vocabulary_.reserve(members.size());
  for (const auto& [token, value] : members) {
    std::int64_t id = JsonNode::id_of(value);
    if (id < 0) id = JsonNode(value, "model.vocab[\"" + std::string(token) + "\"]").id();
    vocabulary_.set(token, static_cast<std::int32_t>(id));
  }
  const auto refuse = [&](std::int32_t id, std::string_view one, std::string_view other) {
    node.fail("id " + std::to_string(id) + " for both \"" + std::string(one) + "\" and \"" + std::string(other) + "\"",
              "an id of its own for every token");
  };
  std::vector<std::uint32_t> dense(4 * vocabulary_.size(), 0);  // by id: entry + 1
  std::unordered_map<std::int32_t, std::string_view> sparse;
  for (std::uint32_t i = 0; i < vocabulary_.size(); ++i) {
    const Vocabulary::Entry& entry = vocabulary_.entries()[i];
    if (static_cast<std::size_t>(entry.id) >= dense.size()) {
      const auto [other, is_new] = sparse.try_emplace(entry.id, vocabulary_.text(entry));
      if (!is_new) refuse(entry.id, other->second, vocabulary_.text(entry));
      continue;
    }
    std::uint32_t& owner = dense[static_cast<std::size_t>(entry.id)];
    if (owner != 0) refuse(entry.id, vocabulary_.text(vocabulary_.entries()[owner - 1]), vocabulary_.text(entry));
    owner = i + 1;
  }
}

std::unique_ptr<const Model> read_model(const JsonNode& node, bool maps_bytes) {
  const std::string type = type_of(node);
  if (type == "WordPiece") return std::make_unique<WordPieceModel>(node);
  if (type == "WordLevel") return std::make_unique<WordLevelModel>(node);
  if (type == "Unigram") return std::make_unique<UnigramModel>(node);
  return std::make_unique<BpeModel>(node, maps_bytes);
}

}  // namespace welt::tokenizers
