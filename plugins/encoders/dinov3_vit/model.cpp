// The mathematics of DINOv3's ViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <welt/nn/pre_norm.h>

#include <cmath>
#include <numbers>

namespace welt::dinov3_vit {
namespace {

nn::Init truncated(const Settings& s) { return nn::Init::truncated_normal(s.initializer_range); }

// Centres of patches from −1 to 1: [count]
at::Tensor centres(std::int64_t count) {
  return (at::arange(count, at::kDouble) + 0.5) / static_cast<double>(count) * 2 - 1;
}

// What the coordinates of a whole call are stretched and shifted by in training: factor and term of height and width.
struct Change {
  at::Tensor factor, term;  // F64 [2]
};

Change drawn(const Settings& s) {
  const auto uniform = [](double reach, std::int64_t count) {
    return at::empty({count}, at::kDouble).uniform_(-reach, reach);
  };
  Change out{at::zeros({2}, at::kDouble) + 1, at::zeros({2}, at::kDouble)};
  if (s.shift) out.term = uniform(*s.shift, 2);
  if (s.jitter) out.factor = out.factor * uniform(std::log(*s.jitter), 2).exp();
  if (s.rescale) out.factor = out.factor * uniform(std::log(*s.rescale), 1).exp();
  return out;
}

// cos and sin of the angles that each token's queries and keys turn by: none of class token and registers; of a patch a
// quarter of a head by its height, a quarter by its width, and the other half with these.   → F64 [1 + R + h·w, d]
at::Tensor turns(const Settings& s, const nn::Extent& grid, const Change* change) {
  const std::int64_t quarter = s.head_width / 4;
  const at::Tensor share = at::arange(quarter, at::kDouble) / static_cast<double>(quarter);
  const at::Tensor speed = at::pow(s.theta, -share) * (2 * std::numbers::pi);  // [d/4]
  const auto side = [&](std::int64_t count, std::int64_t axis) {
    at::Tensor at_centres = centres(count);
    if (change != nullptr) at_centres = (at_centres + change->term[axis]) * change->factor[axis];
    return at::outer(at_centres, speed);  // [h or w, d/4]
  };
  const at::Tensor rows = side(grid.height, 0).unsqueeze(1).expand({grid.height, grid.width, quarter});
  const at::Tensor columns = side(grid.width, 1).unsqueeze(0).expand({grid.height, grid.width, quarter});
  const at::Tensor patches = at::cat({rows, columns}, 2).view({nn::area(grid), 2 * quarter});
  const at::Tensor all = at::cat({at::zeros({1 + s.registers, 2 * quarter}, at::kDouble), patches});
  return at::cat({at::cos(all), at::sin(all)}, 1);
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"image_size"});
  if (head_width % 4 != 0) {
    throw sdk::invalid("hidden_size / num_attention_heads is " + std::to_string(head_width) +
                           "; expected a multiple of 4, as height and width turn half a head each, in pairs",
                       "num_attention_heads");
  }
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : projection_(s.channels, s.width, {.kernel = {s.patch, s.patch}, .stride = {s.patch, s.patch}}, options,
                  truncated(s)) {
  table("cls_token", class_token_, {1, 1, s.width}, options, truncated(s));
  // Stands for patches that are hidden while DINOv3 itself is trained: here it is kept, and nothing reads it.
  parameter("mask_token", mask_token_, {1, 1, s.width}, options, nn::Init::zeros(),
            {.trainable = false, .table = true});
  table("register_tokens", registers_, {1, s.registers, s.width}, options, truncated(s));
  child("patch_embeddings", projection_);
}

at::Tensor Embeddings::operator()(const nn::PatchRows& rows) const {
  return rows.tokens(rows.patches(projection_), at::cat({class_token_, registers_}, 1)[0], /*added=*/{});
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : norm1_(s.width, s.norm_eps, options),
      norm2_(s.width, s.norm_eps, options),
      attention_(s.width, s.heads, {"q_proj", "k_proj", "v_proj", "o_proj"},
                 {s.query_bias, s.key_bias, s.value_bias, s.out_bias}, options, truncated(s), truncated(s)) {
  children({{"norm1", norm1_}, {"attention", attention_}});
  parameter("layer_scale1.lambda1", scale1_, {s.width}, options, nn::Init::constant(s.layer_scale), {.decay = false});
  child("norm2", norm2_);
  if (s.gated)
    child("mlp", gated_.emplace(s.width, s.inner, s.activation, s.mlp_bias, options, truncated(s)));
  else
    child("mlp", plain_.emplace(s.width, s.inner, s.activation, nn::FeedForward::Names{"up_proj", "down_proj"},
                                s.mlp_bias, options, truncated(s), truncated(s)));
  parameter("layer_scale2.lambda1", scale2_, {s.width}, options, nn::Init::constant(s.layer_scale), {.decay = false});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) {
    const at::Tensor attended =
        attention_(x, shared.plan, {.dropout = shared.attention_dropout, .rotary = &shared.rotary});
    return nn::drop_rows(attended * scale1_, shared.plan, shared.drop_path);
  };
  const auto feed_forward = [&](const at::Tensor& x) {
    return nn::drop_rows((gated_ ? (*gated_)(x) : (*plain_)(x)) * scale2_, shared.plan, shared.drop_path);
  };
  return nn::pre_norm_block(in, shared.plan, layer, norm1_, attention, norm2_, feed_forward,
                            shared.first_only == layer);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      embeddings_(settings_, options),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  children({{"embeddings", embeddings_}, {"layer", blocks_}, {"norm", norm_}});
}

nn::RotaryTable Model::rotary(const nn::PatchRows& rows, const nn::RowPlan& plan, const at::Tensor& embedded) const {
  const at::NoGradGuard no_grad;
  std::optional<Change> change;
  if (training() && (settings_.shift || settings_.jitter || settings_.rescale)) change = drawn(settings_);
  const at::TensorOptions wanted = embedded.options().dtype(nn::compute_type(embedded));
  const auto make = [&](const nn::Extent& grid) { return turns(settings_, grid, change ? &*change : nullptr); };
  const at::Tensor both = plan.enter(rows.spread([&](const nn::Extent& grid) {
    return (change ? make(grid) : turns_.get(grid, /*source=*/{}, make)).to(wanted);
  }));  // [tokens, d]
  const std::int64_t half = settings_.head_width / 2;
  return {both.narrow(1, 0, half), both.narrow(1, half, half)};
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const nn::PatchRows rows(input, {settings_.patch, settings_.patch}, 1 + settings_.registers);
  const at::Tensor embedded = embeddings_(rows);
  nn::RowPlan plan = rows.plan(embedded, input.trace);
  const auto first_only = nn::first_only_block(blocks_.size(), input, plan);
  const Shared shared{plan, rotary(rows, plan, embedded), active(settings_.attention_dropout),
                      active(settings_.drop_path), first_only};
  const nn::Stream out = nn::run_blocks(*this, blocks_, shared, {plan.enter(embedded), {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, norm_.spec());
  if (first_only) return {{}, last.normed};
  plan.trace_hidden(blocks_.size(), last.sum);  // transformers: before the last norm
  return {input.want_hidden ? rows.padded(plan.leave(last.normed)) : at::Tensor(), plan.first_tokens(last.normed)};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "dinov3_vit",
          .width = settings_.width,
          .channels = settings_.channels,
          .patch = {settings_.patch, settings_.patch},
          .ragged = true,
          .has_pooler = true,
          .initializer_range = settings_.initializer_range,
          .mean = {0.485, 0.456, 0.406},  // DINOv3ViTImageProcessorFast
          .deviation = {0.229, 0.224, 0.225, 1}};
}

}  // namespace welt::dinov3_vit
