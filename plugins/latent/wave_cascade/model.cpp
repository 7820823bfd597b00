// The mathematics of the cascade. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace welt::wave_cascade {
namespace {

std::string named(std::int64_t number, const char* part) { return "nodes." + std::to_string(number) + "." + part; }

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  constexpr std::int64_t most_layers = 10000;
  if (of_transformers() && nodes * layers > most_layers)
    throw sdk::invalid("num_nodes times num_hidden_layers is " + std::to_string(nodes * layers) +
                           "; expected at most " + std::to_string(most_layers),
                       "num_nodes");
  if (compatible && !of_transformers())
    throw sdk::invalid(
        "reference_compatible is given for nodes of kind matmul_free, whose 8-bit scale is one for a whole batch, the "
        "words to come among them; expected it for transformer nodes alone",
        "reference_compatible");
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : s_(s), out_(s.width, s.width, /*with_bias=*/true, options, s.initializer_range) {
  parameter("in_proj_weight", in_weight_, {3 * s.width, s.width}, options, s.initializer_range);
  parameter("in_proj_bias", in_bias_, {3 * s.width}, options, nn::Init::zeros(), {.decay = false});
  child("out_proj", out_);
}

at::Tensor Attention::operator()(const at::Tensor& queries, const at::Tensor& memory, const Shared& shared,
                                 std::int64_t layer) const {
  const std::int64_t width = s_.width, tokens = queries.size(0);
  const std::vector<std::int64_t> heads{tokens, s_.heads, s_.head_width};
  const at::Tensor q = nn::linear(queries, in_weight_.narrow(0, 0, width), in_bias_.narrow(0, 0, width)).view(heads);
  const at::Tensor kv = nn::linear(memory, in_weight_.narrow(0, width, 2 * width),
                                   in_bias_.narrow(0, width, 2 * width));  // [tokens, 2 D]
  const at::Tensor k = kv.narrow(1, 0, width).reshape(heads), v = kv.narrow(1, width, width).reshape(heads);
  return out_(nn::row_attention(q, k, v, shared.plan, {.dropout = shared.dropout, .layer = layer}));
}

Layer::Layer(const Settings& s, const at::TensorOptions& options)
    : attention_(s, options),
      inner_(s.width, s.inner, /*with_bias=*/true, options, s.initializer_range),
      out_(s.inner, s.width, /*with_bias=*/true, options, s.initializer_range),
      attention_norm_(s.width, s.norm_eps, options),
      out_norm_(s.width, s.norm_eps, options) {
  children({{"self_attn", attention_},
            {"linear1", inner_},
            {"linear2", out_},
            {"norm1", attention_norm_},
            {"norm2", out_norm_}});
}

at::Tensor Layer::operator()(const at::Tensor& x, const Shared& shared, std::int64_t layer) const {
  const at::Tensor attended = nn::dropout(attention_(x, x, shared, layer), shared.dropout);
  const at::Tensor middle = nn::residual_norm(attended, x, attention_norm_.spec()).normed;
  const at::Tensor fed = nn::dropout(out_(nn::dropout(at::relu(inner_(middle)), shared.dropout)), shared.dropout);
  return nn::residual_norm(fed, middle, out_norm_.spec()).normed;
}

MatmulFree::MatmulFree(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : mixer_norm_(s.width, s.norm_eps, options),
      gated_norm_(s.width, s.norm_eps, options),
      forget_(s.width, s.width, nn::BitLinear::Weights::trained, options, s.initializer_range, named(number, "forget")),
      candidate_(s.width, s.width, nn::BitLinear::Weights::trained, options, s.initializer_range,
                 named(number, "candidate")),
      output_gate_(s.width, s.width, nn::BitLinear::Weights::trained, options, s.initializer_range,
                   named(number, "output_gate")),
      output_(s.width, s.width, nn::BitLinear::Weights::trained, options, s.initializer_range, named(number, "output")),
      gate_(s.width, s.inner, nn::BitLinear::Weights::trained, options, s.initializer_range, named(number, "gate")),
      up_(s.width, s.inner, nn::BitLinear::Weights::trained, options, s.initializer_range, named(number, "up")),
      down_(s.inner, s.width, nn::BitLinear::Weights::trained, options, s.initializer_range, named(number, "down")) {
  children({{"mixer_norm", mixer_norm_},
            {"forget", forget_},
            {"candidate", candidate_},
            {"output_gate", output_gate_},
            {"output", output_},
            {"gated_norm", gated_norm_},
            {"gate", gate_},
            {"up", up_},
            {"down", down_}});
}

at::Tensor MatmulFree::operator()(const at::Tensor& x, const Shared& shared, std::size_t number) const {
  const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;  // of the state
  const at::Tensor normed = mixer_norm_(x), keep = at::sigmoid(forget_(normed).to(type));
  const at::Tensor add = (1 - keep) * at::silu(candidate_(normed).to(type));
  const at::Tensor state = nn::row_recurrence(keep, add, shared.plan, shared.rows, number, {1, x.size(1)});
  const at::Tensor mixed = x + output_(state.to(x.scalar_type()) * at::sigmoid(output_gate_(normed)));
  const at::Tensor second = gated_norm_(mixed);
  return mixed + down_(at::silu(gate_(second)) * up_(second));
}

Node::Node(const Settings& s, const at::TensorOptions& options, std::int64_t number) : s_(s) {
  if (s.of_transformers())
    child("layers", layers_.emplace(s.layers, s, options));
  else
    child("recurrence", recurrence_.emplace(s, options, number));
  if (number == 0) return;
  if (!s.compatible) child("memory_norm", memory_norm_.emplace(s.width, s.norm_eps, options));
  child("cross_attention", cross_.emplace(s, options));
}

nn::Stream Node::operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const {
  shared.plan.trace_hidden(number, in.x);
  // Keys and values of the cache: L of this node, and behind them those of what it sees of the node before.
  const auto first = static_cast<std::int64_t>(number) * (layers_ ? s_.layers + 1 : 1);
  at::Tensor y = in.x;
  if (recurrence_) {
    y = (*recurrence_)(y, shared, number);
  } else {
    if (s_.compatible) y = y.trunc().clamp(0, 65536);
    y = y + shared.positions;
    for (std::size_t layer = 0; layer < layers_->size(); ++layer)
      y = (*layers_)[layer](y, shared, first + static_cast<std::int64_t>(layer));
  }
  shared.plan.trace_part(number, "node", y);
  if (!cross_) return {y, {}};
  const at::Tensor memory = memory_norm_ ? (*memory_norm_)(in.x) : in.x;
  return {(*cross_)(y, memory, shared, first - 1) + in.x, {}};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options) : s_(config), nodes_(s_.nodes, s_, options) {
  const std::string prefix = s_.bare() ? "" : "model.";
  child(prefix + "nodes", nodes_);
  if (!s_.compatible) child(prefix + "norm", norm_.emplace(s_.width, s_.norm_eps, options));
}

// What every transformer node adds: of the seed p / 65535 · sin(p k + 2π (k − 1) / (D − 1)), k = 1 … D, which is next
// to nothing in short rows and comes back after 710 tokens; else waves of wave lengths from 2π to 20,000 π.
at::Tensor Model::positions(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const at::TensorOptions options = embeds.options().dtype(at::kDouble).requires_grad(false);
  const at::Tensor places = at::arange(plan.longest_position() + 1, options).unsqueeze(1);  // [P, 1]
  const at::Tensor phases = at::arange(s_.width, options) * (2 * std::numbers::pi / static_cast<double>(s_.width - 1));
  at::Tensor waves;  // [P, D]
  if (s_.compatible) {
    waves = places / 65535 * at::sin(places * at::arange(1, s_.width + 1, options) + phases);
  } else {
    const double slowest = std::log(10000.0) / static_cast<double>(s_.width);
    waves = at::sin(places * (at::arange(s_.width, options) * -slowest).exp() + phases);
  }
  return at::embedding(waves.to(embeds.scalar_type()), plan.positions());  // [tokens, D]
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, nn::RecurrentRows(plan), {}, active(s_.dropout)};
  if (s_.of_transformers()) shared.positions = positions(embeds, plan);
  const nn::Stream out = nn::run_blocks(*this, nodes_, std::move(shared), {embeds, {}});
  const at::Tensor hidden = norm_ ? (*norm_)(out.x) : out.x;  // [tokens, D]
  plan.trace_hidden(nodes_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = s_.bare() ? "embeddings.weight" : "model.embeddings.weight",
          .head_name = s_.bare() ? "" : "lm_head.weight",
          .width = s_.width,
          .vocab_size = s_.vocab_size,
          .tied = s_.tied,
          .initializer_range = s_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  const std::int64_t each = s_.of_transformers() ? s_.layers + 1 : 1;  // the first node sees no other
  nn::CacheLayout layout{
      .layers = s_.nodes * each - 1, .kv_heads = s_.heads, .key_width = s_.head_width, .value_width = s_.head_width};
  if (!s_.of_transformers()) layout.states.assign(static_cast<std::size_t>(s_.nodes), {1, s_.width});
  return layout;
}

}  // namespace welt::wave_cascade
