// The static embeddings that others have published, by the names that their own packages know them by: which
// repository of the hub has them, in which files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt::similarity {

struct PublishedEmbedding {
  std::string name;                        // "l3_supercat_512"
  std::string repository;                  // "dleemiller/wordllama-l3-supercat"
  std::string weights, tokenizer, config;  // its files; config: of Model2Vec, else ""
};

// WordLlama's l2_supercat and l3_supercat, of 256 dimensions or, as l2_supercat_1024, of 64, 128, 512 or 1024; of
// Model2Vec those that the package wordllama names (potion_base_8m), and under the last part of their repository's
// name those of its authors (potion-base-8M). Capitals, '-' and '_' are alike.
std::optional<PublishedEmbedding> published_embedding(std::string_view name);

// All names, for a message about one that is not known.
std::vector<std::string> published_names();

}  // namespace welt::similarity
