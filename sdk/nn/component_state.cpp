// The tables about a component's state, whatever its role: parameters, mode, trace, device.
#include <welt/abi/device.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>

#include "body_component.h"

namespace welt::sdk::detail {
namespace {

std::uint32_t dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return WELT_DTYPE_FLOAT32;
    case at::kDouble:
      return WELT_DTYPE_FLOAT64;
    case at::kBFloat16:
      return WELT_DTYPE_BFLOAT16;
    case at::kHalf:
      return WELT_DTYPE_FLOAT16;
    case at::kLong:
      return WELT_DTYPE_INT64;
    case at::kInt:
      return WELT_DTYPE_INT32;
    case at::kByte:
      return WELT_DTYPE_UINT8;
    case at::kBool:
      return WELT_DTYPE_BOOL;
    default:
      return 0;
  }
}

at::ScalarType floating_type(std::uint32_t dtype) {
  switch (dtype) {
    case WELT_DTYPE_FLOAT32:
      return at::kFloat;
    case WELT_DTYPE_FLOAT64:
      return at::kDouble;
    case WELT_DTYPE_BFLOAT16:
      return at::kBFloat16;
    case WELT_DTYPE_FLOAT16:
      return at::kHalf;
    default:
      throw invalid("dtype " + std::to_string(dtype) + " is not a floating WELT_DTYPE_…");
  }
}

const nn::Slot& slot_of(const BodyComponent& component, std::uint64_t index) {
  if (index >= component.slots().size()) {
    throw Failure(WELT_OUT_OF_RANGE, "there are " + std::to_string(component.slots().size()) + " parameters; number " +
                                         std::to_string(index) + " was asked for");
  }
  return component.slots()[index];
}

std::uint64_t count(const welt_component* component) {
  std::uint64_t out = 0;
  torch_fence(nullptr, "parameters", [&] { out = body_of(component).slots().size(); });
  return out;
}

welt_status describe(const welt_component* component, std::uint64_t index, welt_parameter_info* out,
                     welt_error* error) {
  return torch_fence(error, "parameters", [&] {
    const BodyComponent& self = body_of(component);
    const nn::Slot& slot = slot_of(self, index);
    const std::vector<std::int64_t>& shape = self.shapes()[index];
    welt_parameter_info info{};
    info.name = to_abi(slot.name);
    info.kind = slot.buffer ? WELT_BUFFER : WELT_PARAMETER;
    info.trainable = slot.traits.trainable ? 1 : 0;
    info.decay = slot.traits.decay ? WELT_DECAY_YES : WELT_DECAY_NO;
    info.dtype = dtype_of(slot.tensor->scalar_type());
    info.shape = shape.data();
    info.dims = shape.size();
    info.tied_to = to_abi(slot.tied_to);
    info.optional_in_file = slot.optional_in_file ? 1 : 0;
    info.table = slot.traits.table ? 1 : 0;
    write_struct(info, out);
  });
}

welt_status get(const welt_component* component, std::uint64_t index, welt_tensor** out, welt_error* error) {
  return torch_fence(error, "parameters", [&] {
    welt_tensor*& result = place(out);
    result = give(*slot_of(body_of(component), index).tensor);
  });
}

welt_status bind(welt_component* component, std::uint64_t index, const welt_tensor* tensor, welt_error* error) {
  return torch_fence(error, "parameters", [&] { body_of(component).bind(index, value_or_none(tensor)); });
}

std::uint64_t generation(const welt_component* component) {
  std::uint64_t out = 0;
  torch_fence(nullptr, "parameters", [&] { out = body_of(component).generation(); });
  return out;
}

welt_status set_mode(welt_component* component, std::uint32_t mode, welt_error* error) {
  return torch_fence(error, "mode", [&] {
    if (mode != WELT_MODE_TRAINING && mode != WELT_MODE_EVALUATION) {
      throw invalid("mode is " + std::to_string(mode) + "; expected WELT_MODE_TRAINING or WELT_MODE_EVALUATION");
    }
    body_of(component).body().set_training(mode == WELT_MODE_TRAINING);
  });
}

welt_status checkpoint_every(welt_component* component, std::int64_t blocks, welt_error* error) {
  return torch_fence(error, "mode", [&] {
    if (blocks < 0) throw invalid("every " + std::to_string(blocks) + "th block was asked for; expected 0 or more");
    body_of(component).body().set_checkpoint_every(blocks);
  });
}

welt_status set_trace(welt_component* component, welt_trace_fn callback, void* user_data, welt_error* error) {
  return torch_fence(error, "trace", [&] { body_of(component).set_trace(callback, user_data); });
}

welt_status to(welt_component* component, welt_string device, std::uint32_t dtype, welt_error* error) {
  return torch_fence(error, "device", [&] {
    if (from_abi(device) != "cpu") {
      throw Failure(WELT_UNIMPLEMENTED, "device \"" + std::string(from_abi(device)) + "\" is not offered; use \"cpu\"");
    }
    if (dtype != 0) body_of(component).to(floating_type(dtype));
  });
}

constexpr welt_parameters_v1 parameters_table = {.struct_size = sizeof(parameters_table),
                                                 .count = count,
                                                 .describe = describe,
                                                 .get = get,
                                                 .bind = bind,
                                                 .generation = generation};
constexpr welt_mode_v1 mode_table = {
    .struct_size = sizeof(mode_table), .set = set_mode, .checkpoint_every = checkpoint_every};
constexpr welt_trace_v1 trace_table = {.struct_size = sizeof(trace_table), .set = set_trace};
constexpr welt_device_v1 device_table = {.struct_size = sizeof(device_table), .to = to};

}  // namespace

const void* state_table(std::string_view id) {
  if (id == WELT_PARAMETERS_INTERFACE) return &parameters_table;
  if (id == WELT_MODE_INTERFACE) return &mode_table;
  if (id == WELT_TRACE_INTERFACE) return &trace_table;
  if (id == WELT_DEVICE_INTERFACE) return &device_table;
  return nullptr;
}

}  // namespace welt::sdk::detail
