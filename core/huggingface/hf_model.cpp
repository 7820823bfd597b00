// See hf_model.h.
#include "core/huggingface/hf_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <welt/abi/bytes_encoder.h>

#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/own_head.h"

namespace welt {
namespace {

void expect_shape(const at::Tensor& tensor, std::string_view name, const std::vector<std::int64_t>& shape) {
  if (!tensor.defined() || tensor.sizes() == at::IntArrayRef(shape)) return;
  fail({.where = fmt::format("input {}", name), .found = shape_text(tensor.sizes()), .expected = shape_text(shape)});
}

void expect_range(const at::Tensor& ids, std::string_view name, std::int64_t end, std::string_view why) {
  if (!ids.defined()) return;
  const std::int64_t low = ids.min().item<std::int64_t>(), high = ids.max().item<std::int64_t>();
  if (low >= 0 && (end == 0 || high < end)) return;
  fail({.where = fmt::format("input {}", name),
        .found = fmt::format("the value {}", low < 0 ? low : high),
        .expected = end == 0 ? "none below 0" : fmt::format("0 to {} ({})", end - 1, why)},
       ErrorCode::out_of_range);
}

}  // namespace

HfModel::HfModel(const HfSource& source, std::string_view role, at::ScalarType dtype, bool requires_grad)
    : loaded_(source, role, dtype, requires_grad), dtype_(dtype), encoder_(role == WELT_BYTES_ENCODER_INTERFACE) {}

void HfModel::check(const HfInputs& in, std::int64_t cached) const {
  const at::Tensor& rows = in.input_ids.defined() ? in.input_ids : in.inputs_embeds;
  if (in.input_ids.defined() == in.inputs_embeds.defined())
    fail({.where = "inputs",
          .found = rows.defined() ? "both input_ids and inputs_embeds" : "neither input_ids nor inputs_embeds",
          .expected = "one of the two"});
  const std::int64_t dims = in.input_ids.defined() ? 2 : 3;
  if (rows.dim() != dims || rows.numel() == 0)
    fail({.where = in.input_ids.defined() ? "input input_ids" : "input inputs_embeds",
          .found = shape_text(rows.sizes()),
          .expected = dims == 2 ? "[B, T], not empty" : "[B, T, E], not empty"});
  const std::int64_t batch = rows.size(0), length = rows.size(1);
  const Vocabulary& vocabulary = loaded_.component.vocabulary();
  expect_shape(in.inputs_embeds, "inputs_embeds", {batch, length, vocabulary.width});
  expect_shape(in.attention_mask, "attention_mask", {batch, cached + length});
  expect_shape(in.dense_mask, "attention_mask_4d", {batch, 1, length, length});
  expect_shape(in.position_ids, "position_ids", {batch, length});
  expect_shape(in.token_type_ids, "token_type_ids", {batch, length});
  expect_range(in.input_ids, "input_ids", loaded_.weights.table.size(0), "the rows of the token table");
  expect_range(in.position_ids, "position_ids", 0, "");
  expect_range(in.token_type_ids, "token_type_ids", 0, "");
  if (in.token_type_ids.defined() && !encoder_)
    fail({.where = "input token_type_ids",
          .found = fmt::format("given to {} as a causal model", loaded_.component.type().id),
          .expected = "none: only a bytes encoder takes them"});
}

at::Tensor HfModel::embed(const HfInputs& in) const {
  const Vocabulary& vocabulary = loaded_.component.vocabulary();
  at::Tensor embeds;  // [B,T,E]
  if (in.input_ids.defined()) {
    embeds = at::embedding(loaded_.weights.table, in.input_ids, vocabulary.padding_row);
    if (vocabulary.scale != 1) embeds = embeds.mul(vocabulary.scale);
  } else {
    embeds = in.inputs_embeds.to(dtype_).detach();
    embeds.set_requires_grad(loaded_.weights.table.requires_grad());
  }
  if (at::GradMode::is_enabled() && embeds.requires_grad()) embeds.retain_grad();
  return embeds;
}

at::Tensor HfModel::logits(const at::Tensor& hidden) {
  if (!loaded_.weights.head.defined()) return {};
  const at::Tensor &head = loaded_.weights.head, &bias = loaded_.weights.head_bias;
  at::Tensor scores = own_head_logits(loaded_.component, hidden, head, bias);  // [B,T,V]
  if (!scores.defined()) scores = at::linear(loaded_.component.head_transform(hidden), head, bias);
  const double cap = loaded_.component.vocabulary().logit_softcap;
  return cap == 0 ? scores : scores.div(cap).tanh().mul(cap);
}

// Those given. Without: none, which is for the component to say; but a class that does not count padding tells it by
// its id, which only this side knows.   I64 [B,T], or undefined
at::Tensor HfModel::positions(const HfInputs& in) const {
  const Vocabulary& vocabulary = loaded_.component.vocabulary();
  if (in.position_ids.defined() || vocabulary.first_position == 0 || !in.input_ids.defined()) return in.position_ids;
  const at::Tensor counted = in.input_ids.ne(vocabulary.padding_row);
  return at::cumsum(counted, 1).mul(counted).add(vocabulary.first_position - 1);
}

HfOutputs HfModel::forward(const HfInputs& in, Cache* cache) {
  const std::vector<std::int64_t> lengths = cache == nullptr ? std::vector<std::int64_t>{} : cache->lengths();
  check(in, lengths.empty() ? 0 : lengths.front());
  HfOutputs out;
  out.inputs_embeds = embed(in);
  const at::Tensor positions = this->positions(in);
  const bool causal = !encoder_ || (loaded_.component.type().flags & WELT_COMPONENT_CAUSAL) != 0;
  const AttentionView attention{.kind = causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL,
                                .key_valid = in.attention_mask,
                                .dense = in.dense_mask};
  out.trace = loaded_.traced([&] {
    if (encoder_ && cache == nullptr) {
      auto [hidden, pooled] = loaded_.component.encode({.embeds = out.inputs_embeds}, attention, positions,
                                                       in.token_type_ids, loaded_.weights.initialized.empty());
      out.last_hidden_state = std::move(hidden);
      out.pooler_output = std::move(pooled);
    } else {
      out.last_hidden_state = loaded_.component.forward({.embeds = out.inputs_embeds}, attention, positions, cache);
    }
  });
  out.logits = logits(out.last_hidden_state);
  return out;
}

}  // namespace welt
