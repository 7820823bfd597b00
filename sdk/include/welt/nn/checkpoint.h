// The loop over a model's blocks, with activation checkpointing (welt.mode/1): a block that is checkpointed keeps its
// input alone, and is run once more in the backward.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "welt/nn/module.h"
#include "welt/nn/row_plan.h"

namespace welt::nn {

// What goes from block to block: x and, undefined where there is none, what the last part adds to it. Pre-norm models
// carry both, so that sum and norm are one operation (residual_norm).
struct Stream {
  at::Tensor x, branch;
};

using BlockFunction = std::function<Stream(const Stream&)>;

// run(in), of which only `in` is kept for the backward. That runs it again, with the random numbers, autocast and grad
// mode of the first time, on stand-ins of the module's tensors: gradients are those of a plain call, hooks fire once,
// and buffers change once. `run` is called after the forward has returned, so it owns what it uses; the module must
// live.
Stream checkpoint(const Module& module, const BlockFunction& run, const Stream& in);

// Runs block i as block(stream, shared, i), for all i; every n-th with checkpoint() if the host has asked for it.
// `Shared` is what the blocks of one forward share, by value: a RowPlan `plan` or, without rows, a bool `traced`, and
// whatever else. A trace is told every value once, so that a call with one is not checkpointed. `first` and `end`: of a
// part of the blocks.
template <typename Block, typename Shared>
Stream run_blocks(const Body& model, const BlockList<Block>& blocks, Shared shared, Stream stream,
                  std::size_t first = 0, std::size_t end = SIZE_MAX) {
  const auto kept = std::make_shared<const Shared>(std::move(shared));
  bool traced;
  if constexpr (requires { kept->plan; })
    traced = kept->plan.traced();
  else
    traced = kept->traced;
  const std::int64_t every = at::GradMode::is_enabled() && !traced ? model.checkpoint_every() : 0;
  for (std::size_t i = first; i < std::min(end, blocks.size()); ++i) {
    const Block& block = blocks[i];
    if (every > 0 && static_cast<std::int64_t>(i) % every == 0) {
      stream = checkpoint(
          block, [&block, kept, i](const Stream& in) { return block(in, *kept, i); }, stream);
    } else {
      stream = block(stream, *kept, i);
    }
  }
  return stream;
}

}  // namespace welt::nn
