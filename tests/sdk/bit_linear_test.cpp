// Ternary layers: whole-number products are exact in every form that runs here, and equal what gradients are taken of.
#include "welt/nn/bit_linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "sdk/nn/ternary_kernel.h"
#include "tests/sdk/refusal.h"

namespace {

using at::Tensor;
using nlohmann::json;
using welt::nn::BitLinear;

double gap(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

// Of most rows: in float32 an activation on a rounding border may go either way, and one whole number of its row with
// it.
double usual_gap(const Tensor& a, const Tensor& b) {
  return std::get<0>((a - b).abs().amax(-1).flatten().median(0)).item<double>();
}

// What every form gives for these weights and activations.
std::vector<std::vector<std::int32_t>> products(const std::vector<std::vector<int>>& weights,
                                                const std::vector<std::vector<int>>& activations) {
  using namespace welt::ternary;
  const auto in = static_cast<std::int64_t>(weights.front().size()), padded = blocks_of(in) * block;
  std::vector<std::uint8_t> packed;
  for (const std::vector<int>& row : weights) {
    const std::vector<float> values(row.begin(), row.end());
    packed.resize(packed.size() + static_cast<std::size_t>(row_bytes(in)));
    pack_row(values.data(), in, 1.0F, packed.data() + packed.size() - row_bytes(in));
  }
  std::vector<std::int8_t> q;
  std::vector<std::int32_t> sums;
  for (const std::vector<int>& row : activations) {
    sums.push_back(0);
    for (const int value : row) sums.back() += value;
    for (std::int64_t i = 0; i < padded; ++i)
      q.push_back(static_cast<std::int8_t>(i < in ? row[static_cast<std::size_t>(i)] : 0));
  }
  std::vector<std::vector<std::int32_t>> all;
  for (std::size_t form = 0; form < form_count; ++form) {
    if (!forms()[form].here) continue;
    all.emplace_back(weights.size() * activations.size());
    forms()[form].run({packed.data(), static_cast<std::int64_t>(weights.size()), blocks_of(in), q.data(), sums.data(),
                       static_cast<std::int64_t>(activations.size()), all.back().data(),
                       static_cast<std::int64_t>(weights.size())});
  }
  return all;
}

TEST(TernaryKernelParity, EveryFormGivesTheReferencesWholeNumbers) {
  std::ifstream file(std::filesystem::path(WELT_TEST_DATA) / "models/hgrn-bit-a/ternary.json");
  const json golden = json::parse(file), activations = golden.at("activations");
  std::vector<std::vector<int>> weights;
  for (const std::string row :
       golden.at("weights").at(activations.at("layer").get<std::string>() + ".weight").at("rows")) {
    weights.emplace_back();
    for (const char sign : row) weights.back().push_back(sign == '-' ? -1 : sign == '+' ? 1 : 0);
  }
  std::vector<std::int32_t> expected;
  for (const std::vector<std::int32_t>& row : activations.at("int32").get<std::vector<std::vector<std::int32_t>>>())
    expected.insert(expected.end(), row.begin(), row.end());
  const auto found = products(weights, activations.at("int8").get<std::vector<std::vector<int>>>());
  EXPECT_FALSE(found.empty());
  for (const auto& form : found) EXPECT_EQ(form, expected);
}

// 127 in every place and weights all 1: sums of 16 bits would run over in rows of more than 16 blocks.
TEST(TernaryKernel, LargestSumsDoNotRunOver) {
  for (const std::size_t in : {1, 127, 128, 2048, 5000}) {
    std::vector<std::vector<int>> weights(3, std::vector<int>(in, 1)), activations(6, std::vector<int>(in, 127));
    std::ranges::fill(weights[1], -1);
    for (std::size_t i = 0; i < in; ++i)
      weights[2][i] = static_cast<int>(i % 3) - 1, activations[1][i] = -128 + static_cast<int>(i % 256);
    std::vector<std::int32_t> expected;
    for (const auto& row : activations)
      for (const auto& column : weights) {
        expected.push_back(0);
        for (std::size_t i = 0; i < in; ++i) expected.back() += row[i] * column[i];
      }
    for (const auto& form : products(weights, activations)) EXPECT_EQ(form, expected) << in;
  }
}

TEST(BitLinear, ProductsByAdditionsAreThoseThatGradientsAreTakenOf) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    BitLinear layer(200, 70, BitLinear::Weights::trained, at::TensorOptions(at::kFloat), 0.1, "layer");
    layer.initialise();
    for (const welt::nn::Slot& slot : layer.slots()) *slot.tensor = slot.tensor->detach().to(type).requires_grad_();
    const Tensor x = at::randn({2, 5, 200}, type);
    const Tensor with = layer(x);
    EXPECT_TRUE(with.requires_grad());
    const at::NoGradGuard no_grad;
    const auto apart = type == at::kDouble ? gap : usual_gap;
    EXPECT_LT(apart(layer(x), with), type == at::kDouble ? 1e-12 : 1e-5);
    layer.weight.mul_(-1);  // in place: what was packed is old
    EXPECT_LT(apart(layer(x), -with), type == at::kDouble ? 1e-12 : 1e-5);
  }
}

TEST(BitLinear, PackedWeightsGiveWhatTheMatrixGives) {
  BitLinear layer(200, 70, BitLinear::Weights::trained, at::TensorOptions(at::kFloat), 0.1, "layer");
  BitLinear packed(200, 70, BitLinear::Weights::packed, at::TensorOptions(at::kFloat), 0.1, "layer");
  layer.initialise(), packed.initialise();
  welt::nn::PackedWeights made;
  packed.weight_packed = made.of(layer.weight).codes;
  packed.weight_mean.fill_(made.of(layer.weight).mean);
  Tensor x = at::randn({5, 200}).requires_grad_(), other = x.detach().clone().requires_grad_();
  const Tensor one = layer(x), two = packed(other);
  EXPECT_LT(gap(one, two), 1e-5);
  one.square().sum().backward(), two.square().sum().backward();
  EXPECT_LT(gap(x.grad(), other.grad()), 1e-3);
  const at::NoGradGuard no_grad;
  EXPECT_LT(usual_gap(packed(x), one), 1e-5);
  EXPECT_EQ(packed.weight_packed.nbytes(), 70U * 64U);
}

// A number that is none would come out as a whole number like any other.
TEST(BitLinear, AValueThatIsNotFiniteSpoilsItsRowAndNoOther) {
  BitLinear layer(200, 7, BitLinear::Weights::trained, at::TensorOptions(at::kFloat), 0.1, "layer");
  layer.initialise();
  Tensor x = at::randn({3, 200});
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    x[1][150] = value;
    for (const bool graph : {false, true}) {
      const at::AutoGradMode mode(graph);
      const Tensor seen = layer(x).isnan();
      EXPECT_TRUE(seen[1].all().item<bool>()) << value << graph;
      EXPECT_FALSE(seen[0].any().item<bool>() || seen[2].any().item<bool>()) << value << graph;
    }
  }
}

TEST(BitLinear, ACodeThatMeansNothingIsRefusedByName) {
  BitLinear packed(200, 7, BitLinear::Weights::packed, at::TensorOptions(at::kFloat), 0.1, "layers.3.attn.i_proj");
  packed.initialise();
  packed.weight_packed[2][40] = 0x30;
  const std::string refusal = welt::test::refusal([&] { packed(at::randn({1, 200})); });
  EXPECT_NE(refusal.find("layers.3.attn.i_proj"), refusal.npos) << refusal;
  EXPECT_NE(refusal.find("code 3 in row 2"), refusal.npos) << refusal;
}

}  // namespace
