// What it costs to call a plugin: single functions of its tables, and a small forward through the border beside the
// same model's C++ called directly, with the same weights. Prints one JSON object; one thread.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <fmt/core.h>
#include <welt/abi/decoder.h>
#include <welt/abi/segmenter.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"
#include "core/text/segmenter.h"
#include "plugins/latent/llama/model.h"

namespace welt {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr int rounds = 21;

// Nanoseconds of one call, of `repeats` in each round.
template <typename F>
double nanoseconds(int repeats, F&& call) {
  const auto start = Clock::now();
  for (int i = 0; i < repeats; ++i) call();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / repeats;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + rounds / 2);
  return values[rounds / 2];
}

template <typename F>
double median_of(int repeats, F&& call) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) times.push_back(nanoseconds(repeats, call));
  return median(times);
}

Json functions() {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, "bytes");
  const Component component(type, ConfigView(type, Json::object(), true, "bench"), WELT_INIT_NONE);
  const Segmenter segmenter(component);
  std::uint64_t sum = 0;
  const double complete = median_of(200000, [&] { sum += segmenter.is_complete("word") ? 1 : 0; });
  std::vector<std::uint64_t> ends;
  const double split = median_of(50000, [&] {
    segmenter.split("word", ends);
    sum += ends.size();
  });

  const ComponentType& llama = Registry::instance().find(WELT_DECODER_INTERFACE, "llama");
  const ConfigView config(llama, Json{{"hidden_size", 8}, {"num_attention_heads", 1}, {"intermediate_size", 8}}, true,
                          "bench");
  const Component decoder(llama, config, WELT_INIT_NONE);
  const auto& table = decoder.require<welt_decoder_v1>(WELT_DECODER_INTERFACE);
  const double width = median_of(200000, [&] { sum += static_cast<std::uint64_t>(table.width(decoder.raw())); });
  // A call that fails: the SDK throws, its fence catches and writes the message.
  const double failure = median_of(5000, [&] {
    CallError error;
    sum += static_cast<std::uint64_t>(
        table.forward(decoder.raw(), nullptr, nullptr, nullptr, nullptr, nullptr, error.raw()));
  });
  if (sum == 0) fail({"bench", "nothing was counted"});
  return {{"width", width}, {"is_complete", complete}, {"split_one_word", split}, {"failing_forward", failure}};
}

// Two layers of 64, rows × tokens, in turns so that the machine's drift hits both.
Json forward(std::int64_t rows, std::int64_t tokens, int repeats) {
  const ComponentType& type = Registry::instance().find(WELT_DECODER_INTERFACE, "llama");
  const ConfigView config(type,
                          Json{{"hidden_size", 64},
                               {"num_hidden_layers", 2},
                               {"num_attention_heads", 2},
                               {"intermediate_size", 128},
                               {"architectures", {"LlamaModel"}}},
                          true, "bench");
  TensorComponent plugin(type, WELT_DECODER_INTERFACE, config, WELT_INIT_RANDOM);
  plugin.set_training(false);
  llama::Model model(sdk::Config(config.view()), at::TensorOptions());
  const std::vector<nn::Slot> slots = model.slots();
  for (std::size_t i = 0; i < slots.size(); ++i) *slots[i].tensor = plugin.tensors()[i];

  const at::NoGradGuard no_grad;
  const at::Tensor embeds = at::randn({rows, tokens, 64});
  const auto direct = [&] {
    const nn::RowPlan plan({.embeds = embeds});
    return plan.leave(model.forward(plan.enter(embeds), plan));
  };
  const auto through = [&] { return plugin.forward({.embeds = embeds}, {}); };
  if (!direct().equal(through())) fail({"bench", "the two give different values"});
  std::vector<double> with, without;
  for (int i = 0; i < rounds; ++i) {
    with.push_back(nanoseconds(repeats, through));
    without.push_back(nanoseconds(repeats, direct));
  }
  return {{"rows", rows},
          {"tokens", tokens},
          {"plugin_us", median(with) / 1e3},
          {"direct_us", median(without) / 1e3},
          {"ratio", median(with) / median(without)}};
}

}  // namespace
}  // namespace welt

int main() {
  try {
    at::set_num_threads(1);
    const nlohmann::json result{
        {"nanoseconds", welt::functions()},
        {"forward", {welt::forward(1, 1, 400), welt::forward(1, 16, 300), welt::forward(8, 16, 100)}}};
    fmt::print("{}\n", result.dump(2));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
