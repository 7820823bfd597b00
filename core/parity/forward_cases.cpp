// Cases of language models: see forward_cases.h.
#include "core/parity/forward_cases.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/parity/forward_case.h"

namespace welt {
namespace {

at::Tensor whole_numbers(const at::Tensor& tensor, std::string_view name) {
  if (tensor.defined() && !at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false))
    fail({.where = fmt::format("input {}", name),
          .found = fmt::format("type {}", c10::toString(tensor.scalar_type())),
          .expected = "whole numbers (I64)"});
  return tensor.defined() ? tensor.to(at::kLong) : tensor;
}

at::Tensor truth(const at::Tensor& tensor) { return tensor.defined() ? tensor.ne(0) : tensor; }

// The case's inputs; all of them must be known, and at least be of a sensible type.
HfInputs read_inputs(const ForwardCase& test, bool cached) {
  const std::vector<std::string> known =
      cached ? std::vector<std::string>{"input_ids", "inputs_embeds", "prompt_lengths"}
             : std::vector<std::string>{"input_ids",         "inputs_embeds", "attention_mask",
                                        "attention_mask_4d", "position_ids",  "token_type_ids"};
  for (const auto& [name, tensor] : test.in)
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail({.where = fmt::format("input {}", name),
            .found = cached ? "not an input of a case with prompt_lengths" : "not an input of a model of this role",
            .expected = fmt::format("one of {}", fmt::join(known, ", "))});
  const auto get = [&](std::string_view name) {
    const auto found = test.in.find(name);
    return found == test.in.end() ? at::Tensor() : found->second;
  };
  HfInputs in{.input_ids = whole_numbers(get("input_ids"), "input_ids"),
              .inputs_embeds = get("inputs_embeds"),
              .attention_mask = truth(get("attention_mask")),
              .dense_mask = truth(get("attention_mask_4d")),
              .position_ids = whole_numbers(get("position_ids"), "position_ids"),
              .token_type_ids = whole_numbers(get("token_type_ids"), "token_type_ids")};
  if (in.inputs_embeds.defined() && !in.inputs_embeds.is_floating_point())
    fail({.where = "input inputs_embeds",
          .found = fmt::format("type {}", c10::toString(in.inputs_embeds.scalar_type())),
          .expected = "floating-point numbers (F32)"});
  return in;
}

// [B,T,…] with zeros where `valid` is false, whatever was there before.
at::Tensor zero_invalid(const at::Tensor& value, const at::Tensor& valid) {
  return valid.defined() ? value.masked_fill(valid.logical_not().unsqueeze(-1), 0) : value;
}

CaseTensors named_outputs(const HfOutputs& found, const at::Tensor& valid) {
  CaseTensors out;
  out["last_hidden_state"] = zero_invalid(found.last_hidden_state, valid);
  out["first_position"] = out["last_hidden_state"].select(1, 0);
  if (found.pooler_output.defined()) out["pooler_output"] = found.pooler_output;
  if (found.logits.defined()) out["logits"] = zero_invalid(found.logits, valid);
  for (const auto& [name, value] : found.trace)
    if (name.starts_with("hidden_states.")) out[name] = zero_invalid(value, valid);
  return out;
}

class CaseRunner {
 public:
  CaseRunner(HfModel& model, const CaseOptions& options, const std::string& name, std::vector<NamedTensor>& results)
      : model_(model), options_(options), results_(name, model.dtype(), results) {}

  void run(const ForwardCase& test) {
    if (test.in.contains("prompt_lengths")) return run_cached(test);
    const HfInputs in = read_inputs(test, false);
    if (const at::Tensor& rows = in.input_ids.defined() ? in.input_ids : in.inputs_embeds;
        test.valid.defined() && rows.defined() && rows.dim() >= 2 && test.valid.sizes() != rows.sizes().slice(0, 2))
      fail({.where = "valid",
            .found = shape_text(test.valid.sizes()),
            .expected = shape_text(rows.sizes().slice(0, 2))});
    const bool differentiate = options_.gradients && !test.w.empty();
    const at::AutoGradMode mode(differentiate);
    const HfOutputs found = model_.forward(in);
    put_trace(found.trace, test.valid);
    const CaseTensors out = named_outputs(found, test.valid);
    require_finite(found.trace, out, model_.parameters());
    for (const auto& [name, value] : out) results_.put("out", name, value);
    if (differentiate)
      results_.put_gradients(objective(out, test.w), {{"inputs_embeds", found.inputs_embeds}}, model_.parameters());
  }

 private:
  void run_cached(const ForwardCase& test) {
    if (!test.w.empty())
      fail({.where = "w/" + test.w.begin()->first, .found = "a case with prompt_lengths has no objective"});
    const HfInputs in = read_inputs(test, true);
    const at::Tensor& rows = in.input_ids.defined() ? in.input_ids : in.inputs_embeds;
    const at::Tensor lengths = whole_numbers(test.in.find("prompt_lengths")->second, "prompt_lengths");
    if (!rows.defined() || rows.dim() < 2)
      fail({.where = "inputs", .found = "no input_ids [B, T] beside prompt_lengths"});
    const std::int64_t batch = rows.size(0), total = rows.size(1);
    if (lengths.dim() != 1 || lengths.size(0) != batch || lengths.min().item<std::int64_t>() < 1 ||
        lengths.max().item<std::int64_t>() > total)
      fail(
          {.where = "input prompt_lengths",
           .found = fmt::format("{} values{}", shape_text(lengths.sizes()),
                                lengths.numel() == 0 ? ""
                                                     : fmt::format(" from {} to {}", lengths.min().item<std::int64_t>(),
                                                                   lengths.max().item<std::int64_t>())),
           .expected = fmt::format("[{}] values from 1 to {}", batch, total)},
          ErrorCode::out_of_range);
    const at::AutoGradMode mode(false);
    const std::int64_t prompt = lengths.max().item<std::int64_t>();
    const at::Tensor slots = at::arange(total);
    // [B,T]: a shorter row's slots up to the longest prompt are a hole.
    const at::Tensor valid = slots.lt(lengths.unsqueeze(1)).logical_or(slots.ge(prompt));
    const bool holes = lengths.min().item<std::int64_t>() < prompt;

    const auto part = [&](std::int64_t start, std::int64_t count) {
      HfInputs piece;
      if (in.input_ids.defined()) piece.input_ids = in.input_ids.narrow(1, start, count);
      if (in.inputs_embeds.defined()) piece.inputs_embeds = in.inputs_embeds.narrow(1, start, count);
      if (holes) piece.attention_mask = valid.narrow(1, 0, start + count).contiguous();
      if (holes && start > 0) piece.position_ids = lengths.add(start - prompt).unsqueeze(1);
      return piece;
    };
    Cache cache = model_.make_cache(batch, total);
    std::vector<HfOutputs> pieces{model_.forward(part(0, prompt), &cache)};
    for (std::int64_t slot = prompt; slot < total; ++slot) pieces.push_back(model_.forward(part(slot, 1), &cache));
    const HfOutputs all = joined(pieces);
    put_trace(all.trace, valid);
    const CaseTensors out = named_outputs(all, valid);
    require_finite(all.trace, out, model_.parameters());
    for (const auto& [name, value] : out)
      if (name != "logits") results_.put("out", name, value);
    if (!out.contains("logits")) return;
    results_.put("out", "prefill_logits", out.at("logits").narrow(1, 0, prompt));
    results_.put("out", "step_logits", out.at("logits").narrow(1, prompt, total - prompt));
    if (!holes)
      results_.put("out", "full_logits",
                   model_.forward({.input_ids = in.input_ids, .inputs_embeds = in.inputs_embeds}).logits);
  }

  void put_trace(const std::vector<NamedTensor>& trace, const at::Tensor& valid) {
    if (!options_.trace) return;
    for (const auto& [name, value] : trace) results_.put("trace", name, zero_invalid(value, valid));
  }

  // The outputs of successive calls as one, along T.
  static HfOutputs joined(const std::vector<HfOutputs>& pieces) {
    const auto join = [&](auto&& member) {
      std::vector<at::Tensor> parts;
      for (const HfOutputs& piece : pieces) parts.push_back(member(piece));
      return parts.front().defined() ? at::cat(parts, 1) : at::Tensor();
    };
    HfOutputs all;
    all.last_hidden_state = join([](const HfOutputs& piece) { return piece.last_hidden_state; });
    all.logits = join([](const HfOutputs& piece) { return piece.logits; });
    for (std::size_t i = 0; i < pieces.front().trace.size(); ++i)
      all.trace.emplace_back(pieces.front().trace[i].first,
                             join([i](const HfOutputs& piece) { return piece.trace.at(i).second; }));
    return all;
  }

  HfModel& model_;
  CaseOptions options_;
  CaseResults results_;
};

}  // namespace

std::vector<NamedTensor> run_cases(HfModel& model, const SafetensorsFile& file, const CaseOptions& options) {
  std::vector<NamedTensor> results;
  for_each_case(file, [&](const std::string& name, const ForwardCase& test) {
    CaseRunner(model, options, name, results).run(test);
  });
  return results;
}

}  // namespace welt
