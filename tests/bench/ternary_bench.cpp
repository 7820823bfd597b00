// A decoding step of matmul_free with weights in 2 bits, beside the products alone of the same matrices in float32 and
// bfloat16: what a model with multiplied weights cannot do without. Made-up weights, all layers in memory; norms,
// recurrence and caches count for the packed model only. Prints a table: milliseconds of one thread's processor time,
// which a busy machine changes least.
//
//   welt_ternary_bench [preset …]           presets of matmul_free, or widths and layers: 512x9 768x14 mmfreelm-370m
//
// Per model: bytes beside float32's, words/s of a step at batch 1 and 8, and these over those of bfloat16. A model
// takes its float32 bytes and a little more: 5.5 GB at mmfreelm-1.3b. Table and head of 32,000 rows are left out.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <fmt/core.h>
#include <welt/abi/decoder.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_service.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr int rounds = 9;
constexpr std::int64_t table_rows = 256;  // of bytes: the host's part is left out

double processor_milliseconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// Milliseconds of one call: the median, after one to warm up.
template <typename F>
double milliseconds(F&& call) {
  call();
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const double start = processor_milliseconds();
    call();
    times.push_back(processor_milliseconds() - start);
  }
  std::ranges::nth_element(times, times.begin() + rounds / 2);
  return times[rounds / 2];
}

TensorComponent make(Json config, bool packed, std::uint32_t init) {
  const ComponentType& type = Registry::instance().find(WELT_DECODER_INTERFACE, "matmul_free");
  config.erase("model_type");  // which presets name, and no key of the class is
  config["packed_weights"] = packed, config["vocab_size"] = table_rows;
  return {type, WELT_DECODER_INTERFACE, ConfigView(type, config, true, "bench"), init};
}

// The products of a step with every matrix of the model, in `dtype`; its bytes.
struct Products {
  Products(const TensorComponent& shapes, at::ScalarType dtype) {
    for (const NamedParameter& parameter : shapes.parameters())
      if (parameter.shape.size() == 2 && parameter.name.ends_with("proj.weight"))
        matrices.push_back(at::randn(parameter.shape, at::kFloat).to(dtype)), bytes += matrices.back().nbytes();
  }
  double step(std::int64_t batch) const {
    std::vector<at::Tensor> inputs;
    for (const at::Tensor& matrix : matrices)
      inputs.push_back(at::randn({batch, matrix.size(1)}).to(matrix.scalar_type()));
    return milliseconds([&] {
      for (std::size_t i = 0; i < matrices.size(); ++i) at::linear(inputs[i], matrices[i]);
    });
  }
  std::vector<at::Tensor> matrices;
  std::size_t bytes = 0;
};

double packed_step(TensorComponent& component, std::int64_t batch, std::int64_t width) {
  Cache cache = component.make_cache(batch, 1000);
  const at::Tensor x = at::randn({batch, 1, width});
  return milliseconds([&] { component.forward({x, {}}, {.kind = WELT_ATTENTION_CAUSAL}, {}, &cache); });
}

// A preset, or that of 370 M with another width and number of layers.
Json config_of(const ComponentType& type, const std::string& name) {
  int width = 0, layers = 0, end = 0;
  if (std::sscanf(name.c_str(), "%dx%d%n", &width, &layers, &end) != 2 || name.size() != static_cast<std::size_t>(end))
    return Registry::preset(type, name);
  Json config = Registry::preset(type, "mmfreelm-370m");
  config["hidden_size"] = width, config["num_hidden_layers"] = layers;
  return config;
}

void report(const std::string& preset) {
  const ComponentType& type = Registry::instance().find(WELT_DECODER_INTERFACE, "matmul_free");
  const Json config = config_of(type, preset);
  const std::int64_t width = config.at("hidden_size");
  constexpr std::int64_t batches[] = {1, 8};
  double packed[2], plain[2][2];
  std::size_t packed_bytes = 0, plain_bytes[2];
  {
    TensorComponent component = make(config, true, WELT_INIT_RANDOM);
    for (const at::Tensor& tensor : component.tensors()) packed_bytes += tensor.nbytes();
    for (int b = 0; b < 2; ++b) packed[b] = packed_step(component, batches[b], width);
  }
  const TensorComponent shapes = make(config, false, WELT_INIT_NONE);
  for (int d = 0; d < 2; ++d) {
    const Products products(shapes, d == 0 ? at::kFloat : at::kBFloat16);
    plain_bytes[d] = products.bytes;
    for (int b = 0; b < 2; ++b) plain[d][b] = products.step(batches[b]);
  }
  std::int64_t parameters = 0;
  for (const NamedParameter& parameter : shapes.parameters()) {
    std::int64_t count = 1;
    for (const std::int64_t size : parameter.shape) count *= size;
    parameters += count;
  }
  fmt::print("{}, {:.1f} M parameters\n", preset, static_cast<double>(parameters) / 1e6);
  fmt::print("  {:18} {:>10} {:>10} {:>12} {:>12} {:>12} {:>12} {:>15}\n", "", "MB", "of float32", "batch 1 ms",
             "batch 8 ms", "words/s at 1", "words/s at 8", "of bf16, 1 and 8");
  const auto line = [&](const char* name, std::size_t bytes, const double* ms) {
    fmt::print("  {:18} {:10.1f} {:>10} {:12.2f} {:12.2f} {:12.1f} {:12.1f} {:7.2f} {:8.2f}\n", name,
               static_cast<double>(bytes) / 1e6,
               fmt::format("1/{:.1f}", static_cast<double>(plain_bytes[0]) / static_cast<double>(bytes)), ms[0], ms[1],
               1000 / ms[0], 8000 / ms[1], plain[1][0] / ms[0], plain[1][1] / ms[1]);
  };
  line("2 bit, whole", packed_bytes, packed);
  line("float32, products", plain_bytes[0], plain[0]);
  line("bfloat16, products", plain_bytes[1], plain[1]);
  std::fflush(stdout);
}

}  // namespace
}  // namespace welt

int main(int argc, char** argv) {
  try {
    const at::NoGradGuard no_grad;
    at::set_num_threads(1);
    std::vector<std::string> presets(argv + 1, argv + argc);
    if (presets.empty()) presets.emplace_back("mmfreelm-370m");
    for (const std::string& preset : presets) welt::report(preset);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
