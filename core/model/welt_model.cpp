// Construction and tensors of the model; encoders are in welt_encode.cpp, passes in welt_passes.cpp, files in
// core/checkpoint/model_files.cpp.
#include "core/model/welt_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/model/byte_lm.h"
#include "core/tensor/own_words.h"

namespace welt {
namespace {

// With random weights it is in `dtype` at once: all parts as float32 are three times the memory of a bfloat16 model.
// What a folder's weights are to be read into stays float32 until then.
TensorComponent make_component(SlotSpec& slot, std::string_view role, bool random, at::ScalarType dtype) {
  const ConfigView view(*slot.type, slot.config, /*strict=*/false, slot.where);
  TensorComponent component = with_context(slot.where, [&] {
    return TensorComponent(*slot.type, role, view, random || slot.fresh ? WELT_INIT_RANDOM : WELT_INIT_NONE);
  });
  slot.config = component.config();
  if (random && slot.weights_from.empty() && dtype != at::kFloat) component.to(at::kCPU, dtype);
  return component;
}

// The names of mapping and head in a checkpoint are those of the class's head.
void require_head(const SlotSpec& slot, const TensorComponent& component) {
  if (!component.vocabulary().head_name.empty()) return;
  fail({slot.where, fmt::format("the class that plugin {} was configured as has no head", slot.type->id),
        "one with a language model's head, whose names a checkpoint of the model uses",
        "Choose another plugin, or another class in config.architectures"});
}

// A unit's embedding is one part for each of its bytes.
std::int64_t byte_width(const SlotSpec& slot, const TensorComponent& component, Units units) {
  const std::int64_t width = component.vocabulary().width;
  if (width % units.bytes() != 0)
    fail({slot.where,
          fmt::format("plugin {} embeds in {} values, which {} units of {} bytes do not divide", slot.type->id, width,
                      encoding_name(units.encoding()), units.bytes()),
          fmt::format("a multiple of {}", units.bytes()), "Choose another width, or model.encoding = \"utf-8\""});
  return width / units.bytes();
}

// What the checkpoint or the recipe leaves open is what the plugin says; what it says must fit the channels.
void complete(PixelNormalisation& pixels, const SlotSpec& slot, const ImageEncoderInfo& facts) {
  const auto channels = static_cast<std::size_t>(facts.channels);
  if (pixels.mean.empty() && pixels.deviation.empty()) pixels.scale = facts.scale;
  if (pixels.mean.empty()) pixels.mean.assign(facts.mean.begin(), facts.mean.begin() + facts.channels);
  if (pixels.deviation.empty())
    pixels.deviation.assign(facts.deviation.begin(), facts.deviation.begin() + facts.channels);
  for (const std::vector<double>* list : {&pixels.mean, &pixels.deviation})
    if (list->size() != 1 && list->size() != channels)
      fail({slot.where,
            fmt::format("pixels are normalised with {} values", list->size()),
            fmt::format("one, or one for each of {} channels", channels),
            {}});
}

}  // namespace

WeltModel::WeltModel(WeltSpec spec) : WeltModel(std::move(spec), Init::random) {}

WeltModel WeltModel::outline(WeltSpec spec) { return WeltModel(std::move(spec), Init::outline); }

WeltModel WeltModel::without_weights(WeltSpec spec) { return WeltModel(std::move(spec), Init::empty); }

WeltModel::WeltModel(WeltSpec spec, Init init) : spec_(std::move(spec)) {
  make_components(init);
  make_own_tensors(init);
  if (init == Init::random) take_weights();
  collect_tensors();
  if (spec_.dtype != at::kFloat) to(device(), spec_.dtype);
}

void WeltModel::make_components(Init init) {
  const bool random = init == Init::random;
  if (!is_byte_lm(spec_)) {
    latent_.emplace(make_component(spec_.latent, WELT_LATENT_TRANSFORMER_INTERFACE, random, spec_.dtype));
    require_head(spec_.latent, *latent_);
  }
  decoder_.emplace(make_component(spec_.decoder, WELT_DECODER_INTERFACE, random, spec_.dtype));
  require_head(spec_.decoder, *decoder_);
  if (is_byte_lm(spec_)) return;
  if (!spec_.bytes_encoder.type && !spec_.image_encoder.type)
    fail({spec_.bytes_encoder.where, "the model has no encoder", "a bytes encoder, an image encoder, or both",
          "Give model.bytes_encoder a plugin"});
  if (spec_.bytes_encoder.type)
    bytes_encoder_.emplace(make_component(spec_.bytes_encoder, WELT_BYTES_ENCODER_INTERFACE, random, spec_.dtype));
  if (spec_.image_encoder.type) {
    image_encoder_.emplace(make_component(spec_.image_encoder, WELT_IMAGE_ENCODER_INTERFACE, random, spec_.dtype));
    complete(spec_.pixels, spec_.image_encoder, image_encoder_->image_encoder_info());
  }
}

void WeltModel::make_own_tensors(Init init) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(init == Init::outline ? at::kMeta : at::kCPU);
  const auto matrix = [&](std::int64_t out, std::int64_t in) {
    return at::empty({out, in}, options).normal_(0.0, mapping_initializer_range).requires_grad_();
  };
  const auto bias = [&](std::int64_t size) { return at::zeros({size}, options).requires_grad_(); };
  const auto norm = [&](std::int64_t size) { return at::ones({size}, options).requires_grad_(); };

  if (bytes_encoder_ && !reads_words(*bytes_encoder_))
    encoder_table_.emplace(byte_width(spec_.bytes_encoder, *bytes_encoder_, units()),
                           bytes_encoder_->vocabulary().initializer_range, options);
  const Vocabulary& vocabulary = decoder_->vocabulary();
  const std::int64_t decoder_input = vocabulary.width;
  if (!latent_) {
    encoder_mapping_weight_ = matrix(0, 0);  // nothing is mapped: it tells dtype and device, and is in no list
  } else {
    const std::int64_t latent_width = latent_->width();
    encoder_mapping_weight_ = matrix(latent_width, image_width() + bytes_width());
    encoder_mapping_bias_ = bias(latent_width);
    encoder_norm_ = norm(latent_width);
    decoder_mapping_weight_ = matrix(decoder_input, latent_width);
    decoder_mapping_bias_ = bias(decoder_input);
    decoder_norm_ = norm(decoder_input);
  }
  decoder_table_.emplace(byte_width(spec_.decoder, *decoder_, units()), vocabulary.initializer_range, options);
  // The head of a model of units gives a unit's embedding, tied or not to a table that nothing else reads.
  const bool wide = units().bytes() > 1;
  const std::int64_t head_rows = wide ? decoder_input : 256;
  if (wide) spec_.decoder.config["vocab_size"] = head_rows;
  if (wide || !vocabulary.tied) head_weight_ = matrix(head_rows, decoder_input);
  if (!vocabulary.head_bias_name.empty()) head_bias_ = bias(head_rows);
  // Last, so that the draws of all others are those of a model without them.
  if (latent_) auxiliary_ = AuxiliaryHeads(spec_, latent_->width(), decoder_input, options);
}

// What a byte table's three names begin with, up to a dot.
std::string WeltModel::table_stem(const std::string& slot, const TensorComponent& component) const {
  std::string stem = slot + "." + component.vocabulary().table_name;
  stem.resize(stem.size() - std::string_view("weight").size());
  if (units().bytes() == 1) return stem;
  return (slot == "bytes_decoder" ? "bytes_decoder.char_embedding." : stem) + "embedding.";
}

std::string WeltModel::encoder_body() const {
  const std::string prefix = bytes_encoder_->base_prefix() + ".";
  const auto inside = [&](const NamedParameter& parameter) { return parameter.name.starts_with(prefix); };
  return std::ranges::any_of(bytes_encoder_->parameters(), inside) ? prefix : std::string();
}

// The tensors of a component whose names begin with `prefix`; a tied one once, under the first of its names there.
void WeltModel::collect_body(const Part& part, const std::string& prefix) {
  const std::vector<NamedParameter>& infos = part.component->parameters();
  const std::vector<at::Tensor> tensors = part.component->tensors();
  std::vector<std::size_t> place(infos.size(), tensors_.size() + infos.size());  // in tensors_, by same_as
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!infos[i].name.starts_with(prefix)) continue;
    const std::string name = part.prefix + infos[i].name;
    const NamedParameter& info = infos[infos[i].same_as];
    std::size_t& known = place[infos[i].same_as];
    if (known < tensors_.size()) {
      tensors_[known].other_names.push_back(name);
      continue;
    }
    known = tensors_.size();
    tensors_.push_back({name, tensors[i], part.slot, info.kind == WELT_BUFFER, {}});
    if (info.gets_gradient()) parameters_.push_back({name, tensors[i], info.decay, part.slot, info.table});
  }
}

void WeltModel::collect_tensors() {
  tensors_.clear();
  parameters_.clear();
  const auto own = [&](const std::string& name, const at::Tensor& tensor, bool decay, const std::string& group,
                       bool is_table = false) {
    if (!tensor.defined()) return;
    tensors_.push_back({name, tensor, group, /*buffer=*/false, {}});
    parameters_.push_back({name, tensor, decay, group, is_table});
  };
  const auto table = [&](const ByteTable& bytes, const TensorComponent& component, const std::string& slot) {
    const std::string stem = table_stem(slot, component);
    own(stem + "embeddings.weight", bytes.base, true, slot, true);
    own(stem + "bit_proj_w", bytes.projection, true, slot, true);
  };
  const auto bias_of = [](std::string weight) { return weight.replace(weight.rfind("weight"), 6, "bias"); };
  const auto [image, bytes, latent, decoder] = parts();

  if (image_encoder_) collect_body(image, "");
  if (bytes_encoder_) {
    if (encoder_table_) table(*encoder_table_, *bytes_encoder_, "bytes_encoder");
    // What stands outside the base model (an MLM head) has no part in a bytes encoder and is not in a WeLT checkpoint.
    collect_body(bytes, encoder_body());
  }
  if (latent_) {
    own("encoder_mapping.weight", encoder_mapping_weight_, true, "encoder_mapping");
    own("encoder_mapping.bias", encoder_mapping_bias_, false, "encoder_mapping");
    own("encoder_norm.weight", encoder_norm_, false, "encoder_norm");
    collect_body(latent, "");
    const std::string mapping = "latent_transformer." + latent_->vocabulary().head_name;
    own(mapping, decoder_mapping_weight_, true, "decoder_mapping");
    own(bias_of(mapping), decoder_mapping_bias_, false, "decoder_mapping");
  }
  own("decoder_norm.weight", decoder_norm_, false, "decoder_norm");
  table(*decoder_table_, *decoder_, "bytes_decoder");
  collect_body(decoder, "");
  const Vocabulary& vocabulary = decoder_->vocabulary();
  own(decoder.prefix + (vocabulary.tied ? vocabulary.table_name : vocabulary.head_name), head_weight_, true,
      "bytes_decoder");
  own(decoder.prefix + vocabulary.head_bias_name, head_bias_, false, "bytes_decoder");
  for (const auto& [name, tensor, decay] : auxiliary_.tensors()) own(name, *tensor, decay, auxiliary_group);
}

std::array<WeltModel::Part, 4> WeltModel::parts() const {
  const auto pointer = [](const std::optional<TensorComponent>& component) {
    return component ? &*component : nullptr;
  };
  const char* decoder = units().bytes() > 1 ? "bytes_decoder.model." : "bytes_decoder.";
  return {Part{"image_encoder", "image_encoder.", pointer(image_encoder_)},
          Part{"bytes_encoder", "bytes_encoder.", pointer(bytes_encoder_)},
          Part{"latent_transformer", "latent_transformer.", pointer(latent_)},
          Part{"bytes_decoder", decoder, pointer(decoder_)}};
}

void WeltModel::install(const std::map<std::string, at::Tensor>& values) {
  const auto bind = [&](TensorComponent& component, const std::string& prefix) {
    const std::vector<NamedParameter>& infos = component.parameters();
    std::vector<at::Tensor> now = component.tensors();
    for (std::size_t i = 0; i < infos.size(); ++i)
      if (const auto found = values.find(prefix + infos[i].name); found != values.end())
        now[infos[i].same_as] = found->second.detach().requires_grad_(infos[infos[i].same_as].gets_gradient());
    for (std::size_t i = 0; i < infos.size(); ++i) {
      at::Tensor& tensor = now[infos[i].same_as];
      // Tensors outside a WeLT checkpoint (an unused MLM head) still need memory behind them.
      if (tensor.is_meta()) tensor = at::zeros(tensor.sizes(), tensor.options().device(device()));
      component.bind(i, tensor);
    }
  };
  const std::array<const SlotSpec*, 4> slots{&spec_.image_encoder, &spec_.bytes_encoder, &spec_.latent, &spec_.decoder};
  const std::array<std::optional<TensorComponent>*, 4> components{&image_encoder_, &bytes_encoder_, &latent_,
                                                                  &decoder_};
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (*components[i] && !slots[i]->fresh) bind(**components[i], parts()[i].prefix);
  const at::NoGradGuard no_grad;
  for (const ModelTensor& tensor : tensors_)
    if (const auto found = values.find(tensor.name); found != values.end() && !tensor.tensor.is_meta())
      at::Tensor(tensor.tensor).copy_(found->second);
  take_weights();
  collect_tensors();
}

void WeltModel::to(at::Device device, at::ScalarType dtype) {
  spec_.dtype = dtype;
  const at::NoGradGuard no_grad;
  const auto convert = [&](at::Tensor& tensor) {
    if (tensor.defined()) tensor = tensor.detach().to(device, dtype).requires_grad_();
  };
  // welt.device/1 knows the CPU; what an outline's components have no memory for stays without.
  for (std::optional<TensorComponent>* component : {&bytes_encoder_, &image_encoder_, &latent_, &decoder_})
    if (*component) (*component)->to(device.is_meta() ? at::Device(at::kCPU) : device, dtype);
  for (std::optional<ByteTable>* table : {&encoder_table_, &decoder_table_}) {
    if (!*table) continue;
    convert((*table)->base);
    convert((*table)->projection);
  }
  for (at::Tensor* tensor : {&encoder_mapping_weight_, &encoder_mapping_bias_, &encoder_norm_, &decoder_mapping_weight_,
                             &decoder_mapping_bias_, &decoder_norm_, &head_weight_, &head_bias_})
    convert(*tensor);
  for (const auto& [name, tensor, decay] : auxiliary_.tensors()) convert(*tensor);
  collect_tensors();
}

std::vector<std::pair<std::string, at::Tensor>> WeltModel::folded_tables() const {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<std::string, at::Tensor>> tables;
  const auto table = [&](const char* slot, const TensorComponent& component, const ByteTable& bytes) {
    tables.emplace_back(table_stem(slot, component) + "weight", bytes.folded());
  };
  if (encoder_table_) table("bytes_encoder", *bytes_encoder_, *encoder_table_);
  table("bytes_decoder", *decoder_, *decoder_table_);
  return tables;
}

std::vector<std::pair<std::string, at::Tensor>> WeltModel::constant_tensors() const {
  auto tensors = folded_tables();
  if (!latent_) return tensors;
  const at::TensorOptions options = encoder_mapping_weight_.options().requires_grad(false);
  tensors.emplace_back("latent_transformer." + latent_->vocabulary().table_name,
                       at::empty({0, latent_->vocabulary().width}, options));
  if (units().bytes() == 1) return tensors;
  const auto shifts = [&](const char* slot, const TensorComponent& component) {
    std::string stem = table_stem(slot, component);
    stem.resize(stem.size() - std::string_view("embedding.").size());
    tensors.emplace_back(stem + "_byte_shifts", at::arange(0, 8 * units().bytes(), 8, at::kLong));
  };
  if (encoder_table_) shifts("bytes_encoder", *bytes_encoder_);
  shifts("bytes_decoder", *decoder_);
  const Vocabulary& vocabulary = decoder_->vocabulary();
  if (!vocabulary.tied)
    tensors.emplace_back(parts().back().prefix + vocabulary.table_name,
                         at::zeros({vocabulary.width, vocabulary.width}, options));
  return tensors;
}

std::vector<std::string> ModelTensor::names() const {
  std::vector<std::string> all{name};
  all.insert(all.end(), other_names.begin(), other_names.end());
  return all;
}

std::int64_t WeltModel::parameter_count() const {
  std::int64_t count = 0;
  for (const ModelParameter& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

WeltModel::Limits WeltModel::limits() const {
  if (!latent_) return {0, decoder_->max_positions(), 0};
  return {bytes_encoder_ ? bytes_encoder_->max_positions() : 0, latent_->max_positions(), decoder_->max_positions()};
}

Modalities WeltModel::modalities() const { return {.bytes = spec_.reads_bytes(), .image = spec_.reads_images()}; }

void WeltModel::set_fingerprints(const std::string& segmenter, const std::string& renderer) {
  spec_.segmenter.fingerprint = segmenter;
  if (!renderer.empty()) spec_.renderer.fingerprint = renderer;
}

void WeltModel::set_training(bool training) {
  for (std::optional<TensorComponent>* component : {&bytes_encoder_, &image_encoder_, &latent_, &decoder_})
    if (*component) (*component)->set_training(training);
}

}  // namespace welt
