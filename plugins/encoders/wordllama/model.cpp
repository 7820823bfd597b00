// See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <welt/text/check.h>

#include <algorithm>
#include <vector>

#include "files.h"
#include "table_file.h"

namespace welt::wordllama {
namespace {

std::optional<tokenizers::Tokenizer> make_tokenizer(const Settings& s) {
  if (!s.tokenizer) {
    constexpr std::int64_t bytes = 256;
    if (s.rows >= bytes) return std::nullopt;
    throw sdk::invalid("num_embeddings is " + std::to_string(s.rows) +
                           "; expected 256 or more: without a tokenizer a word's tokens are its bytes",
                       "num_embeddings");
  }
  const std::filesystem::path path = tokenizer_path(*s.tokenizer);
  tokenizers::Tokenizer tokenizer(read_tokenizer_file(path), static_cast<std::size_t>(s.cache_bytes));
  if (tokenizer.largest_id() >= s.rows) {
    throw sdk::invalid(path.string() + " has ids up to " + std::to_string(tokenizer.largest_id()) +
                           "; expected ids below num_embeddings = " + std::to_string(s.rows) +
                           ", the rows of the table that belongs to it",
                       "num_embeddings");
  }
  return tokenizer;
}

nn::Init start_of_table(const Settings& s) {
  if (!s.weights) return nn::Init::normal(s.deviation);
  return nn::Init::function([name = *s.weights](const at::Tensor& table) { read_table(weights_path(name), table); });
}

}  // namespace

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config), tokenizer_(make_tokenizer(settings_)) {
  parameter("embedding.weight", table_, {settings_.rows, settings_.width}, options, start_of_table(settings_),
            {.table = true});
}

at::Tensor Model::encode_words(std::span<const std::string_view> words) const {
  std::vector<std::int64_t> ids, word_of;  // of each token
  std::vector<double> counts;              // tokens of each word; 1 where there are none, so that the mean is 0
  std::vector<std::int32_t> tokens;
  for (const std::string_view word : words) {
    welt::text::check_well_formed(word, /*is_final=*/true);
    const std::size_t before = ids.size();
    if (tokenizer_) {
      tokens.clear();
      tokenizer_->encode(word, tokens);
      ids.insert(ids.end(), tokens.begin(), tokens.end());
    } else {
      for (const char byte : word) ids.push_back(static_cast<unsigned char>(byte));
    }
    word_of.resize(ids.size(), static_cast<std::int64_t>(counts.size()));
    counts.push_back(static_cast<double>(std::max<std::size_t>(ids.size() - before, 1)));
  }
  const at::Device device = table_.device();
  const at::ScalarType type = table_.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor vectors = at::embedding(table_, at::tensor(ids, at::kLong).to(device)).to(type);  // [tokens, D]
  const at::Tensor sums = at::zeros({static_cast<std::int64_t>(words.size()), settings_.width}, vectors.options())
                              .index_add(0, at::tensor(word_of, at::kLong).to(device), vectors);  // [N, D]
  return (sums / at::tensor(counts, type).to(device).unsqueeze(1)).to(table_.scalar_type());
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  plan.trace_hidden(0, embeds);
  return embeds.clone();
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "wordllama",
          .table_name = "byte_embedding.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .initializer_range = settings_.deviation};
}

}  // namespace welt::wordllama
