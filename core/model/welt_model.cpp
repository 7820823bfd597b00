// Construction and parameters of the model; the passes are in welt_passes.cpp, files in welt_files.cpp.
#include "core/model/welt_model.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include "core/base/context.h"

namespace welt {
namespace {

// Hugging Face's initialiser of layers that WeLT itself adds (PreTrainedModel._init_weights, initializer_range 0.02).
constexpr double mapping_initializer_range = 0.02;

at::Tensor new_matrix(std::int64_t out, std::int64_t in) {
  return at::empty({out, in}, at::kFloat).normal_(0.0, mapping_initializer_range).requires_grad_();
}
at::Tensor new_bias(std::int64_t size) { return at::zeros({size}, at::kFloat).requires_grad_(); }
at::Tensor new_norm(std::int64_t size) { return at::ones({size}, at::kFloat).requires_grad_(); }

TorchComponent make_component(const SlotSpec& slot, std::string_view role, std::uint32_t init) {
  const ConfigView view(*slot.type, slot.config, /*strict=*/false, slot.where);
  return with_context(slot.where, [&] { return TorchComponent(*slot.type, role, view, init); });
}

// The names of mapping and head in a checkpoint are those of the class's head.
void require_head(const SlotSpec& slot, const TorchComponent& component) {
  if (!component.vocabulary().head_name.empty()) return;
  fail({slot.where, fmt::format("the class that plugin {} was configured as has no head", slot.type->id),
        "one with a language model's head, whose names a checkpoint of the model uses",
        "Choose another plugin, or another class in config.architectures"});
}

}  // namespace

WeltModel::WeltModel(WeltSpec spec) : WeltModel(std::move(spec), Init::random) {}

WeltModel WeltModel::outline(WeltSpec spec) { return WeltModel(std::move(spec), Init::empty); }

WeltModel::WeltModel(WeltSpec spec, Init init) : spec_(std::move(spec)) {
  const std::uint32_t component_init = init == Init::random ? WELT_INIT_RANDOM : WELT_INIT_NONE;
  latent_.emplace(make_component(spec_.latent, WELT_LATENT_TRANSFORMER_INTERFACE, component_init));
  decoder_.emplace(make_component(spec_.decoder, WELT_DECODER_INTERFACE, component_init));
  if (!spec_.bytes_encoder.type)
    fail({spec_.bytes_encoder.where, "the model has no encoder", "a bytes encoder",
          "Give model.bytes_encoder a plugin"});
  bytes_encoder_.emplace(make_component(spec_.bytes_encoder, WELT_BYTES_ENCODER_INTERFACE, component_init));
  encoder_table_.emplace(bytes_encoder_->vocabulary().width, bytes_encoder_->vocabulary().initializer_range);

  require_head(spec_.latent, *latent_);
  require_head(spec_.decoder, *decoder_);

  spec_.bytes_encoder.config = bytes_encoder_->config();
  spec_.latent.config = latent_->config();
  spec_.decoder.config = decoder_->config();

  const Vocabulary& decoder_vocabulary = decoder_->vocabulary();
  const std::int64_t latent_width = latent_->width(), decoder_input = decoder_vocabulary.width;
  encoder_mapping_weight_ = new_matrix(latent_width, bytes_encoder_->width());
  encoder_mapping_bias_ = new_bias(latent_width);
  encoder_norm_ = new_norm(latent_width);
  decoder_mapping_weight_ = new_matrix(decoder_input, latent_width);
  decoder_mapping_bias_ = new_bias(decoder_input);
  decoder_norm_ = new_norm(decoder_input);
  decoder_table_.emplace(decoder_input, decoder_vocabulary.initializer_range);
  if (!decoder_vocabulary.tied) head_weight_ = new_matrix(256, decoder_input);
  if (!decoder_vocabulary.head_bias_name.empty()) head_bias_ = new_bias(256);
  if (init == Init::random) take_weights();
  collect_parameters();
}

void WeltModel::collect_parameters() {
  parameters_.clear();
  const auto own = [&](const std::string& name, const at::Tensor& tensor, bool decay, const std::string& group) {
    if (tensor.defined()) parameters_.push_back({name, tensor, decay, group});
  };
  // What stands outside the base model (an MLM head) has no part in a bytes encoder and is not in a WeLT checkpoint.
  const auto body = [&](const TorchComponent& component, const std::string& slot) {
    const std::string prefix = component.vocabulary().base_prefix + ".";
    const std::vector<at::Tensor> tensors = component.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const NamedParameter& info = component.parameters()[i];
      if (info.kind != WELT_PARAMETER || !info.trainable || !info.tied_to.empty()) continue;
      if (slot == "bytes_encoder" && !info.name.starts_with(prefix)) continue;
      own(slot + "." + info.name, tensors[i], info.decay, slot);
    }
  };
  const auto table = [&](const ByteTable& bytes, const TorchComponent& component, const std::string& slot) {
    std::string stem = slot + "." + component.vocabulary().table_name;
    stem.resize(stem.size() - std::string_view("weight").size());
    own(stem + "embeddings.weight", bytes.base, true, slot);
    own(stem + "bit_proj_w", bytes.projection, true, slot);
  };
  const auto bias_of = [](std::string weight) { return weight.replace(weight.rfind("weight"), 6, "bias"); };

  table(*encoder_table_, *bytes_encoder_, "bytes_encoder");
  body(*bytes_encoder_, "bytes_encoder");
  own("encoder_mapping.weight", encoder_mapping_weight_, true, "encoder_mapping");
  own("encoder_mapping.bias", encoder_mapping_bias_, false, "encoder_mapping");
  own("encoder_norm.weight", encoder_norm_, false, "encoder_norm");
  body(*latent_, "latent_transformer");
  const std::string mapping = "latent_transformer." + latent_->vocabulary().head_name;
  own(mapping, decoder_mapping_weight_, true, "decoder_mapping");
  own(bias_of(mapping), decoder_mapping_bias_, false, "decoder_mapping");
  own("decoder_norm.weight", decoder_norm_, false, "decoder_norm");
  table(*decoder_table_, *decoder_, "bytes_decoder");
  body(*decoder_, "bytes_decoder");
  own("bytes_decoder." + decoder_->vocabulary().head_name, head_weight_, true, "bytes_decoder");
  own("bytes_decoder." + decoder_->vocabulary().head_bias_name, head_bias_, false, "bytes_decoder");
}

std::int64_t WeltModel::parameter_count() const {
  std::int64_t count = 0;
  for (const ModelParameter& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

WeltModel::Limits WeltModel::limits() const {
  return {bytes_encoder_->max_positions(), latent_->max_positions(), decoder_->max_positions()};
}

void WeltModel::set_training(bool training) {
  bytes_encoder_->set_training(training);
  latent_->set_training(training);
  decoder_->set_training(training);
}

}  // namespace welt
