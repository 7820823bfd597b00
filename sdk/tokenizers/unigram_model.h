// Unigram: of all ways to cut a piece into tokens the one whose scores add up to most.
#pragma once

#include "model.h"

namespace welt::tokenizers {

// Immutable, any thread. Reference: Unigram of the library tokenizers, which follows SentencePiece (Kudo, 2018).
class UnigramModel : public Model {
 public:
  explicit UnigramModel(const JsonNode& node);
  void encode(std::string_view piece, ModelSpace& space, std::vector<Token>& tokens) const override;
  std::int32_t unknown_id() const override { return unknown_id_; }

 private:
  struct Node {  // of a trie
    std::int32_t id = -1;
    std::uint32_t first = 0;  // of edges_
    std::uint32_t count = 0;
  };
  struct Edge {
    std::uint8_t byte;
    std::uint32_t node;
  };

  void build_trie();
  const Edge* edge(const Node& node, char byte) const;
  void find_path(std::string_view piece, std::vector<ModelSpace::Step>& path) const;
  void add_tokens(std::string_view piece, std::uint32_t begin, std::uint32_t end, std::vector<Token>& tokens) const;

  std::vector<double> scores_;  // by id
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;  // of a node beside each other, by byte
  std::int32_t unknown_id_ = -1;
  double unknown_score_ = 0;
  bool byte_fallback_ = false;
  std::int32_t fallback_[256];
};

}  // namespace welt::tokenizers
