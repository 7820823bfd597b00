// A forward (and backward) pass over a batch in the Python reference's layout, with the output of every stage in that
// layout: what `welt model forward` writes.
#pragma once

#include <vector>

#include "core/parity/dense_batch.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// In evaluation mode: out/encoder_mapping_input, encoded_words, latent_hidden, latent_mapped, latents [B,L,…] (zero at
// words without bytes), out/logits [B,L,T',N·256] (zero where labels_attention_mask is 0), out/loss [1], mean over the
// labels' bytes. With `gradients` also, of the loss, grad/<parameter> for every parameter that has one, and
// grad_norm/<…> [1] of these and of the folded byte tables, which are no parameters and have gradient 0. `batch` is one
// of Predictors::shown.
std::vector<NamedTensor> dense_forward(WeltModel& model, const DenseBatch& batch, bool gradients);

}  // namespace welt
