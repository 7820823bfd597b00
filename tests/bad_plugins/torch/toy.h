// The smallest causal transformer that passes every conformance test: one attention layer between two norms. Most
// plugins here are it with one thing wrong.
#pragma once

#include <welt/abi/latent_transformer.h>
#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/model.h>
#include <welt/sdk/torch.hpp>

#include <cstdint>
#include <string_view>

namespace toy {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

constexpr std::int64_t model_width = 8, heads = 2;

class Model : public nn::Model {
 public:
  // `value_first`: the order in which two of its parts are registered.
  explicit Model(const sdk::Config&, const at::TensorOptions& options, bool value_first = false)
      : before_(model_width, 1e-5, options),
        query_(model_width, model_width, true, options, 0.5),
        key_(model_width, model_width, true, options, 0.5),
        value_(model_width, model_width, true, options, 0.5),
        after_(model_width, 1e-5, options) {
    child("before", before_);
    child("query", query_);
    if (value_first) child("value", value_);
    child("key", key_);
    if (!value_first) child("value", value_);
    child("after", after_);
  }
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override {
    const at::Tensor x = before_(embeds);
    const auto split = [&](const nn::Linear& linear) {
      return linear(x).view({x.size(0), heads, model_width / heads});
    };
    const at::Tensor hidden =
        after_(embeds.add(nn::row_attention(split(query_), split(key_), split(value_), plan, {})));
    plan.trace("hidden_states.0", hidden);
    return hidden;
  }
  std::int64_t width() const override { return model_width; }
  nn::VocabularyFacts vocabulary() const override {
    return {.base_prefix = "model",
            .table_name = "embed.weight",
            .head_name = "head.weight",
            .width = model_width,
            .vocab_size = 256};
  }
  nn::CacheLayout cache_layout() const override {
    return {.layers = 1, .kv_heads = heads, .key_width = model_width / heads, .value_width = model_width / heads};
  }

 private:
  nn::LayerNorm before_;
  nn::Linear query_, key_, value_;
  nn::LayerNorm after_;
};

template <typename M>
struct Glue {
  using Model = M;
  static sdk::Descriptor descriptor() {
    return {.id = TOY_ID,
            .description = "a toy",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE},
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
  static sdk::Schema schema() { return {}; }
};

template <typename M>
using Component = sdk::TorchComponent<Glue<M>>;

constexpr sdk::PluginInfo info() { return {TOY_ID, "1.2.3", "A toy for tests", "MIT"}; }

}  // namespace toy
