// What is special to the built plugin `matmul_free`: sizes, masked positions and caches as if they were not there, its
// head, packed weights, refusals. Conformance proves what holds for every causal model, and parity with the authors'
// class is tested with every other class in tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>

#include "core/checkpoint/convert.h"
#include "core/huggingface/hf_model.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace {

using at::Tensor;
using nlohmann::json;
using welt::test::error_of;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "models";
double gap(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

const welt::ComponentType& type() { return welt::Registry::instance().find(WELT_DECODER_INTERFACE, "matmul_free"); }
welt::TensorComponent make(const json& config, std::uint32_t init = WELT_INIT_NONE) {
  return {type(), WELT_DECODER_INTERFACE, welt::ConfigView(type(), config, /*strict=*/false, "test"), init};
}
welt::HfModel model(const std::filesystem::path& folder, at::ScalarType dtype = at::kDouble) {
  return {welt::HfSource::find(folder.string()), WELT_DECODER_INTERFACE, dtype, /*requires_grad=*/false};
}

TEST(MatmulFree, PresetsHaveThePublishedSizes) {
  const std::pair<const char*, std::int64_t> sizes[] = {
      {"mmfreelm-370m", 374'108'160}, {"mmfreelm-1.3b", 1'364'779'008}, {"mmfreelm-2.7b", 2'702'357'504}};
  for (const auto& [preset, published] : sizes) {
    const json config = welt::Registry::preset(type(), preset);
    std::int64_t count = 2 * config.at("vocab_size").get<std::int64_t>() * config.at("hidden_size").get<std::int64_t>();
    const welt::TensorComponent component = make(config);
    for (const welt::NamedParameter& parameter : component.parameters())
      count += c10::multiply_integers(parameter.shape);
    EXPECT_EQ(count, published) << preset;
  }
}

// The class lets a state decay at masked positions; here they are as if they had not been given.
TEST(MatmulFreeParity, MaskedPositionsWithinARowAreInvisible) {
  for (const char* folder : {"hgrn-bit-a", "hgrn-bit-b"}) {
    const welt::SafetensorsFile extra = welt::SafetensorsFile::open(goldens / folder / "extra.safetensors");
    const auto read = [&](const char* name) { return welt::copied_tensor(extra, *extra.find(name)); };
    const Tensor mask = read("holes/in/attention_mask").to(at::kBool);
    const at::NoGradGuard no_grad;
    const Tensor logits =
        model(goldens / folder).forward({.input_ids = read("holes/in/input_ids"), .attention_mask = mask}).logits;
    EXPECT_LT(gap(logits * mask.unsqueeze(-1), read("holes/skip/logits").to(at::kDouble)), 1e-6) << folder;
  }
}

TEST(MatmulFree, PackedWeightsGiveTheSameLogits) {
  const welt::test::TempFolder folder;
  welt::convert_checkpoint(goldens / "hgrn-bit-a", folder / "packed", {.ternary = true});
  const at::NoGradGuard no_grad;
  const Tensor ids = at::arange(12, at::kLong).view({2, 6});
  EXPECT_LT(gap(model(folder / "packed", at::kFloat).forward({.input_ids = ids}).logits,
                model(goldens / "hgrn-bit-a", at::kFloat).forward({.input_ids = ids}).logits),
            1e-5);
  EXPECT_CONTAINS(error_of([&] { welt::convert_checkpoint(folder / "packed", folder / "again", {.ternary = true}); }),
                  "packed already");
  EXPECT_CONTAINS(
      error_of([&] { welt::convert_checkpoint(goldens / "llama-gqa", folder / "llama", {.ternary = true}); }),
      "ternary weights");
}

TEST(MatmulFree, RefusalsNameTheirKey) {
  EXPECT_CONTAINS(error_of([] { make({{"hidden_size", 64}, {"num_heads", 3}}); }), "num_heads");
  EXPECT_CONTAINS(error_of([] { make({{"hidden_size", 64}, {"expand_ratio", 2}}); }), "use_lower_bound");
  EXPECT_CONTAINS(error_of([] { make({{"hidden_size", 64}, {"hidden_ratio", 0}}); }), "hidden_ratio");
  EXPECT_CONTAINS(error_of([] { make({{"use_short_conv", true}}); }), "use_short_conv");
}

TEST(MatmulFree, APrefixBlockIsRefusedWithASentence) {
  welt::TensorComponent component =
      make({{"hidden_size", 16}, {"num_hidden_layers", 1}, {"intermediate_size", 16}}, WELT_INIT_RANDOM);
  const Tensor block = at::ones({1, 3}, at::kLong);
  EXPECT_CONTAINS(error_of([&] {
                    component.forward({at::randn({1, 3, 16}), {}}, {.prefix_id = block});
                  }),
                  "cannot look ahead");
}

TEST(MatmulFree, TakingBackBeyondTheRollbackIsRefused) {
  welt::TensorComponent component =
      make({{"hidden_size", 16}, {"num_hidden_layers", 1}, {"intermediate_size", 16}}, WELT_INIT_RANDOM);
  welt::Cache cache = component.make_cache(1, 8, /*rollback=*/2);
  component.forward({at::randn({1, 6, 16}), {}}, {}, {}, &cache);
  const std::vector<std::int64_t> too_far{3}, near{4};
  EXPECT_CONTAINS(error_of([&] { cache.truncate(too_far); }), "go back at most 2");
  cache.truncate(near);
  EXPECT_EQ(cache.lengths(), near);
}

}  // namespace
