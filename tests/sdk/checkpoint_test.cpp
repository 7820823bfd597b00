// Activation checkpointing: gradients of a plain call, with dropout too; hooks fire once, the generator goes on as
// after one run.
#include "welt/nn/checkpoint.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <vector>

#include "welt/nn/blocks.h"

namespace {

using at::Tensor;
namespace nn = welt::nn;

struct Shared {
  nn::RowPlan plan;
  double dropout;
};

class Block : public nn::Module {
 public:
  Block() : norm_(4, 1e-5, at::kDouble), linear_(4, 4, true, at::kDouble, 0.5) {
    child("norm", norm_);
    child("linear", linear_);
  }
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t) const {
    ++calls;
    const nn::Residual before = nn::residual_norm(in.branch, in.x, norm_.spec());
    return {before.sum, nn::dropout(linear_(before.normed), shared.dropout)};
  }
  mutable int calls = 0;

 private:
  nn::LayerNorm norm_;
  nn::Linear linear_;
};

class Stack : public nn::Body {
 public:
  Stack() : blocks(3) {
    child("blocks", blocks);
    initialise();
  }
  nn::BlockList<Block> blocks;
};

void seed() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(7);
}

// Gradients of the input and of every parameter.
std::vector<Tensor> gradients(Stack& stack, std::int64_t every, const Tensor& values, double dropout) {
  for (const nn::Slot& slot : stack.slots()) slot.tensor->mutable_grad().reset();
  stack.set_checkpoint_every(every);
  const Tensor input = values.clone().requires_grad_(true);
  seed();
  {
    const nn::Stream out =
        nn::run_blocks(stack, stack.blocks, Shared{nn::RowPlan({.embeds = input}), dropout}, {input.view({6, 4}), {}});
    (out.x + out.branch).square().sum().backward();
  }
  std::vector<Tensor> all{input.grad()};
  for (const nn::Slot& slot : stack.slots()) all.push_back(slot.tensor->grad());
  return all;
}

TEST(Checkpoint, GradientsAreThoseOfAPlainCall) {
  Stack stack;
  const Tensor values = at::randn({2, 3, 4}, at::kDouble);
  for (const double dropout : {0.0, 0.4}) {
    const std::vector<Tensor> plain = gradients(stack, 0, values, dropout);
    for (const std::int64_t every : {1, 2}) {
      const std::vector<Tensor> again = gradients(stack, every, values, dropout);
      ASSERT_EQ(again.size(), plain.size());
      for (std::size_t i = 0; i < plain.size(); ++i)
        EXPECT_LT((again[i] - plain[i]).abs().max().item<double>(), 1e-12) << i << ", dropout " << dropout;
    }
  }
}

TEST(Checkpoint, RunsEveryNthBlockTwice) {
  Stack stack;
  gradients(stack, 2, at::randn({2, 3, 4}, at::kDouble), 0);
  EXPECT_EQ(stack.blocks[0].calls, 2);
  EXPECT_EQ(stack.blocks[1].calls, 1);
  EXPECT_EQ(stack.blocks[2].calls, 2);
}

TEST(Checkpoint, HooksFireOnce) {
  Stack stack;
  std::vector<int> fired(stack.slots().size());
  for (std::size_t i = 0; i < fired.size(); ++i) {
    stack.slots()[i].tensor->register_hook([&fired, i](const Tensor&) { ++fired[i]; });
  }
  gradients(stack, 1, at::randn({2, 3, 4}, at::kDouble), 0);
  EXPECT_EQ(fired, std::vector<int>(fired.size(), 1));
}

TEST(Checkpoint, TheSecondRunLeavesTheGeneratorAlone) {
  Stack stack;
  const Tensor values = at::randn({2, 3, 4}, at::kDouble);
  gradients(stack, 0, values, 0.4);
  const Tensor plain = at::randn({3});
  gradients(stack, 1, values, 0.4);
  EXPECT_TRUE(at::equal(at::randn({3}), plain));
}

TEST(Checkpoint, BuffersChangeOnce) {
  struct Counting : nn::Module {
    Counting() {
      buffer("calls", calls, {}, at::kLong, nn::Init::zeros());
      initialise();
    }
    nn::Stream operator()(const nn::Stream& in) const {
      calls.add_(1);
      return {in.x * in.x, {}};
    }
    nn::Tensor calls;
  };
  const Counting block;
  const Tensor input = at::randn({3}, at::kDouble).requires_grad_(true);
  nn::checkpoint(block, [&](const nn::Stream& in) { return block(in); }, {input, {}}).x.sum().backward();
  EXPECT_TRUE(at::equal(input.grad(), 2 * input));
  EXPECT_EQ(block.calls.item<std::int64_t>(), 1);
}

TEST(Checkpoint, ATracedCallIsNotCheckpointed) {
  Stack stack;
  stack.set_checkpoint_every(1);
  const Tensor input = at::randn({2, 3, 4}, at::kDouble).requires_grad_(true);
  const nn::RowPlan traced({.embeds = input}, [](std::string_view, const Tensor&) {});
  nn::run_blocks(stack, stack.blocks, Shared{traced, 0}, {input.view({6, 4}), {}}).branch.sum().backward();
  EXPECT_EQ(stack.blocks[0].calls, 1);
}

}  // namespace
