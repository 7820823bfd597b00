// TensorComponent: making one, its facts, parameters and modes. Calls are in component_rows.cpp and
// component_image.cpp.
#include "core/tensor/tensor_component.h"

#include <welt/abi/decoder.h>
#include <welt/abi/device.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/mode.h>

#include <fmt/ranges.h>

#include <functional>
#include <numeric>

#include "core/base/error.h"
#include "core/tensor/component_facts.h"
#include "core/tensor/tensor_component_state.h"
#include "core/tensor/tensor_service.h"

namespace welt {
namespace {

// `role` itself when it is causal, else the first causal role the component has (its `forward` is null: none).
CausalBody causal_body(const Component& component, std::string_view role) {
  const auto* latent =
      static_cast<const welt_latent_transformer_v1*>(component.interface(WELT_LATENT_TRANSFORMER_INTERFACE));
  const auto* decoder = static_cast<const welt_decoder_v1*>(component.interface(WELT_DECODER_INTERFACE));
  if (latent != nullptr && (role != WELT_DECODER_INTERFACE || decoder == nullptr))
    return {latent->width, latent->max_positions, latent->forward};
  if (decoder != nullptr) return {decoder->width, decoder->max_positions, decoder->forward};
  return {};
}

}  // namespace

void TensorComponent::State::lacks(std::string_view interface) const {
  fail({.where = fmt::format("plugin {}, used as {}", component->type().id, role),
        .found = fmt::format("it was asked for a part of {}", interface),
        .expected = "what that role offers",
        .mend = "Use another component here"},
       ErrorCode::unimplemented);
}

TensorComponent::TensorComponent(const ComponentType& type, std::string_view role, const ConfigView& config,
                                 std::uint32_t init) {
  register_tensor_service();
  if (!type.has_role(role))
    fail({.where = fmt::format("plugin {}", type.id),
          .found = fmt::format("it was asked to be a {}", role),
          .expected = fmt::format("one of its roles: {}", fmt::join(type.roles, ", "))});
  state_ = std::make_unique<State>(type, role, config, init);
  const Component& component = *state_->component;
  state_->parameters = &component.require<welt_parameters_v1>(WELT_PARAMETERS_INTERFACE);
  if (role == WELT_IMAGE_ENCODER_INTERFACE) {
    state_->images = &component.require<welt_image_encoder_v1>(role);
    state_->image_encoder_info = read_image_facts(component, *state_->images);
  } else {
    state_->encoder = static_cast<const welt_bytes_encoder_v1*>(component.interface(WELT_BYTES_ENCODER_INTERFACE));
    state_->causal = causal_body(component, role);
    if (role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder == nullptr : state_->causal.forward == nullptr)
      component.require<welt_bytes_encoder_v1>(role);  // throws, naming plugin and interface
    state_->vocabulary_table = &component.require<welt_vocabulary_v1>(WELT_VOCABULARY_INTERFACE);
    state_->vocabulary = read_vocabulary(component, *state_->vocabulary_table);
  }
  state_->names = read_parameters(component, *state_->parameters);
}

TensorComponent::TensorComponent(TensorComponent&&) noexcept = default;
TensorComponent::~TensorComponent() = default;

const ComponentType& TensorComponent::type() const { return state_->component->type(); }
const Component& TensorComponent::component() const { return *state_->component; }
const nlohmann::json& TensorComponent::config() const { return state_->config; }
const std::vector<NamedParameter>& TensorComponent::parameters() const { return state_->names; }

bool TensorComponent::has_vocabulary() const { return state_->vocabulary_table != nullptr; }

const Vocabulary& TensorComponent::vocabulary() const {
  if (!has_vocabulary()) state_->lacks(WELT_VOCABULARY_INTERFACE);
  return state_->vocabulary;
}

const ImageEncoderInfo& TensorComponent::image_encoder_info() const {
  if (state_->images == nullptr) state_->lacks(WELT_IMAGE_ENCODER_INTERFACE);
  return state_->image_encoder_info;
}

const std::string& TensorComponent::base_prefix() const {
  return has_vocabulary() ? state_->vocabulary.base_prefix : state_->image_encoder_info.base_prefix;
}

double TensorComponent::initializer_range() const {
  return has_vocabulary() ? state_->vocabulary.initializer_range : state_->image_encoder_info.initializer_range;
}

std::int64_t TensorComponent::width() const {
  if (state_->images != nullptr) return state_->image_encoder_info.width;
  return state_->role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder->width(state_->raw())
                                                      : state_->causal.width(state_->raw());
}

std::int64_t TensorComponent::max_positions() const {
  if (state_->images != nullptr) return 0;
  return state_->role == WELT_BYTES_ENCODER_INTERFACE ? state_->encoder->max_positions(state_->raw())
                                                      : state_->causal.max_positions(state_->raw());
}

std::int64_t TensorComponent::parameter_count() const {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < parameters().size(); ++i) {
    const NamedParameter& one = parameters()[i];
    if (one.kind == WELT_PARAMETER && one.same_as == i)
      count += std::accumulate(one.shape.begin(), one.shape.end(), std::int64_t{1}, std::multiplies<>());
  }
  return count;
}

std::vector<at::Tensor> TensorComponent::tensors() const {
  std::vector<at::Tensor> result;
  result.reserve(state_->names.size());
  for (std::size_t i = 0; i < state_->names.size(); ++i) {
    CallError error;
    welt_tensor* handle = nullptr;
    error.check(state_->parameters->get(state_->raw(), i, &handle, error.raw()),
                state_->what("getting parameter " + state_->names[i].name));
    result.push_back(take_tensor(handle));
    if (!result.back().defined())
      fail({.where = state_->what("getting parameter " + state_->names[i].name),
            .found = "it succeeded and gave nothing",
            .expected = "the parameter's tensor",
            .mend = "Tell the plugin's author"},
           ErrorCode::internal);
  }
  return result;
}

void TensorComponent::bind(std::size_t index, const at::Tensor& tensor) {
  CallError error;
  const Borrowed borrowed(tensor);
  error.check(state_->parameters->bind(state_->raw(), index, borrowed.ref(), error.raw()),
              state_->what("installing parameter " + state_->names.at(index).name));
}

TensorComponent TensorComponent::initialised() const {
  return TensorComponent(type(), state_->role,
                         ConfigView(type(), config(), /*strict=*/false, state_->what("its config")), WELT_INIT_RANDOM);
}

void TensorComponent::to(at::Device device_now, at::ScalarType dtype) {
  const auto& device = state_->component->require<welt_device_v1>(WELT_DEVICE_INTERFACE);
  const std::string name = device_now.str();
  CallError error;
  error.check(device.to(state_->raw(), string_of(name), abi_dtype(dtype), error.raw()),
              state_->what(fmt::format("converting it to {} on {}", c10::toString(dtype), name)));
}

void TensorComponent::set_training(bool training) {
  const auto* mode = static_cast<const welt_mode_v1*>(state_->component->interface(WELT_MODE_INTERFACE));
  if (mode == nullptr) return;  // both modes are the same then
  CallError error;
  error.check(mode->set(state_->raw(), training ? WELT_MODE_TRAINING : WELT_MODE_EVALUATION, error.raw()),
              state_->what("switching its mode"));
}

void TensorComponent::set_trace(TraceCallback callback) {
  const auto& trace = state_->component->require<welt_trace_v1>(WELT_TRACE_INTERFACE);
  state_->trace.callback = std::move(callback);
  CallError error;
  error.check(
      trace.set(state_->raw(), state_->trace.callback ? &ComponentTrace::call : nullptr, &state_->trace, error.raw()),
      state_->what("switching its trace"));
}

}  // namespace welt
