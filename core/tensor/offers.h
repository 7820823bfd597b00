// What a component may do without, by null, by a short table, without the interface, or by WELT_UNIMPLEMENTED.
#pragma once

#include <cstdint>

#include "core/tensor/tensor_component.h"

namespace welt {

// Without one, no text is written. Whatever else is wrong with it, the call that makes one tells.
bool has_cache(TensorComponent& component);

// Activation checkpointing of every n-th block, 0: of none. False: the component does not do that.
bool checkpoint_every(const TensorComponent& component, std::int64_t blocks);

}  // namespace welt
