// The mathematics of my_plugin: a gated linear recurrence. Knows nothing of the ABI, which is plugin.cpp's.
//
// Each of H heads has a state of d numbers, of which a gate keeps a part while a value comes in (as in HGRN, Qin et al.
// 2023, but with one gate a head):   h[t] = a[t] · h[t−1] + (1 − a[t]) · v[t],   a = sigmoid(…)^(1/16)
//
// Letters: tokens of all rows behind each other (welt/nn/row_plan.h), n rows of T tokens, D width, H heads, d = D / H.
#pragma once

#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/sdk/fields.hpp>

namespace my_plugin_model {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

// A configuration: each member is a key, with its default, what it may be, and a line of help (welt/sdk/fields.hpp).
struct Settings : sdk::Fields {
  using Fields::Fields;
  std::int64_t vocab_size = integer("vocab_size", 256, "rows of the token table; the host sets it").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 128, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 4, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_heads", 8, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_heads", heads});
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
};

struct Shared {  // by the blocks of one forward
  nn::RowPlan plan;
  at::Tensor starts;  // I64 [tokens]; 1: nothing before this token counts
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  std::int64_t heads_;
  nn::LayerNorm norm_;
  nn::Linear in_, out_;
};

class Model : public nn::Model {
 public:
  using Settings = my_plugin_model::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace my_plugin_model
