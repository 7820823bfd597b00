// A component from an nn::Model or an nn::ImageModel: all tables of the ABI that torch-linked plugins offer.
//
//   struct Bert {
//     using Model = …;                             // the model, made from (const Config&, const TensorOptions&)
//     static welt::sdk::Descriptor descriptor();   // its roles decide which role tables there are
//   };                                             // the schema is that of Model::Settings (fields.hpp), or schema()
//   WELT_PLUGIN(welt::sdk::PluginInfo("bert", "0.1.0", "…", "MIT"), welt::sdk::TorchComponent<Bert>)
//
// Offered for every model: welt.parameters/1, welt.mode/1, welt.trace/1, welt.device/1 (CPU).
//   nn::Model: welt.bytes_encoder/1, welt.latent_transformer/1, welt.decoder/1 (by role), welt.vocabulary/1, and
//   welt.kv_cache/1 where the model has a cache. A forward with a cache carries no gradient.
//   nn::ImageModel: welt.image_encoder/1.
// WELT_INIT_NONE makes parameters on the meta device, WELT_INIT_RANDOM fills them from the default generator.
#pragma once

#include <welt/abi/trace.h>
#include <welt/nn/image_model.h>
#include <welt/nn/model.h>
#include <welt/sdk/fields.hpp>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/tensor_box.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

// Behind every torch component, whatever its role: parameters, dtype, mode, trace. sdk/nn/component_state.cpp has the
// tables over it. [instance]
class BodyComponent {
 public:
  BodyComponent(const BodyComponent&) = delete;
  BodyComponent& operator=(const BodyComponent&) = delete;

  nn::Body& body() const { return *body_; }
  const std::vector<nn::Slot>& slots() const { return slots_; }
  const std::vector<std::vector<std::int64_t>>& shapes() const { return shapes_; }
  std::uint64_t generation() const { return generation_; }

  // A tied tensor is bound under all its names.
  void bind(std::size_t index, const at::Tensor& tensor);
  // Floating tensors become `type`, buffers among them; others stay as they are.
  void to(at::ScalarType type);
  void set_trace(welt_trace_fn callback, void* user_data) { trace_ = callback, trace_data_ = user_data; }

 protected:
  BodyComponent(std::unique_ptr<nn::Body> body, std::vector<std::string> roles);
  ~BodyComponent() = default;

  bool has_role(std::string_view id) const;
  // Throws Failure unless every parameter has memory.
  void require_bound() const;
  // Hands values to the host's callback; empty without one.
  std::function<void(std::string_view name, const at::Tensor& value)> trace() const;

 private:
  void install(const nn::Slot& slot, const at::Tensor& tensor);

  std::unique_ptr<nn::Body> body_;
  std::vector<std::string> roles_;
  std::vector<nn::Slot> slots_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::uint64_t generation_ = 1;
  mutable std::uint64_t bound_generation_ = 0;  // all parameters were seen to have memory at this generation
  welt_trace_fn trace_ = nullptr;
  void* trace_data_ = nullptr;
};

// A language model; tables in sdk/nn/component_roles.cpp and component_cache.cpp.
class ModelComponent : public BodyComponent {
 public:
  ModelComponent(std::unique_ptr<nn::Model> model, const Descriptor& descriptor);

  const void* get_interface(std::string_view id) const;
  nn::Model& model() const { return model_; }
  const nn::VocabularyFacts& vocabulary() const { return vocabulary_; }

  // rows → hidden in the caller's layout; `pooled` non-null: the class's own pooled output, undefined without a pooler.
  at::Tensor run(nn::RowInput input, at::Tensor* pooled) const;

 private:
  nn::Model& model_;
  nn::VocabularyFacts vocabulary_;
  std::uint32_t flags_;
};

// An image encoder; tables in sdk/nn/component_image.cpp.
class ImageComponent : public BodyComponent {
 public:
  ImageComponent(std::unique_ptr<nn::ImageModel> model, const Descriptor& descriptor);

  const void* get_interface(std::string_view id) const;
  const nn::ImageFacts& facts() const { return facts_; }

  // Checks shapes, sizes and dtypes against the facts (throws Failure), and converts pixels to the parameters' dtype.
  nn::ImageOutput run(const at::Tensor& pixels, const at::Tensor& sizes, bool want_hidden) const;

 private:
  nn::ImageModel& model_;
  nn::ImageFacts facts_;
};

namespace detail {

at::TensorOptions parameter_options(std::uint32_t init);

template <typename M>
std::unique_ptr<M> make_model(const Config& config, std::uint32_t init) {
  const nn::Construction construction;
  auto model = std::make_unique<M>(config, parameter_options(init));
  construction.check(*model);
  if (init == WELT_INIT_RANDOM) model->initialise();
  return model;
}

template <typename M>
using ComponentOf = std::conditional_t<std::derived_from<M, nn::ImageModel>, ImageComponent, ModelComponent>;

}  // namespace detail

template <typename Glue>
class TorchComponent : public detail::ComponentOf<typename Glue::Model> {
 public:
  using AbiSelf = BodyComponent;
  // Classes and schema are those that the model's Settings declare (fields.hpp), unless the glue has its own.
  static Descriptor descriptor() {
    Descriptor out = Glue::descriptor();
    if constexpr (has_settings)
      if (out.hf_architectures.empty()) out.hf_architectures = record_of<typename Glue::Model::Settings>().classes;
    return out;
  }
  static Schema schema() { return declared_schema<std::conditional_t<has_settings, typename Glue::Model, Glue>>(); }
  TorchComponent(const Config& config, std::uint32_t init)
      : detail::ComponentOf<typename Glue::Model>(detail::make_model<typename Glue::Model>(config, init),
                                                  Glue::descriptor()) {}

 private:
  static constexpr bool has_settings = !requires { Glue::schema(); };
};

}  // namespace v0_1
}  // namespace welt::sdk
