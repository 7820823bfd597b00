// Nothing is wrong with it: a decoder whose way out is its way in. docs/write-a-plugin.md quotes its namespace.
#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <welt/abi/decoder.h>

#include "toy.h"

namespace nn = welt::nn;
namespace sdk = welt::sdk;

namespace tied_head {

struct Settings : sdk::Fields {
  using Fields::Fields;
  std::int64_t vocab_size = integer("vocab_size", 256, "rows of the token table").range(0, 1 << 30);
  std::int64_t table_width = integer("embedding_size", 4, "width E of the token table").range(1, 1 << 20);
  std::int64_t width = integer("hidden_size", 8, "width D").range(1, 1 << 20);
  bool tied = boolean("tie_word_embeddings", true, "the head is the token table");
};

class Model : public nn::Model {
 public:
  using Settings = tied_head::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options)
      : s_(config),
        in_(s_.table_width, s_.width, /*with_bias=*/false, options, /*init=*/0.02),
        norm_(s_.width, 1e-5, options) {
    children({{"project_in", in_}, {"norm", norm_}});
    parameter("project_out", out_, {s_.width, s_.table_width}, options, 0.02);
    tie(out_, in_.weight);  // one matrix [D, E] under two names: trained once, saved once, loaded from either
  }
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override {
    const at::Tensor x = in_(embeds), head = x.unsqueeze(1);  // [tokens, E] → [tokens, D], [tokens, 1, D]
    return norm_(x + nn::row_attention(head, head, head, plan, {}));
  }
  at::Tensor head_transform(const at::Tensor& hidden) const override { return at::matmul(hidden, out_); }  // D → E
  std::int64_t width() const override { return s_.width; }
  nn::CacheLayout cache_layout() const override { return {1, 1, s_.width, s_.width}; }
  nn::VocabularyFacts vocabulary() const override {
    return {.base_prefix = "model",
            .table_name = "embed_tokens.weight",
            .head_name = "lm_head.weight",
            .width = s_.table_width,
            .vocab_size = s_.vocab_size,
            .tied = s_.tied,  // the host's head is the host's table
            .has_head_transform = true};
  }

 private:
  Settings s_;
  nn::Linear in_;
  nn::LayerNorm norm_;
  nn::Tensor out_;
};

}  // namespace tied_head

namespace {

struct Glue {
  using Model = tied_head::Model;
  static sdk::Descriptor descriptor() {
    return {.id = TOY_ID,
            .description = "a tied head",
            .roles = {WELT_DECODER_INTERFACE},
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), sdk::TorchComponent<Glue>)
