// sdk/nn with the program's kernels (float32) beside plain operators (float64): the same rows, masks and caches.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/kernels/instructions.h"
#include "core/kernels/step_weights.h"
#include "welt/nn/attention.h"
#include "welt/nn/blocks.h"

namespace {

using at::Tensor;
using namespace welt::nn;

double distance(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

struct Rows {
  Tensor x, offsets, document, valid, prefix;
  bool causal = true;
};

// Attention of one row after the other with queries, keys and values that are the embeds themselves.
Tensor attend(const Rows& rows, at::ScalarType type, Window window, Cache* cache = nullptr) {
  RowInput input;
  input.embeds = rows.x.to(type);
  input.row_offsets = rows.offsets, input.causal = rows.causal, input.cache = cache;
  input.document_id = rows.document, input.key_valid = rows.valid, input.prefix_id = rows.prefix;
  const RowPlan plan(input);
  const Tensor heads = plan.enter(input.embeds).view({-1, 4, 6});
  const Rotary rotary({.head_dim = 6});
  const RotaryTable table = rotary.table(plan.positions(), plan.longest_position(), type);
  const Tensor kv = heads.narrow(1, 0, 2);
  const Tensor out = plan.leave(row_attention(heads, kv, kv, plan, {.window = window, .rotary = &table, .layer = 0}));
  plan.commit();
  return out;
}

TEST(HostKernels, AreFoundHere) {
  ASSERT_NE(welt::kernels::chosen_instructions(), nullptr);
  EXPECT_EQ(welt::kernels::kernels_in_use(), 1);
}

TEST(HostKernels, AttentionIsThatOfPlainOperators) {
  Rows rows{.x = at::randn({30, 24}),
            .offsets = at::tensor({0, 9, 9, 12, 29, 30}, at::kLong)};  // not in order of length
  for (const Window window : {Window{}, Window{3, -1}}) {
    EXPECT_LT(distance(attend(rows, at::kFloat, window), attend(rows, at::kDouble, window)), 1e-6);
    Rows masked = rows;
    masked.document = at::cat({at::tensor({0, 0, 0, 1, 1, 1, 1, 2, 2}, at::kLong), at::tensor({0, 0, 0}, at::kLong),
                               at::tensor({0, 0, 5, 5, 5, 5, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7}, at::kLong),
                               at::tensor({1}, at::kLong)});
    EXPECT_LT(distance(attend(masked, at::kFloat, window), attend(masked, at::kDouble, window)), 1e-6);
    masked.valid = at::rand({30}) > 0.4;
    masked.prefix =
        at::cat({at::tensor({-1, 1, 1, 1, -1}, at::kLong), at::tensor(std::vector<std::int64_t>(25, -1), at::kLong)});
    EXPECT_LT(distance(attend(masked, at::kFloat, window), attend(masked, at::kDouble, window)), 1e-6);
    masked.causal = false;
    EXPECT_LT(distance(attend(masked, at::kFloat, window), attend(masked, at::kDouble, window)), 1e-6);
  }
}

// Packed rows of unequal lengths, then steps that add 1, 2 or no slots to them.
TEST(HostKernels, StepsBehindACacheAreThoseOfPlainOperators) {
  const at::NoGradGuard no_grad;
  for (const Window window : {Window{}, Window{4, -1}}) {
    const CacheLayout layout{.layers = 1, .kv_heads = 2, .key_width = 6, .value_width = 6};
    Cache narrow(layout, 3, 24, 24), wide(layout, 3, 24, 24);
    for (const std::vector<std::int64_t>& offsets :
         {std::vector<std::int64_t>{0, 12, 15, 22}, {0, 1, 2, 3}, {0, 2, 2, 3}, {0, 1, 3, 4}}) {
      const Rows rows{.x = at::randn({offsets.back(), 24}), .offsets = at::tensor(offsets, at::kLong)};
      EXPECT_LT(distance(attend(rows, at::kFloat, window, &narrow), attend(rows, at::kDouble, window, &wide)), 1e-6);
    }
    EXPECT_EQ(narrow.lengths(), wide.lengths());
  }
}

TEST(HostKernels, SwitchedOffEverythingGoesByPlainOperators) {
  const Rows rows{.x = at::randn({12, 24}), .offsets = at::tensor({0, 5, 12}, at::kLong)};
  const Tensor with = attend(rows, at::kFloat, {});
  const welt::kernels::InstructionSet* before = welt::kernels::chosen_instructions();
  welt::kernels::choose_instructions(nullptr);
  const Tensor without = attend(rows, at::kFloat, {});
  welt::kernels::choose_instructions(before);
  EXPECT_LT(distance(with, without), 1e-6);
}

class StepWeightsTest : public testing::Test {
 protected:
  ~StepWeightsTest() override { welt::kernels::set_step_weights("fp32"); }
};

TEST_F(StepWeightsTest, NarrowCopiesAreNearAndFollowTheWeight) {
  Linear linear(40, 30, true, at::TensorOptions(at::kFloat), 0.5);
  linear.initialise();
  const Tensor x = at::randn({50, 40}), exact = linear(x).detach();
  for (const auto& [name, tolerance] : {std::pair{"bf16", 4e-3}, {"int8", 1e-2}}) {
    welt::kernels::set_step_weights(name);
    EXPECT_TRUE(linear(x).equal(exact)) << "training takes the weights as they are";
    const at::NoGradGuard no_grad;
    const double off = distance(linear(x), exact);
    EXPECT_LT(off, tolerance) << name;
    EXPECT_GT(off, 1e-6) << name;
    linear.weight.mul_(2);
    EXPECT_LT(distance(linear(x) - linear.bias, 2 * (exact - linear.bias)), tolerance) << name << ", changed";
    linear.weight.div_(2);
  }
}

// GPT-2's matrices lie the other way round; before, nothing narrowed them, and nobody said so.
TEST_F(StepWeightsTest, MatricesThatLieTheOtherWayRoundAreNarrowedToo) {
  const at::NoGradGuard no_grad;
  Conv1D conv(40, 30, at::TensorOptions(at::kFloat), 0.5);
  conv.initialise();
  const Tensor x = at::randn({5, 40}), exact = conv(x);
  welt::kernels::set_step_weights("int8");
  const std::int64_t before = welt::kernels::narrow_products();
  const double off = distance(conv(x), exact);
  EXPECT_LT(off, 1e-2);
  EXPECT_GT(off, 1e-6);
  EXPECT_EQ(welt::kernels::narrow_products(), before + 1);
}

TEST_F(StepWeightsTest, OtherNamesAndSwitchedOffKernelsAreRefused) {
  EXPECT_THROW(welt::kernels::set_step_weights("int4"), welt::Error);
  const welt::kernels::InstructionSet* before = welt::kernels::chosen_instructions();
  welt::kernels::choose_instructions(nullptr);
  EXPECT_THROW(welt::kernels::set_step_weights("int8"), welt::Error);
  EXPECT_EQ(welt::kernels::step_weights_of("auto"), welt::kernels::StepWeights::float32);
  welt::kernels::choose_instructions(before);
  EXPECT_EQ(welt::kernels::step_weights_of("auto"), welt::kernels::StepWeights::bfloat16);
}

TEST_F(StepWeightsTest, AScopeEndsWithTheWeightsThatWereThere) {
  welt::kernels::set_step_weights("bf16");
  const auto now = [] { return welt::kernels::StepWeights(welt::kernels::step_weights().load()); };
  {
    const welt::kernels::StepWeightsScope eight("int8");
    EXPECT_EQ(now(), welt::kernels::StepWeights::int8);
    EXPECT_THROW(welt::kernels::StepWeightsScope("int4"), welt::Error);
  }
  EXPECT_EQ(now(), welt::kernels::StepWeights::bfloat16);
}

}  // namespace
