// See time_forward.h.
#include "core/parity/time_forward.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/parameters.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/base/stopwatch.h"
#include "core/huggingface/hf_component.h"

namespace welt {
namespace {

constexpr std::int64_t warm_ups = 2;

nlohmann::json measured(const HfComponent& loaded, const TimedCall& call, const std::function<at::Tensor()>& forward) {
  const std::vector<NamedTensor> parameters = loaded.parameters();  // none, where no gradient is wanted
  const at::AutoGradMode mode(call.backward);
  std::vector<double> times;
  for (std::int64_t i = -warm_ups; i < call.repeats; ++i) {
    for (const auto& [name, tensor] : parameters) tensor.mutable_grad() = at::Tensor();
    const Clock::time_point start = Clock::now();
    const at::Tensor out = forward();
    if (call.backward) out.to(at::kFloat).square().sum().backward();
    if (i >= 0) times.push_back(1e3 * seconds_since(start));
  }
  std::ranges::sort(times);
  return {{"milliseconds", times.at(times.size() / 2)},
          {"fastest", times.front()},
          {"threads", at::get_num_threads()},
          {"parameters", loaded.component.parameter_count()}};  // the token table and the head are not in it
}

// Height and width of each image, those of one width beside each other.   I64 [N, 2]
at::Tensor mixed_sizes(const TimedCall& call, std::int64_t patch) {
  const at::Tensor sizes = at::empty({call.rows, 2}, at::kLong);
  auto* size = sizes.mutable_data_ptr<std::int64_t>();
  const std::int64_t columns = call.width / patch;
  for (std::int64_t i = 0; i < call.rows; ++i, size += 2) {
    const std::int64_t step = i * call.widths / call.rows + 1;
    size[0] = call.height;
    size[1] = std::max<std::int64_t>(columns * step / call.widths, 1) * patch;
  }
  return sizes;
}

// A call for each width.   [N, D]
at::Tensor one_by_one(TensorComponent& encoder, const at::Tensor& pixels, const at::Tensor& sizes) {
  const auto* size = sizes.const_data_ptr<std::int64_t>();
  std::vector<at::Tensor> pooled;
  for (std::int64_t first = 0, end = 0; first < pixels.size(0); first = end) {
    const std::int64_t width = size[2 * first + 1];
    while (end < pixels.size(0) && size[2 * end + 1] == width) ++end;
    pooled.push_back(encoder.encode_images(pixels.narrow(0, first, end - first).narrow(3, 0, width)).pooled);
  }
  return at::cat(pooled);
}

nlohmann::json time_images(HfComponent& loaded, at::ScalarType dtype, const TimedCall& call) {
  TensorComponent& encoder = loaded.component;
  const ImageEncoderInfo& facts = encoder.image_encoder_info();
  const at::Tensor pixels = at::randn({call.rows, facts.channels, call.height, call.width}).to(dtype);
  const at::Tensor sizes = mixed_sizes(call, facts.patch_width);
  return measured(loaded, call, [&] {
    if (call.widths == 1) return encoder.encode_images(pixels).pooled;
    return call.by_width ? one_by_one(encoder, pixels, sizes) : encoder.encode_images(pixels, sizes).pooled;
  });
}

}  // namespace

nlohmann::json time_forward(const HfSource& source, std::string_view role, at::ScalarType dtype,
                            const TimedCall& call) {
  HfComponent loaded(source, role, dtype, call.backward);
  if (role == WELT_IMAGE_ENCODER_INTERFACE) return time_images(loaded, dtype, call);
  TensorComponent& model = loaded.component;
  const at::Tensor embeds = at::randn({call.rows, call.length, model.vocabulary().width}).to(dtype);
  const bool causal = (model.type().flags & WELT_COMPONENT_CAUSAL) != 0;
  const AttentionView attention{.kind = causal ? WELT_ATTENTION_CAUSAL : WELT_ATTENTION_FULL};
  return measured(loaded, call, [&] {
    return role == WELT_BYTES_ENCODER_INTERFACE ? model.encode({.embeds = embeds}, attention).hidden
                                                : model.forward({.embeds = embeds}, attention);
  });
}

}  // namespace welt
