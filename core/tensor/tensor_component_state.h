// Inside core/model only: what the parts of TensorComponent (component*.cpp) share.
#pragma once

#include <fmt/format.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>

#include <exception>
#include <utility>
#include <welt/sdk/tensor_box.hpp>

#include "core/base/error.h"
#include "core/plugin/strings.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// A borrowed handle on the stack; ref() is null for an undefined tensor.
struct Borrowed {
  explicit Borrowed(const at::Tensor& tensor) : box{tensor} {}
  const welt_tensor* ref() const { return box.value.defined() ? &box : nullptr; }
  welt_tensor box;
};

// Throws Error (internal) where what a plugin gave, `what`, is nothing or of another shape.
inline void require_shape(const at::Tensor& result, at::IntArrayRef expected, const std::string& what) {
  if (result.defined() && result.sizes() == expected) return;
  fail({.where = what,
        .found = result.defined() ? shape_text(result.sizes()) : "it succeeded and gave nothing",
        .expected = shape_text(expected),
        .mend = "Tell the plugin's author"},
       ErrorCode::internal);
}

// What latent transformers and decoders have in common, whichever of the two tables a component offers.
struct CausalBody {
  std::int64_t (*width)(const welt_component*) = nullptr;
  std::int64_t (*max_positions)(const welt_component*) = nullptr;
  welt_status (*forward)(welt_component*, const welt_rows*, const welt_attention*, const welt_tensor*, welt_kv_cache*,
                         welt_tensor**, welt_error*) = nullptr;
};

// What a trace callback needs; its address is the user data that the plugin keeps.
struct ComponentTrace {
  TraceCallback callback;
  std::exception_ptr failure;  // thrown by the callback: kept until the call is over, nothing is thrown through C

  static void call(void* self, welt_string name, const welt_tensor* value) noexcept {
    auto& trace = *static_cast<ComponentTrace*>(self);
    try {
      if (trace.callback && !trace.failure) trace.callback(view_of(name), value->value);
    } catch (...) {
      trace.failure = std::current_exception();
    }
  }
  void rethrow() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

struct TensorComponent::State {
  State(const ComponentType& type, std::string_view role_id, const ConfigView& view, std::uint32_t init)
      : component(std::make_shared<Component>(type, view, init)), config(view.json()), role(role_id) {}
  std::shared_ptr<Component> component;  // shared with caches, which must not outlive it
  nlohmann::json config;
  std::string role;
  const welt_bytes_encoder_v1* encoder = nullptr;
  CausalBody causal;
  const welt_parameters_v1* parameters = nullptr;
  const welt_vocabulary_v1* vocabulary_table = nullptr;  // null: an image encoder
  Vocabulary vocabulary;
  const welt_image_encoder_v1* images = nullptr;  // null: any other role
  ImageEncoderInfo image_encoder_info;
  std::vector<NamedParameter> names;
  ComponentTrace trace;

  welt_component* raw() const { return component->raw(); }
  std::string what(std::string_view action) const { return fmt::format("plugin {}: {}", component->type().id, action); }

  // Throws Error: what was asked for is part of `interface`, which the component does not have in its role.
  [[noreturn]] void lacks(std::string_view interface) const;

  bool takes(const RowsView& rows) const {
    return !rows.row_offsets.defined() || (component->type().flags & WELT_COMPONENT_PACKED) != 0;
  }
  // Packed rows as blocks of equal length: `call` runs one of them as dense rows.
  using DenseCall = std::function<Encoded(const RowsView&, const AttentionView&, const at::Tensor& positions,
                                          const at::Tensor& token_types)>;
  Encoded in_blocks(const RowsView& rows, const AttentionView& attention, const at::Tensor& positions,
                    const at::Tensor& token_types, const Cache* cache, std::int64_t width, const DenseCall& call);

  // One call of the plugin's encode(). `sizes`: undefined unless the encoder is ragged.
  Encoded encode_images(const at::Tensor& pixels, const at::Tensor& sizes, bool want_hidden);
};

struct Cache::Handle {
  std::shared_ptr<Component> component;
  const welt_kv_cache_v1* table = nullptr;
  welt_kv_cache* cache = nullptr;
  Handle(std::shared_ptr<Component> owner, const welt_kv_cache_v1* functions)
      : component(std::move(owner)), table(functions) {}
  Handle(const Handle&) = delete;
  ~Handle() { table->release(component->raw(), cache); }
  // A plugin that says it succeeded must have given a cache.
  void require_made(std::string_view action) const {
    if (cache == nullptr)
      fail({.where = fmt::format("plugin {}: {}", component->type().id, action),
            .found = "it succeeded and gave nothing",
            .expected = "a cache",
            .mend = "Tell the plugin's author"},
           ErrorCode::internal);
  }
};

}  // namespace welt
