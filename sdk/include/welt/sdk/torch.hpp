// A component from an nn::Model: all tables of the ABI that torch-linked plugins offer.
//
//   struct Bert {
//     using Model = …;                                      // nn::Model, made from (const Config&, const
//     TensorOptions&) static welt::sdk::Descriptor descriptor();            // its roles decide which role tables there
//     are static welt::sdk::Schema schema();
//   };
//   WELT_PLUGIN(welt::sdk::PluginInfo("bert", "0.1.0", "…", "MIT"), welt::sdk::TorchComponent<Bert>)
//
// Offered: welt.bytes_encoder/1, welt.latent_transformer/1, welt.decoder/1 (by role), welt.vocabulary/1,
// welt.parameters/1, welt.mode/1, welt.trace/1, welt.device/1 (CPU), and welt.kv_cache/1 where the model has a cache.
// WELT_INIT_NONE makes parameters on the meta device, WELT_INIT_RANDOM fills them from the default generator.
// A forward with a cache carries no gradient.
#pragma once

#include <welt/abi/trace.h>
#include <welt/nn/model.h>
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/tensor_box.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

// Behind every torch component; the tables in sdk/nn/component_*.cpp work on it. [instance]
class ModelComponent {
 public:
  ModelComponent(std::unique_ptr<nn::Model> model, std::vector<std::string> roles);

  const void* get_interface(std::string_view id) const;

  nn::Model& model() const { return *model_; }
  const nn::VocabularyFacts& vocabulary() const { return vocabulary_; }
  const std::vector<nn::Slot>& slots() const { return slots_; }
  const std::vector<std::vector<std::int64_t>>& shapes() const { return shapes_; }
  std::uint64_t generation() const { return generation_; }

  void bind(std::size_t index, const at::Tensor& tensor);
  void to(at::ScalarType type);
  void set_trace(welt_trace_fn callback, void* user_data) { trace_ = callback, trace_data_ = user_data; }

  // rows → hidden in the caller's layout; `pooled` non-null: the class's own pooled output, undefined without a pooler.
  at::Tensor run(const nn::RowInput& input, at::Tensor* pooled) const;

 private:
  void require_bound() const;

  std::unique_ptr<nn::Model> model_;
  std::vector<std::string> roles_;
  nn::VocabularyFacts vocabulary_;
  std::vector<nn::Slot> slots_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::uint64_t generation_ = 1;
  mutable std::uint64_t bound_generation_ = 0;  // all parameters were seen to have memory at this generation
  welt_trace_fn trace_ = nullptr;
  void* trace_data_ = nullptr;
};

namespace detail {

at::TensorOptions parameter_options(std::uint32_t init);

template <typename M>
std::unique_ptr<nn::Model> make_model(const Config& config, std::uint32_t init) {
  auto model = std::make_unique<M>(config, parameter_options(init));
  if (init == WELT_INIT_RANDOM) model->initialise();
  return model;
}

}  // namespace detail

template <typename Glue>
class TorchComponent : public ModelComponent {
 public:
  using AbiSelf = ModelComponent;
  static Descriptor descriptor() { return Glue::descriptor(); }
  static Schema schema() { return Glue::schema(); }
  TorchComponent(const Config& config, std::uint32_t init)
      : ModelComponent(detail::make_model<typename Glue::Model>(config, init), Glue::descriptor().roles) {}
};

}  // namespace v0_1
}  // namespace welt::sdk
