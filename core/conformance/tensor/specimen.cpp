// See specimen.h.
#include "core/conformance/tensor/specimen.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <fmt/ranges.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/device.h>
#include <welt/abi/head.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/words.h>

#include <algorithm>
#include <utility>

#include "core/tensor/own_head.h"
#include "core/tensor/own_words.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_io.h"

namespace welt::conformance {
namespace {

at::Generator generator_of(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

double largest(const at::Tensor& tensor) { return tensor.numel() == 0 ? 0 : tensor.abs().max().item<double>(); }

}  // namespace

nlohmann::json config_of(Trial& trial, const ComponentType& type) {
  if (trial.subject().config) return *trial.subject().config;
  nlohmann::json best = nlohmann::json::object();
  for (const std::string& name : Registry::preset_names(*type.plugin)) {
    nlohmann::json preset = Registry::preset(type, name);
    const auto& served = type.hf_model_types;  // the plugin's other components have presets too
    const auto model_type = preset.find("model_type");
    if (model_type != preset.end() && model_type->is_string() && !served.empty() &&
        std::ranges::find(served, model_type->get<std::string>()) == served.end())
      continue;
    if (name.find("nano") != name.npos) return preset;
    if (best.empty()) best = std::move(preset);
  }
  return best;
}

Specimen::Specimen(Trial& trial, const ComponentType& type, std::string_view role)
    : Specimen(trial, type, role, WELT_INIT_RANDOM, 0, true) {}
Specimen::Specimen(Trial& trial, const ComponentType& type, std::string_view role, std::uint32_t init,
                   std::uint64_t draw)
    : Specimen(trial, type, role, init, draw, false) {}

Specimen::Specimen(Trial& trial, const ComponentType& type, std::string_view role, std::uint32_t init,
                   std::uint64_t draw, bool exact)
    : trial_(trial), role_(role), generator_(generator_of(trial.seed())) {
  must("create()", [&] {
    seed_default_generator(trial.seed(), RandomPurpose::initialise, draw);
    const ConfigView view(type, config_of(trial, type), false, "configuration");
    component_.emplace(type, role, view, init);
  });
  if (!exact || !offers(WELT_DEVICE_INTERFACE)) return;
  must("to()", [&] {
    try {
      component_->to(at::kCPU, at::kDouble);
      dtype_ = at::kDouble;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unimplemented) throw;  // else it stays in float32
    }
  });
}

bool Specimen::offers(std::string_view interface) const {
  return component_->component().interface(interface) != nullptr;
}

std::uint32_t Specimen::kind() const {
  const bool causal = role_ != WELT_BYTES_ENCODER_INTERFACE || (type().flags & WELT_COMPONENT_CAUSAL) != 0;
  return causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL;
}

at::Tensor Specimen::random(at::IntArrayRef shape) {
  return at::randn(shape, generator_, at::TensorOptions().dtype(dtype_));
}

at::Tensor Specimen::rows(std::int64_t count, std::int64_t length) {
  return random({count, length, component_->vocabulary().width});
}

at::Tensor Specimen::images(std::int64_t count, std::int64_t high, std::int64_t wide) {
  const ImageEncoderInfo& facts = component_->image_encoder_info();
  const auto size = [](std::int64_t least, std::int64_t patch, std::int64_t patches) {
    return (least + patch - 1) / patch * patch + (patches - 1) * patch;
  };
  return random({count, facts.channels, size(facts.minimum_height, facts.patch_height, high),
                 size(facts.minimum_width, facts.patch_width, wide)});
}

std::int64_t Specimen::limited(std::int64_t length) {
  const std::int64_t most = component_->max_positions();
  return most > 0 ? std::min(length, most) : length;
}

at::Tensor Specimen::run(const RowsView& rows, AttentionView attention, const at::Tensor& positions, Cache* cache) {
  attention.kind = kind();
  if (role_ == WELT_BYTES_ENCODER_INTERFACE)
    return must("encode()", [&] { return component_->encode(rows, attention, positions).hidden; });
  return must("forward()", [&] { return component_->forward(rows, attention, positions, cache); });
}

TensorComponent::Encoded Specimen::encode(const at::Tensor& pixels, const at::Tensor& sizes, bool want_hidden) {
  return must("encode()", [&] { return component_->encode_images(pixels, sizes, want_hidden); });
}

Cache Specimen::cache(std::int64_t batch, std::int64_t capacity, std::int64_t rollback) {
  return must("kv_cache create()", [&] { return component_->make_cache(batch, capacity, rollback); });
}

at::Tensor Specimen::everything(const at::Tensor& input) {
  std::vector<at::Tensor> values;
  parts_.clear();
  const auto take = [&](const char* function, const char* what, const at::Tensor& part) {
    if (!part.defined()) return;
    const std::int64_t before = parts_.empty() ? 0 : parts_.back().end;
    parts_.push_back({function, what, before + part.numel(), part.scalar_type()});
    values.push_back(part.reshape({-1}));
  };
  at::Tensor hidden;
  if (is_image()) {
    const TensorComponent::Encoded encoded = encode(input, {}, true);
    take("encode()", "pooled", encoded.pooled), take("encode()", "hidden", encoded.hidden);
  } else if (role_ == WELT_BYTES_ENCODER_INTERFACE) {
    const TensorComponent::Encoded encoded = must("encode()", [&] {
      return component_->encode({input, {}}, AttentionView{.kind = kind()}, {}, {}, /*want_pooled=*/true);
    });
    hidden = encoded.hidden;
    take("encode()", "hidden", hidden), take("encode()", "pooled", encoded.pooled);
  } else {
    hidden = run(input);
    take("forward()", "hidden", hidden);
  }
  if (hidden.defined() && component_->vocabulary().has_head_transform)
    take("head_transform()", "result", must("head_transform()", [&] { return component_->head_transform(hidden); }));
  if (hidden.defined() && offers(WELT_HEAD_INTERFACE)) {
    const std::int64_t symbols = 5, width = component_->vocabulary().width;
    // Counted in float64: from 257 on bfloat16 has not every number, and would give another head.
    const at::Tensor head =
        at::arange(symbols * width, hidden.options().dtype(at::kDouble)).sin().view({symbols, width});
    take("logits()", "result",
         must("logits()", [&] { return own_head_logits(*component_, hidden, head.to(hidden.scalar_type()), {}); }));
  }
  if (!is_image() && reads_words(*component_)) {
    static const std::vector<std::string> words{"the ", "Bär", "", "x\n", "the "};
    take("words encode()", "vectors", must("words encode()", [&] { return word_vectors(*component_, words); }));
  }
  trial_.enter(parts_.front().function);
  return at::cat(values);
}

void Specimen::blame(const at::Tensor& wrong) const {
  if (parts_.empty() || wrong.dim() != 1 || wrong.numel() != parts_.back().end) return;
  const at::Tensor places = wrong.nonzero();
  if (places.numel() == 0) return;
  const auto first = places.flatten()[0].item<std::int64_t>();
  trial_.enter(std::ranges::find_if(parts_, [&](const Part& part) { return first < part.end; })->function);
}

Error Specimen::refusal(std::string function, std::string_view what, const std::function<void()>& body) {
  trial_.enter(std::move(function));
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  trial_.fail({.seen = fmt::format("status 0 although {}", what),
               .expected = "a status other than 0 and a message",
               .rule = "docs/abi-policy.md: bad input is refused, and the instance stays usable"});
}

void Specimen::expect_equal(const at::Tensor& seen, const at::Tensor& expected, std::string_view what,
                            std::string_view rule) const {
  if (seen.sizes() != expected.sizes()) {
    trial_.fail(
        {.seen = fmt::format("{}: shapes {} and {}", what, shape_text(seen.sizes()), shape_text(expected.sizes())),
         .expected = "equal values",
         .rule = std::string(rule)});
  }
  const at::NoGradGuard no_grad;
  const double scale = std::max(1.0, largest(expected)), apart = largest(seen - expected);
  if (apart <= tolerance() * scale) return;  // false for NaN
  blame((seen - expected).abs().le(tolerance() * scale).logical_not());
  trial_.fail({.seen = fmt::format("{}: values {:.3g} apart", what, apart),
               .expected = fmt::format("at most {:.1g}", tolerance() * scale),
               .rule = std::string(rule)});
}

void Specimen::expect_same(const at::Tensor& seen, const at::Tensor& expected, std::string_view what,
                           std::string_view rule) const {
  if (at::equal(seen, expected)) return;
  const at::NoGradGuard no_grad;
  if (seen.sizes() == expected.sizes()) blame(seen.ne(expected));
  trial_.fail(
      {.seen = seen.sizes() == expected.sizes()
                   ? fmt::format("{}: values {:.3g} apart", what, largest(seen - expected))
                   : fmt::format("{}: shapes {} and {}", what, shape_text(seen.sizes()), shape_text(expected.sizes())),
       .expected = "the same bits",
       .rule = std::string(rule)});
}

void Specimen::expect_finite(const at::Tensor& seen, std::string_view what) const {
  const at::Tensor finite = at::isfinite(seen);
  if (finite.all().item<bool>()) return;
  blame(finite.logical_not());
  trial_.fail({.seen = fmt::format("a value that is not finite in {}", what),
               .expected = "finite numbers",
               .rule = "docs/abi-policy.md: finite input gives finite output"});
}

void Specimen::expect_type(at::ScalarType type, std::string_view when, std::optional<at::ScalarType> other) const {
  for (const Part& part : parts_) {
    if (part.type == type || part.type == other) continue;
    trial_.enter(part.function);
    trial_.fail(
        {.seen = fmt::format("{} of dtype {}{}{}", part.what, c10::toString(part.type), when.empty() ? "" : " ", when),
         .expected = fmt::format("{}, as input and weights are{}", c10::toString(type),
                                 other ? fmt::format(", or {}", c10::toString(*other)) : ""),
         .rule = "docs/abi-policy.md: a result has the dtype of input and weights"});
  }
}

void for_each_specimen(Trial& trial, const std::vector<std::string>& roles, SpecimenBody body) {
  bool any = false;
  for (const ComponentType* type : trial.components()) {
    for (const std::string& role : roles) {
      if (!type->has_role(role)) continue;
      any = true;
      trial.about(*type, fmt::format(" as {}", role));
      Specimen specimen(trial, *type, role);
      const at::NoGradGuard no_grad;  // tests of gradients switch it on
      body(specimen);
    }
  }
  if (!any) trial.skip(fmt::format("no component is a {}", fmt::join(roles, " or ")));
}

const std::vector<std::string>& row_roles() {
  static const std::vector<std::string> roles = {WELT_BYTES_ENCODER_INTERFACE, WELT_LATENT_TRANSFORMER_INTERFACE,
                                                 WELT_DECODER_INTERFACE};
  return roles;
}
const std::vector<std::string>& causal_roles() {
  static const std::vector<std::string> roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE};
  return roles;
}
const std::vector<std::string>& tensor_roles() {
  static const std::vector<std::string> roles = {WELT_BYTES_ENCODER_INTERFACE, WELT_LATENT_TRANSFORMER_INTERFACE,
                                                 WELT_DECODER_INTERFACE, WELT_IMAGE_ENCODER_INTERFACE};
  return roles;
}

}  // namespace welt::conformance
