// Cases of image encoders: see forward_cases.h.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/parity/forward_case.h"
#include "core/parity/forward_cases.h"

namespace welt {
namespace {

constexpr std::string_view one_batch = "pixel_values";

// The case's images by name, in the model's dtype, as leaves of the graph when gradients are wanted: one batch of one
// size, or image_0, image_1, … without a gap.
CaseTensors read_images(const ForwardCase& test, at::ScalarType dtype, bool with_grad) {
  const bool batch = test.in.contains(one_batch);
  CaseTensors images;
  for (std::size_t i = 0; i < test.in.size(); ++i) {
    const std::string name = batch ? std::string(one_batch) : fmt::format("image_{}", i);
    const auto found = test.in.find(name);
    if (found == test.in.end() || images.contains(name))
      fail({.where = "inputs",
            .found = fmt::format("{} inputs, \"{}\" among them", test.in.size(), test.in.begin()->first),
            .expected = "pixel_values alone, or image_0, image_1, … alone and without a gap"});
    const at::Tensor& image = found->second;
    if (!image.is_floating_point() || image.dim() != (batch ? 4 : 3) || image.numel() == 0)
      fail({.where = fmt::format("input {}", name),
            .found = fmt::format("{} {}", c10::toString(image.scalar_type()), shape_text(image.sizes())),
            .expected = batch ? "floating-point [B, C, H, W], not empty" : "floating-point [C, H, W], not empty"});
    images[name] = image.to(dtype).detach().set_requires_grad(with_grad);
  }
  return images;
}

// Images of different sizes as one batch, padded right and below.
HfImageOutputs forward_list(HfImageModel& model, const CaseTensors& images) {
  std::vector<std::int64_t> sizes;
  std::vector<at::Tensor> padded;
  std::array<std::int64_t, 2> largest{0, 0};
  for (const auto& [name, image] : images)
    for (std::size_t side = 0; side < 2; ++side)
      largest[side] = std::max(largest[side], image.size(static_cast<std::int64_t>(side) + 1));
  for (std::size_t i = 0; i < images.size(); ++i) {  // by number: as text, image_10 stands before image_2
    const at::Tensor& image = images.at(fmt::format("image_{}", i));
    const std::int64_t height = image.size(1), width = image.size(2);
    sizes.insert(sizes.end(), {height, width});
    const std::array<std::int64_t, 4> margin{0, largest[1] - width, 0, largest[0] - height};
    padded.push_back(at::constant_pad_nd(image, margin));
    if (image.size(0) != padded.front().size(0))
      fail({.where = fmt::format("input image_{}", i),
            .found = fmt::format("{} channels", image.size(0)),
            .expected = fmt::format("{}, as image_0 has", padded.front().size(0))});
  }
  const at::Tensor all_sizes = at::tensor(sizes, at::kLong).view({-1, 2});
  HfImageOutputs out = model.forward_ragged(at::stack(padded), all_sizes);
  if (!out.pooler_output.defined())
    fail({.where = "inputs",
          .found = "a list of images, for a class without pooler_output",
          .expected = "pixel_values: a list has no other output"});
  return out;
}

CaseTensors named_outputs(const HfImageOutputs& found, const ForwardCase& test) {
  CaseTensors out;
  if (found.last_hidden_state.defined()) out["last_hidden_state"] = found.last_hidden_state;
  if (found.last_hidden_state.defined() && found.last_hidden_state.dim() == 3)
    out["first_position"] = found.last_hidden_state.select(1, 0);
  if (found.pooler_output.defined()) {
    // Some classes of feature maps (ResNet) give it as a map of one pixel, [B, D, 1, 1]; inside WeLT it is a vector.
    const auto weight = test.w.find("pooler_output");
    const bool as_map = weight != test.w.end() && weight->second.dim() == 4;
    out["pooler_output"] = as_map ? found.pooler_output.unsqueeze(-1).unsqueeze(-1) : found.pooler_output;
  }
  for (const auto& [name, value] : found.trace)
    if (name.starts_with("hidden_states.")) out[name] = value;
  return out;
}

}  // namespace

std::vector<NamedTensor> run_cases(HfImageModel& model, const SafetensorsFile& file, const CaseOptions& options) {
  std::vector<NamedTensor> all;
  for_each_case(file, [&](const std::string& name, const ForwardCase& test) {
    const bool differentiate = options.gradients && !test.w.empty();
    const at::AutoGradMode mode(differentiate);
    const CaseTensors images = read_images(test, model.dtype(), differentiate);
    const auto batch = images.find(one_batch);
    const HfImageOutputs found = batch == images.end() ? forward_list(model, images) : model.forward(batch->second);
    const CaseTensors out = named_outputs(found, test);
    require_finite(found.trace, out, model.parameters());
    CaseResults results(name, model.dtype(), all);
    if (options.trace)
      for (const auto& [told, value] : found.trace) results.put("trace", told, value);
    for (const auto& [output, value] : out) results.put("out", output, value);
    if (differentiate) results.put_gradients(objective(out, test.w), images, model.parameters());
  });
  return all;
}

}  // namespace welt
