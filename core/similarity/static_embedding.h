// A static embedding: a table with a vector for every token, and a tokenizer. The vector of a text is the mean of its
// tokens'. Torch-free; the table stays where it is mapped.
//
// Read are WordLlama's files (a safetensors file with `embedding.weight`, a tokenizer.json beside it or named) and
// folders of Model2Vec (`embeddings`, with `weights` and `mapping` where there are any; config.json).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

struct EmbeddingFiles {
  std::filesystem::path weights, tokenizer;
  std::filesystem::path config;  // of Model2Vec; empty: WordLlama's rules
};

// Immutable after load(), any thread.
class StaticEmbedding {
 public:
  // `dim` 0: all columns, else the first ones (Matryoshka). Throws Error naming the file: it is cut off, something
  // else, of another dtype, or the tokenizer's vocabulary is larger than the table.
  static StaticEmbedding load(const EmbeddingFiles& files, std::size_t dim = 0);
  StaticEmbedding(StaticEmbedding&&) noexcept;
  ~StaticEmbedding();

  std::size_t dim() const;
  std::size_t full_dim() const;
  std::size_t rows() const;
  bool normalizes() const;  // Model2Vec's `normalize`
  // The same table with another number of columns: 1 to full_dim().
  StaticEmbedding with_dim(std::size_t dim) const;

  // Ids without special tokens. Throws Error for text that is not UTF-8.
  std::vector<std::int32_t> tokenize(std::string_view text) const;

  // The mean vector of each text; zeros for one without tokens. Sums are in float32 in the order of the tokens, and
  // divided once, as in the originals. threads 0: all cores. `progress`, if any, is called now and then with the number
  // of texts that are done, by one thread at a time. Throws Error naming the text that is not UTF-8.
  Matrix embed(std::span<const std::string_view> texts, int threads = 0,
               const std::function<void(std::size_t)>& progress = {}) const;
  std::vector<float> embed(std::string_view text) const;

 private:
  struct Table;
  StaticEmbedding(std::shared_ptr<const Table> table, std::size_t dim);
  struct Room;  // of one thread
  std::size_t row_of(std::size_t token) const;
  void add_rows(Room& room, float* sum) const;
  template <typename Sum>
  void add_weighted_rows(Room& room, std::vector<Sum>& sums, float* mean) const;
  void embed_into(std::string_view text, Room& room, float* out) const;

  std::shared_ptr<const Table> table_;
  std::size_t dim_;
};

}  // namespace welt::similarity
