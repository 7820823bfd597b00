// See hf_model.h.
#include "core/model/hf_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <fmt/ranges.h>
#include <welt/abi/bytes_encoder.h>

#include <algorithm>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/base/log.h"

namespace welt {
namespace {

const ComponentType& find_type(const HfSource& source, std::string_view role) {
  try {
    return Registry::instance().find_for_config(role, source.config());
  } catch (const Error& error) {  // the registry does not know where the config came from
    throw Error(fmt::format("{}: {}", source.folder().string(), error.what()), error.code());
  }
}

TorchComponent make_component(const HfSource& source, std::string_view role) {
  const ComponentType& type = find_type(source, role);
  const std::string where = (source.folder() / "config.json").string();
  const std::string name = source.architecture();
  const std::vector<std::string>& known = type.hf_architectures;
  if (!name.empty() && !known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string near = nearest(name, known);
    fail({.where = where + ": architectures",
          .found = fmt::format("the class \"{}\", which plugin {} does not have", name, type.id),
          .expected = fmt::format("one of {}", fmt::join(known, ", ")),
          .mend = near.empty() ? "" : fmt::format("Did you mean {}?", near)});
  }
  return TorchComponent(type, role, ConfigView(type, source.config(), false, where), WELT_INIT_NONE);
}

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
    : component_(make_component(source, role)), dtype_(dtype), encoder_(role == WELT_BYTES_ENCODER_INTERFACE) {
  component_.to(dtype);
  weights_ =
      load_weights(component_, source.weights(), {.dtype = dtype, .own_memory = false, .requires_grad = requires_grad});
  component_.set_training(false);
  if (!weights_.unused.empty())
    log_info("hf", "{}: not used by this class: {}", source.folder().string(), fmt::join(weights_.unused, ", "));
  if (!weights_.initialized.empty() && weights_.head.defined())
    fail({.where = source.folder().string(),
          .found = fmt::format("what the class has before its head is not in the file: {}",
                               fmt::join(weights_.initialized, ", ")),
          .mend = "Name the class that the file was saved from in config.json (architectures)"},
         ErrorCode::not_found);
  if (!weights_.initialized.empty())
    log_warning("hf", "{}: not in the file, so its outputs are left out: {}", source.folder().string(),
                fmt::join(weights_.initialized, ", "));
}

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
  const Vocabulary& vocabulary = component_.vocabulary();
  expect_shape(in.inputs_embeds, "inputs_embeds", {batch, length, vocabulary.width});
  expect_shape(in.attention_mask, "attention_mask", {batch, cached + length});
  expect_shape(in.dense_mask, "attention_mask_4d", {batch, 1, length, length});
  expect_shape(in.position_ids, "position_ids", {batch, length});
  expect_shape(in.token_type_ids, "token_type_ids", {batch, length});
  expect_range(in.input_ids, "input_ids", weights_.table.size(0), "the rows of the token table");
  expect_range(in.position_ids, "position_ids", 0, "");
  expect_range(in.token_type_ids, "token_type_ids", 0, "");
  if (in.token_type_ids.defined() && !encoder_)
    fail({.where = "input token_type_ids",
          .found = fmt::format("given to {} as a causal model", component_.type().id),
          .expected = "none: only a bytes encoder takes them"});
}

at::Tensor HfModel::embed(const HfInputs& in) const {
  const Vocabulary& vocabulary = component_.vocabulary();
  at::Tensor embeds;  // [B,T,E]
  if (in.input_ids.defined()) {
    embeds = at::embedding(weights_.table, in.input_ids, vocabulary.padding_row);
    if (vocabulary.scale != 1) embeds = embeds.mul(vocabulary.scale);
  } else {
    embeds = in.inputs_embeds.to(dtype_).detach();
    embeds.set_requires_grad(weights_.table.requires_grad());
  }
  if (at::GradMode::is_enabled() && embeds.requires_grad()) embeds.retain_grad();
  return embeds;
}

at::Tensor HfModel::logits(const at::Tensor& hidden) {
  if (!weights_.head.defined()) return {};
  at::Tensor scores = at::linear(component_.head_transform(hidden), weights_.head, weights_.head_bias);  // [B,T,V]
  const double cap = component_.vocabulary().logit_softcap;
  return cap == 0 ? scores : scores.div(cap).tanh().mul(cap);
}

HfOutputs HfModel::forward(const HfInputs& in, Cache* cache) {
  const std::vector<std::int64_t> lengths = cache == nullptr ? std::vector<std::int64_t>{} : cache->lengths();
  check(in, lengths.empty() ? 0 : lengths.front());
  HfOutputs out;
  out.inputs_embeds = embed(in);
  const bool causal = !encoder_ || (component_.type().flags & WELT_COMPONENT_CAUSAL) != 0;
  const AttentionView attention{.kind = causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL,
                                .key_valid = in.attention_mask,
                                .dense = in.dense_mask};
  const auto trace =
      std::make_shared<std::vector<NamedTensor>>();  // shared: a call that throws leaves the callback set
  component_.set_trace([trace](std::string_view name, const at::Tensor& value) { trace->emplace_back(name, value); });
  if (encoder_ && cache == nullptr) {
    auto [hidden, pooled] = component_.encode({.embeds = out.inputs_embeds}, attention, in.position_ids,
                                              in.token_type_ids, weights_.initialized.empty());
    out.last_hidden_state = std::move(hidden);
    out.pooler_output = std::move(pooled);
  } else {
    out.last_hidden_state = component_.forward({.embeds = out.inputs_embeds}, attention, in.position_ids, cache);
  }
  component_.set_trace({});
  out.trace = std::move(*trace);
  out.logits = logits(out.last_hidden_state);
  return out;
}

std::vector<NamedTensor> HfModel::parameters() const {
  std::vector<NamedTensor> result;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    const auto same = [&](const NamedTensor& known) { return known.second.is_same(tensor); };
    if (!name.empty() && tensor.defined() && tensor.requires_grad() && std::none_of(result.begin(), result.end(), same))
      result.emplace_back(name, tensor);
  };
  const std::vector<at::Tensor> tensors = component_.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) add(weights_.file_names[i], tensors[i]);
  add(weights_.table_file_name, weights_.table);
  add(weights_.head_file_name, weights_.head);
  add(weights_.head_bias_file_name, weights_.head_bias);
  return result;
}

}  // namespace welt
