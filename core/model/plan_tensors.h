// A step plan as tensors of the model's device. The only place where its lists become tensors: all in one upload.
//
// On the CPU a tensor is its list, without a copy: the plan lives as long as the graph. Row offsets stay on the host,
// where components want them (welt/abi/rows.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/step_plan.h"

namespace welt {

// Undefined tensors are lists that a plan does not have.
struct WordTensors {
  at::Tensor ids;                    // [tokens·N]
  at::Tensor host_offsets, offsets;  // [rows+1]
  at::Tensor visible;                // [tokens]
  std::int64_t rows() const { return host_offsets.size(0) - 1; }
};

struct LatentTensors {
  at::Tensor word_row;                    // [B,W], 0 where there is no word
  at::Tensor position, document, prefix;  // [B,W]
  at::Tensor dense;                       // [B,1,W,W]
};

struct ChunkTensors {
  std::int64_t first_latent = 0, latents = 0, rows = 0;
  at::Tensor ids, host_offsets, visible, predictors, targets, target_row;
};

// What the decoder spells: [R] flat slots whose latents its rows begin with, and these rows.
struct SpellingTensors {
  at::Tensor positions;
  std::vector<ChunkTensors> chunks;
};

struct StepTensors {
  WordTensors words;
  LatentTensors latent;
  at::Tensor positions;  // of the latents that the decoder reads
  std::vector<ChunkTensors> chunks;
  std::vector<SpellingTensors> further;  // as in StepPlan
  SpellingTensors masked;
};

StepTensors upload(const StepPlan& plan, at::Device device);
WordTensors upload(const WordPlan& plan, at::Device device);
LatentTensors upload(const LatentPlan& plan, at::Device device);
ChunkTensors upload(const DecoderChunk& chunk, at::Device device);

}  // namespace welt
