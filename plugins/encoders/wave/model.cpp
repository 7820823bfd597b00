// The mathematics of the waves. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>
#include <welt/nn/post_norm.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace welt::wave {
namespace {

// Phases from 0 to 2π, both included.   [D]
at::Tensor phases(std::int64_t width, const at::TensorOptions& options) {
  return at::arange(width, options) * (2 * std::numbers::pi / static_cast<double>(width - 1));
}

at::ScalarType wide(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

}  // namespace

Waves::Waves(const Settings& s, const at::TensorOptions& options) : s_(s) {
  if (s.fixed()) {
    absent(frequency_), absent(phase_);
    return;
  }
  // From a radian a byte down to a thousandth of it, so that no two positions of a row look alike.
  parameter("frequency", frequency_, {s.width}, options, nn::Init::function([](const at::Tensor& tensor) {
              const std::int64_t width = tensor.size(0);
              tensor.copy_((at::arange(width, at::kDouble) * (-std::log(1000.0) / static_cast<double>(width))).exp());
            }),
            {.decay = false});
  parameter("phase", phase_, {s.width}, options,
            nn::Init::function([](const at::Tensor& tensor) { tensor.copy_(phases(tensor.size(0), at::kDouble)); }),
            {.decay = false});
  child("norm", norm_.emplace(s.width, s.norm_eps, options));
}

at::Tensor Waves::operator()(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  if (s_.fixed()) {
    // In float64: arguments reach D · positions radians. The same for every token of a position.
    const at::TensorOptions options = embeds.options().dtype(at::kDouble).requires_grad(false);
    const at::Tensor places = at::arange(plan.longest_position() + 1, options).unsqueeze(1);  // [P, 1]
    const at::Tensor sines = at::sin(places * at::arange(1, s_.width + 1, options) + phases(s_.width, options));
    return embeds / s_.space() * at::embedding(sines.to(embeds.scalar_type()), plan.positions());  // [tokens, D]
  }
  const at::ScalarType type = wide(embeds);
  const std::vector<at::Tensor> byte = embeds.to(type).chunk(2, 1);  // amplitudes, phases
  const at::Tensor argument = plan.positions().to(type).unsqueeze(1) * frequency_.to(type) + phase_.to(type) + byte[1];
  return (*norm_)((byte[0] * at::sin(argument)).to(embeds.scalar_type()));
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : s_(s), out_(s.width, s.width, /*with_bias=*/true, options, s.initializer_range) {
  parameter("in_proj_weight", in_weight_, {3 * s.width, s.width}, options, s.initializer_range);
  parameter("in_proj_bias", in_bias_, {3 * s.width}, options, nn::Init::zeros(), {.decay = false});
  child("out_proj", out_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared) const {
  const std::vector<at::Tensor> qkv =
      nn::linear(x, in_weight_, in_bias_).view({x.size(0), 3, s_.heads, s_.head_width}).unbind(1);  // [tokens, H, d]
  return out_(nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, {.dropout = shared.dropout}));
}

WaveMixer::WaveMixer(const Settings& s, const at::TensorOptions& options)
    : multiply_(s.mixer == "modulation"),
      first_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      second_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      out_(2 * s.width, s.width, /*with_bias=*/true, options, s.initializer_range) {
  children({{"first", first_}, {"second", second_}, {"out", out_}});
}

// Of a dimension, the magnitude is G = √Σ w² over the tokens that a token sees, and its phase the angle whose cosine is
// w / G. So the wave G e^(iα) has the real part w, and the imaginary part √(G² − w²): the magnitude of the other
// tokens. w [tokens, D] → [tokens, D]
static at::Tensor imaginary_part(const at::Tensor& w, const nn::RowPlan& plan) {
  const at::Tensor squares = w.square();
  std::vector<at::Tensor> parts{w.narrow(0, 0, 0)};  // a call may have no tokens
  for (std::size_t i = 0; i < plan.groups().size(); ++i) {
    const nn::RowGroup& group = plan.groups()[i];
    if (group.length == 0) continue;
    const at::Tensor rows =
        squares.narrow(0, group.first_token, group.rows * group.length).unflatten(0, {group.rows, group.length});
    if (const nn::GroupMask& mask = plan.mask(i, {}, w.scalar_type()); mask.additive.defined()) {
      const at::Tensor seen = mask.additive.squeeze(1).eq(0).to(w.scalar_type());  // [n or 1, T, T]
      parts.push_back((seen.tril(-1) + seen.triu(1)).matmul(rows).flatten(0, 1));
      continue;
    }
    // Summed up from either end: in the row's sum less w², what is small beside w² would be lost.
    const at::Tensor left = rows.cumsum(1).narrow(1, 0, group.length - 1);  // [n, T − 1, D] up to a token
    const at::Tensor right = rows.flip(1).cumsum(1).flip(1).narrow(1, 1, group.length - 1);  // from a token on
    parts.push_back((at::constant_pad_nd(left, {0, 0, 1, 0}) + at::constant_pad_nd(right, {0, 0, 0, 1})).flatten(0, 1));
  }
  return at::sqrt(at::cat(parts).clamp_min(1e-12));  // the root has no slope at 0
}

at::Tensor WaveMixer::operator()(const at::Tensor& x, const Shared& shared) const {
  const at::Tensor other = imaginary_part(x.to(wide(x)), shared.plan).to(x.scalar_type());
  const at::Tensor one = first_(x), two = second_(x), i_one = first_(other), i_two = second_(other);
  const at::Tensor real = multiply_ ? one * two - i_one * i_two : one + two;
  const at::Tensor imaginary = multiply_ ? one * i_two + i_one * two : i_one + i_two;
  return nn::dropout(out_(at::cat({real, imaginary}, 1)), shared.dropout);
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      inner_(s.width, s.inner, /*with_bias=*/true, options, s.initializer_range),
      out_(s.inner, s.width, /*with_bias=*/true, options, s.initializer_range),
      mixer_norm_(s.width, s.norm_eps, options),
      out_norm_(s.width, s.norm_eps, options) {
  if (s.mixer == "attention")
    child("self_attn", attention_.emplace(s, options));
  else
    child("waves", mixer_.emplace(s, options));
  children({{"linear1", inner_}, {"linear2", out_}, {"norm1", mixer_norm_}, {"norm2", out_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  shared.plan.trace_hidden(layer, in.x);
  const auto mixer = [&](const at::Tensor& x) {
    return attention_ ? nn::dropout((*attention_)(x, shared), shared.dropout) : (*mixer_)(x, shared);
  };
  const auto feed_forward = [&](const at::Tensor& x) {
    return nn::dropout(out_(nn::dropout(activation_(inner_(x)), shared.dropout)), shared.dropout);
  };
  return {nn::post_norm_block(in.x, shared.plan, layer, mixer, mixer_norm_, feed_forward, out_norm_), {}};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      waves_(settings_, options),
      blocks_(settings_.layers, settings_, options),
      out_(settings_.width, settings_.width, /*with_bias=*/true, options, settings_.initializer_range) {
  children({{"waves", waves_}, {"encoder.layers", blocks_}, {"output", out_}});
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const at::Tensor x = waves_(embeds, plan);  // [tokens, D]
  const nn::Stream out = nn::run_blocks(*this, blocks_, Shared{plan, active(settings_.dropout)}, {x, {}});
  plan.trace_hidden(blocks_.size(), out.x);
  return out_(out.x);
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "wave",
          .table_name = "embeddings.weight",
          .width = settings_.fixed() ? 1 : 2 * settings_.width,
          .vocab_size = settings_.vocab_size,
          .initializer_range = settings_.fixed() ? settings_.space() / 2 : settings_.initializer_range};
}

}  // namespace welt::wave
