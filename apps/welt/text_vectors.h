// What `welt text embed` writes: numbers on standard output, or a file that appears when it is whole. Memory holds a
// batch of texts.
#pragma once

#include "apps/welt/text_task.h"

namespace welt {

// Floating-point vectors, or with `binary` their bits as whole numbers of 64 bits (safetensors: I64, the same bits).
// Throws Error for a name that ends otherwise than .npy, .safetensors or .csv.
void write_vectors(const TextOptions& options, const similarity::StaticEmbedding& embedding);

}  // namespace welt
