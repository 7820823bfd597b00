// The mathematics of Llama. See model.h.
#include "model.h"

namespace welt::llama {

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  const at::Tensor q = q_(x).view({x.size(0), s_.heads, s_.head_width});     // [tokens, H, d]
  const at::Tensor k = k_(x).view({x.size(0), s_.kv_heads, s_.head_width});  // [tokens, Hkv, d]
  const at::Tensor v = v_(x).view({x.size(0), s_.kv_heads, s_.head_width});  // [tokens, Hkv, d]
  const nn::AttentionOptions options{
      .dropout = shared.dropout, .rotary = &shared.rotary, .layer = static_cast<std::int64_t>(layer)};
  return o_(nn::row_attention(q, k, v, shared.plan, options));  // [tokens, H·d] → [tokens, D]
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config), rotary_(s_.rotary), blocks_(s_.layers, s_, options), norm_(s_.width, s_.eps, options) {
  const std::string prefix = s_.architecture == "LlamaModel" ? "" : "model.";
  child(prefix + "layers", blocks_);
  child(prefix + "norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, rotary_.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds)),
                active(s_.dropout)};
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {embeds, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = s_.architecture == "LlamaModel" ? "embed_tokens.weight" : "model.embed_tokens.weight",
          .head_name = s_.architecture == "LlamaModel" ? "" : "lm_head.weight",
          .width = s_.width,
          .vocab_size = s_.vocab_size,
          .tied = s_.tied,
          .padding_row = s_.padding,
          .initializer_range = s_.deviation};
}

}  // namespace welt::llama
