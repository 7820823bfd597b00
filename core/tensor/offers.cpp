// See offers.h.
#include "core/tensor/offers.h"

#include <fmt/format.h>
#include <welt/abi/mode.h>

#include "core/base/error.h"

namespace welt {

bool has_cache(TensorComponent& component) {
  try {
    component.make_cache(/*batch=*/1, /*capacity=*/1);
    return true;
  } catch (const Error& error) {
    return error.code() != ErrorCode::unimplemented;
  }
}

bool checkpoint_every(const TensorComponent& component, std::int64_t blocks) {
  const auto* mode = static_cast<const welt_mode_v1*>(component.component().interface(WELT_MODE_INTERFACE));
  if (mode == nullptr || !WELT_HAS(mode, checkpoint_every) || mode->checkpoint_every == nullptr) return false;
  CallError error;
  const welt_status status = mode->checkpoint_every(component.component().raw(), blocks, error.raw());
  if (status == WELT_UNIMPLEMENTED) return false;
  error.check(status, fmt::format("plugin {}: switching its activation checkpointing", component.type().id));
  return true;
}

}  // namespace welt
