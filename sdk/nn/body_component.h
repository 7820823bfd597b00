// Inside sdk/nn only: what the tables of component_*.cpp share.
#pragma once

#include <c10/util/Exception.h>

#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <algorithm>
#include <cstring>
#include <welt/sdk/torch.hpp>

namespace welt::sdk::detail {

// fence() that also understands LibTorch's errors: their message without the C++ back trace.
template <typename Body>
welt_status torch_fence(welt_error* error, std::string_view source, Body&& body) noexcept {
  return fence(error, source, [&] {
    try {
      body();
    } catch (const c10::OutOfMemoryError& failure) {
      throw Failure(WELT_RESOURCE_EXHAUSTED, failure.what_without_backtrace());
    } catch (const c10::Error& failure) {
      throw Failure(WELT_INTERNAL, std::string("LibTorch: ") + failure.what_without_backtrace());
    }
  });
}

inline at::Tensor value_or_none(const welt_tensor* tensor) { return tensor == nullptr ? at::Tensor() : tensor->value; }

// Where the caller wants a result. Asked before anything is computed.
template <typename T>
T& place(T* out) {
  if (out == nullptr) throw invalid("there is no place for the answer");
  return *out;
}

// A new handle, owned by whoever gets it.
inline welt_tensor* give(at::Tensor value) { return std::make_unique<welt_tensor>(std::move(value)).release(); }

// Fills a struct of the caller's as far as the caller knows it.
template <typename Info>
void write_struct(Info info, Info* out) {
  if (out == nullptr) throw invalid("there is no place for the answer");
  constexpr std::uint32_t least = 2 * sizeof(std::uint32_t);
  if (out->struct_size < least) {
    throw invalid("the struct for the answer has a struct_size of " + std::to_string(out->struct_size) +
                  "; expected its size");
  }
  info.struct_size = std::min<std::uint32_t>(out->struct_size, sizeof(Info));
  std::memcpy(out, &info, info.struct_size);
}

// A component's self is its BodyComponent (TorchComponent::AbiSelf). The tables of a role are handed out by a component
// of that kind only, so they know what it is.
inline BodyComponent& body_of(const welt_component* component) { return instance_of<BodyComponent>(component); }
inline ModelComponent& component_of(const welt_component* component) {
  return static_cast<ModelComponent&>(body_of(component));
}
inline ImageComponent& image_of(const welt_component* component) {
  return static_cast<ImageComponent&>(body_of(component));
}

// The tables of the other interfaces, or null for an unknown id.
const void* state_table(std::string_view id);  // works on every BodyComponent
const void* role_table(const ModelComponent& component, std::string_view id);
const void* vocabulary_table(const ModelComponent& component);
const void* cache_table(const ModelComponent& component, std::string_view id);

// The cache behind a handle, after a check that it belongs to this component.
nn::Cache& cache_of(const ModelComponent& component, const welt_kv_cache* cache);

}  // namespace welt::sdk::detail
