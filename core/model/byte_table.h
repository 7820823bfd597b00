// A byte embedding table with the bit bias of utf8-tokenizer's PatchedBitEmbeddings.
//
// folded = base + bits · projectionᵀ, bits of the byte value from the most significant down. The projection starts at
// zero, so that a new table equals its base. The host owns table and tied head; components only see the lookups.
// Checkpoint names below `name`: "<name>.embeddings.weight" (base), "<name>.bit_proj_w", "<name>.weight" (folded).
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>

namespace welt {

class ByteTable {
 public:
  // base ~ N(0, initializer_range) from the default generator, projection zero; both trainable. On the meta device:
  // shapes only.
  ByteTable(std::int64_t width, double initializer_range, const at::TensorOptions& options = at::kFloat);
  ByteTable(at::Tensor base, at::Tensor projection);

  at::Tensor base, projection;  // [256,E], [E,8]: the parameters

  at::Tensor folded() const;  // [256,E], with graph to both where grad mode is on; never rounded, also under autocast
};

}  // namespace welt
