// The mathematics of the MatMul-free language model. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>

#include <cmath>

namespace welt::matmul_free {
namespace {

// Of i_proj, f_proj, g_proj and o_proj.
nn::Init mixer_init() { return nn::Init::xavier(nn::Init::Scale::Spread::uniform, std::exp2(-2.5)); }

std::string named(std::int64_t layer, const char* part) { return "layers." + std::to_string(layer) + "." + part; }

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  // One way of computing, one activation, and positions of no kind; the rest is of a convolution that no class has.
  irrelevant({"attn_mode", "hidden_act", "max_position_embeddings", "conv_size", "share_conv_kernel", "use_cache",
              "fuse_cross_entropy"});
  boolean("use_short_conv", false, "a short convolution before the recurrence")
      .only(false, "the class itself cannot run with it");
  if (inner < 1)
    throw sdk::invalid("hidden_ratio makes intermediate_size 0; expected a larger ratio, or intermediate_size itself",
                       "hidden_ratio");
  mixer_width = static_cast<std::int64_t>(static_cast<double>(width) * expand);
  if (mixer_width < 1 || mixer_width % heads != 0)
    throw sdk::invalid("expand_ratio makes the mixer " + std::to_string(mixer_width) + " wide, which num_heads (" +
                           std::to_string(heads) + ") does not divide; change one of them",
                       "expand_ratio");
  if (lower_bounds && mixer_width != width)
    throw sdk::invalid("expand_ratio makes the mixer " + std::to_string(mixer_width) +
                           " wide while lower bounds are hidden_size (" + std::to_string(width) +
                           ") wide; expected 1, or use_lower_bound = false",
                       "expand_ratio");
}

Mixer::Mixer(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : state_shape_{s.heads, s.mixer_width / s.heads},
      i_(s.width, s.mixer_width, s.weights(), options, mixer_init(), named(layer, "attn.i_proj")),
      f_(s.width, s.mixer_width, s.weights(), options, mixer_init(), named(layer, "attn.f_proj")),
      g_(s.width, s.mixer_width, s.weights(), options, mixer_init(), named(layer, "attn.g_proj")),
      o_(s.mixer_width, s.width, s.weights(), options, mixer_init(), named(layer, "attn.o_proj")),
      g_norm_(s.mixer_width, s.norm_eps, options) {
  children({{"i_proj", i_}, {"f_proj", f_}, {"g_proj", g_}, {"g_norm", g_norm_}, {"o_proj", o_}});
}

at::Tensor Mixer::operator()(const at::Tensor& x, const at::Tensor& floors, const Shared& shared,
                             std::size_t layer) const {
  const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;  // of the state
  at::Tensor keep = at::sigmoid(f_(x).to(type));                                          // [tokens, W]
  if (floors.defined()) keep = floors.to(type) + (1 - floors.to(type)) * keep;
  const at::Tensor add = at::silu(i_(x).to(type)) * (1 - keep);
  const at::Tensor state = nn::row_recurrence(keep, add, shared.plan, shared.rows, layer, state_shape_);
  return o_(g_norm_(g_(x)) * at::silu(state).to(x.scalar_type()));  // [tokens, D]
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : gate_(s.width, 2 * s.inner, s.weights(), options, s.initializer_range, named(layer, "mlp.gate_proj")),
      down_(s.inner, s.width, s.weights(), options,
            s.initializer_range / std::sqrt(2.0 * static_cast<double>(s.layers)), named(layer, "mlp.down_proj")) {
  children({{"gate_proj", gate_}, {"down_proj", down_}});
}

at::Tensor FeedForward::operator()(const at::Tensor& x) const {
  const std::vector<at::Tensor> halves = gate_(x).chunk(2, -1);  // [tokens, M] each: gate, value
  return down_(at::silu(halves[0]) * halves[1]);
}

Block::Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : attn_norm_(s.width, s.norm_eps, options),
      mlp_norm_(s.width, s.norm_eps, options),
      attn_(s, options, layer),
      mlp_(s, options, layer) {
  children({{"attn_norm", attn_norm_}, {"attn", attn_}, {"mlp_norm", mlp_norm_}, {"mlp", mlp_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  shared.plan.trace_hidden(layer, in.x);
  const at::Tensor normed = attn_norm_(in.x);
  shared.plan.trace_part(layer, "input_norm", normed);
  const bool floored = in.branch.defined() && layer > 0;  // the first layer's floor is 0
  const at::Tensor floors = floored ? in.branch[static_cast<std::int64_t>(layer)] : at::Tensor();
  const at::Tensor mixed = attn_(normed, floors, shared, layer);
  shared.plan.trace_part(layer, "attention", mixed);
  const nn::Residual between = nn::residual_norm(mixed, in.x, mlp_norm_.spec());
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp_(between.normed);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum + fed, in.branch};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  const std::string prefix = settings_.bare() ? "" : "model.";
  settings_.lower_bounds&& settings_.layers > 0
      ? parameter(prefix + "lower_bounds", lower_bounds_, {settings_.layers, settings_.width}, options,
                  nn::Init::zeros())
      : absent(lower_bounds_);
  child(prefix + "layers", blocks_);
  child(prefix + "norm", norm_);
  // A latent transformer has no use for it.
  if (!settings_.bare()) child("lm_head.norm", head_norm_.emplace(settings_.width, options), /*optional_in_file=*/true);
}

// Of each channel, what the gates of a layer keep at least: shares of the layers before it, the first left out. [L, D]
at::Tensor Model::floors() const {
  if (!lower_bounds_.defined()) return {};
  const at::ScalarType type = lower_bounds_.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor shares = at::softmax(lower_bounds_.to(type), 0);
  return at::cumsum(shares, 0) - shares[0];
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const nn::Stream out = nn::run_blocks(*this, blocks_, Shared{plan, nn::RecurrentRows(plan)}, {embeds, floors()});
  const at::Tensor hidden = norm_(out.x);  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

at::Tensor Model::logits(const at::Tensor& hidden, const at::Tensor& head) const {
  return nn::bit_linear(hidden, head_norm_->weight, head, nn::BitLinear::eps, head_, !training());  // [.., V]
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = settings_.bare() ? "embeddings.weight" : "model.embeddings.weight",
          .head_name = settings_.bare() ? "" : "lm_head.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {  // a state a layer, whatever the length of a row
  const std::vector<std::int64_t> state{settings_.heads, settings_.mixer_width / settings_.heads};
  return {.states = std::vector(static_cast<std::size_t>(settings_.layers), state)};
}

}  // namespace welt::matmul_free
