// A static embedding as a bytes encoder: a word's vector is the mean of its tokens', which stand in a table.
//
// Follows WordLlama (D. Lee Miller, 2024, https://github.com/dleemiller/WordLlama): ids without special tokens, the
// mean without a norm. It has no layers: rows of embeddings that a caller hands over come back as they are. Letters: N
// words, V rows of the table, D width.
#pragma once

#include <welt/nn/model.h>
#include <welt/nn/offers.h>
#include <welt/tokenizers/tokenizer.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <welt/sdk/fields.hpp>

namespace welt::wordllama {

struct Settings : sdk::Fields {
  using Fields::Fields;
  std::string architecture = classes({"WordLlamaEmbedding"});
  std::int64_t vocab_size =
      integer("vocab_size", 256, "rows of a byte table, where a caller has one").range(0, 1 << 30);
  std::int64_t rows = integer("num_embeddings", 32000, "rows V of the token table").range(1, 1 << 26);
  std::int64_t width = integer("hidden_size", 256, "width D; the first columns of wider weights").range(1, 1 << 16);
  std::optional<std::string> tokenizer = text("tokenizer", sdk::null,
                                              "a tokenizer.json, a folder with one, or l2_supercat, which set-up "
                                              "fetches; null: a word's tokens are its bytes");
  std::optional<std::string> weights = text("weights", sdk::null,
                                            "what the table starts with: a safetensors file of WordLlama or Model2Vec, "
                                            "a folder with one, or l2_supercat; null: random numbers");
  double deviation = number("initializer_range", 0.02, "standard deviation of a random table").range(0, 100);
  std::int64_t cache_bytes =
      integer("cache_bytes", 16 << 20, "memory for pieces of text that were tokenized before; 0: none")
          .range(0, 1LL << 32);
};

class Model : public nn::Model, public nn::ReadsWords {
 public:
  using Settings = wordllama::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor encode_words(std::span<const std::string_view> words) const override;
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;

 private:
  Settings settings_;
  std::optional<tokenizers::Tokenizer> tokenizer_;
  nn::Tensor table_;  // [V, D]
};

}  // namespace welt::wordllama
