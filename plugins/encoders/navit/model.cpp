// The mathematics of NaViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <welt/nn/pre_norm.h>

#include <cmath>

namespace welt::navit {
namespace {

constexpr std::int64_t head_width = 64;  // vit-pytorch's default, which WeLT leaves as it is
constexpr std::int64_t channels = 3;     // the same
constexpr double initial = 0.02;         // deviation of new matrices: transformers' for a class without the key

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  if (token_dropout && *token_dropout >= 1)
    throw sdk::invalid("token_dropout_prob is 1; expected less, or no patch would be left", "token_dropout_prob");
}

Norm::Norm(std::int64_t width, const at::TensorOptions& options) {
  parameter("gamma", gamma_, {width}, options, nn::Init::ones(), {.decay = false});
  buffer("beta", beta_, {width}, options, nn::Init::zeros());
}

HeadNorm::HeadNorm(std::int64_t heads, const at::TensorOptions& options) {
  parameter("gamma", gamma_, {heads, 1, head_width}, options, nn::Init::ones(), {.decay = false});
}

at::Tensor HeadNorm::operator()(const at::Tensor& x) const {
  const at::Tensor wide = x.to(c10::promoteTypes(x.scalar_type(), at::kFloat));
  const at::Tensor length = at::linalg_vector_norm(wide, 2, -1, /*keepdim=*/true).clamp_min(1e-12);  // [.., H, 1]
  return (wide / length * (gamma_.squeeze(1) * std::sqrt(static_cast<double>(head_width)))).to(x.scalar_type());
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      norm_(s.width, options),
      query_norm_(s.heads, options),
      key_norm_(s.heads, options),
      query_(s.width, s.heads * head_width, /*with_bias=*/false, options, initial),
      key_value_(s.width, 2 * s.heads * head_width, /*with_bias=*/false, options, initial),
      out_(s.heads * head_width, s.width, /*with_bias=*/false, options, initial) {
  children({{"norm", norm_}, {"q_norm", query_norm_}, {"k_norm", key_norm_}});
  children({{"to_q", query_}, {"to_kv", key_value_}, {"to_out.0", out_}});
}

at::Tensor Attention::heads_of(const at::Tensor& x) const { return x.unflatten(-1, {heads_, head_width}); }

at::Tensor Attention::operator()(const at::Tensor& x, const nn::RowPlan& plan, double dropout) const {
  const auto both = key_value_(x).chunk(2, -1);  // [tokens, H·d] each
  const at::Tensor attended =
      nn::row_attention(query_norm_(heads_of(query_(x))), key_norm_(heads_of(both[0])), heads_of(both[1]), plan,
                        {.scale = 1, .dropout = dropout, .upcast = true});  // scores are some tens
  return nn::dropout(out_(attended), dropout);
}

at::Tensor Attention::pool(const at::Tensor& query, const at::Tensor& x, const nn::RowPlan& plan) const {
  const auto both = key_value_(x).chunk(2, -1);  // [tokens, H·d] each
  return out_(nn::pool_attention(query_norm_(heads_of(query_(norm_(query)))), key_norm_(heads_of(both[0])),
                                 heads_of(both[1]), plan, /*scale=*/1));
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_(s, options),
      norm_(s.width, options),
      activation_("gelu"),
      in_(s.width, s.inner, /*with_bias=*/true, options, initial),
      out_(s.inner, s.width, /*with_bias=*/true, options, initial) {
  children({{"0", attention_}, {"1.0", norm_}, {"1.1", in_}, {"1.4", out_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return attention_(x, shared.plan, shared.dropout); };
  const auto feed_forward = [&](const at::Tensor& x) {
    return nn::dropout(out_(nn::dropout(activation_(in_(x)), shared.dropout)), shared.dropout);
  };
  return nn::pre_norm_block(in, shared.plan, layer, attention_.norm(), attention, norm_, feed_forward);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      patch_norm_(channels * settings_.patch * settings_.patch, options),
      projection_(channels * settings_.patch * settings_.patch, settings_.width, /*with_bias=*/true, options, initial),
      embedding_norm_(settings_.width, options),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, options),
      pool_(settings_, options),
      head_norm_(settings_.width, options),
      head_(settings_.width, settings_.pooled, /*with_bias=*/false, options, initial) {
  table("navit.pos_embed_height", rows_, {settings_.side, settings_.width}, options, /*init=*/1.0);
  table("navit.pos_embed_width", columns_, {settings_.side, settings_.width}, options, /*init=*/1.0);
  parameter("navit.attn_pool_queries", pool_query_, {settings_.width}, options, /*init=*/1.0, {.decay = false});
  children({{"navit.to_patch_embedding.0", patch_norm_}, {"navit.to_patch_embedding.1", projection_}});
  children({{"navit.to_patch_embedding.2", embedding_norm_}, {"navit.transformer.layers", blocks_}});
  children({{"navit.transformer.norm", norm_}, {"navit.attn_pool", pool_}});
  children({{"navit.mlp_head.0", head_norm_}, {"navit.mlp_head.1", head_}});
}

void Model::check(const nn::Extent& grid) const {
  if (grid.height <= settings_.side && grid.width <= settings_.side) return;
  throw sdk::invalid("an image of " + std::to_string(grid.height) + " x " + std::to_string(grid.width) +
                         " patches (height x width) came; there are positions for " + std::to_string(settings_.side) +
                         " of each: raise image_size, now " + std::to_string(settings_.image),
                     "image_size");
}

// Lines before columns, each added by itself, as vit-pytorch does: sharp attention shows every rounding.
at::Tensor Model::embed(const nn::PatchRows& rows) const {
  const std::int64_t width = settings_.width;
  const auto lines = [&](const nn::Extent& grid) {
    check(grid);
    return rows_.narrow(0, 0, grid.height).unsqueeze(1).expand({grid.height, grid.width, width}).reshape({-1, width});
  };
  const auto columns = [&](const nn::Extent& grid) {
    return columns_.narrow(0, 0, grid.width).unsqueeze(0).expand({grid.height, grid.width, width}).reshape({-1, width});
  };
  const at::Tensor patches = embedding_norm_(projection_(patch_norm_(rows.patches())));  // [all patches, D]
  const at::Tensor x = rows.tokens(patches, /*first=*/{}, lines);                        // [N, T, D] or [tokens, D]
  return nn::dropout(x + rows.spread(columns).view_as(x), active(settings_.embedding_dropout));
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const std::optional<double> dropped = training() ? settings_.token_dropout : std::nullopt;
  const nn::PatchRows rows(input, {settings_.patch, settings_.patch}, /*before=*/0, dropped);
  const at::Tensor embedded = embed(rows);
  const Shared shared{rows.plan(embedded, input.trace), active(settings_.dropout)};
  const nn::Stream out = nn::run_blocks(*this, blocks_, shared, {shared.plan.enter(embedded), {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, norm_.spec());
  shared.plan.trace_hidden(blocks_.size(), last.sum);
  const at::Tensor pooled = pool_.pool(pool_query_, last.normed, shared.plan) + pool_query_;  // [N, D]
  return {.hidden = {}, .pooled = head_(head_norm_(pooled))};                                 // [N, E]
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "navit",
          .width = settings_.pooled,
          .channels = channels,
          .patch = {settings_.patch, settings_.patch},
          .ragged = true,
          .has_pooler = true,
          .initializer_range = initial,
          .mean = {0.5, 0.5, 0.5, 0.5},  // ViTImageProcessor, which WeLT gives it
          .deviation = {0.5, 0.5, 0.5, 0.5}};
}

}  // namespace welt::navit
