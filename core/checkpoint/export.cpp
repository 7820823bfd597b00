// See export.h.
#include "core/checkpoint/export.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"
#include "core/checkpoint/convert.h"
#include "core/checkpoint/model_card.h"
#include "core/checkpoint/run_folder.h"
#include "core/checkpoint/weight_files.h"
#include "core/huggingface/hf_load.h"
#include "core/huggingface/hf_source.h"
#include "core/huggingface/welt_json.h"
#include "core/model/auxiliary_heads.h"
#include "core/model/byte_lm.h"
#include "core/model/welt_slots.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

struct Part {
  const SlotName& name;
  SlotSpec slot;
};

Part part_of(const WeltSpec& spec, const std::string& wanted) {
  std::vector<std::string> known;
  for (const auto& [name, slot] : {std::pair(&bytes_encoder_slot, &spec.bytes_encoder),
                                   {&image_encoder_slot, &spec.image_encoder},
                                   {&latent_slot, &spec.latent},
                                   {&decoder_slot, &spec.decoder}}) {
    if (slot->type != nullptr && name->checkpoint == wanted) return {*name, *slot};
    if (slot->type != nullptr) known.emplace_back(name->checkpoint);
  }
  fail({.where = "part \"" + wanted + "\"",
        .found = "no such part in this model",
        .expected = fmt::format("one of {}", fmt::join(known, ", "))},
       ErrorCode::not_found);
}

TensorComponent make(const Part& part, const std::string& class_name) {
  nlohmann::json config = part.slot.config;
  const std::vector<std::string>& classes = part.slot.type->hf_architectures;
  if (!class_name.empty())
    config["architectures"] = {class_name};
  else if (!config.contains("architectures") && !classes.empty())
    config["architectures"] = {classes.front()};  // what a plugin takes where none is named
  return {*part.slot.type, part.name.role,
          ConfigView(*part.slot.type, std::move(config), /*strict=*/false, part.slot.where), WELT_INIT_NONE};
}

// A body goes into its class without a head: a WeLT model has none. Of a plugin that tells no classes there is one
// form.
TensorComponent make_plain(const Part& part) {
  const std::string_view role = part.name.role;
  if (role == WELT_DECODER_INTERFACE || role == WELT_IMAGE_ENCODER_INTERFACE ||
      part.slot.type->hf_architectures.empty())
    return make(part, {});
  const auto headless = [&](const std::string& name) { return make(part, name).vocabulary().head_name.empty(); };
  const std::string chosen = class_for(*part.slot.type, part.slot.config.value("model_type", ""), headless);
  if (!chosen.empty()) return make(part, chosen);
  fail({.where = part.slot.where,
        .found = fmt::format("plugin {} has no class without a head", part.slot.type->id),
        .expected = "one to put the part into"},
       ErrorCode::unimplemented);
}

void refuse_units(const WeltSpec& spec, const Part& part) {
  if (spec.encoding == Encoding::utf8 || (&part.name != &bytes_encoder_slot && &part.name != &decoder_slot)) return;
  fail({.where = part.slot.where,
        .found = fmt::format("a part that reads {} units, whose table is no token table", encoding_name(spec.encoding)),
        .expected = "a part of a UTF-8 model, or the latent transformer or the image encoder",
        .mend = "Export the whole model"},
       ErrorCode::unimplemented);
}

// Under the class's own names, a tied one once; what was not in the checkpoint is left out.
std::vector<NamedTensor> tensors_of(const TensorComponent& component, const LoadedWeights& weights, bool with_head) {
  std::vector<NamedTensor> tensors;
  const std::vector<at::Tensor> values = component.tensors();
  const std::vector<NamedParameter>& parameters = component.parameters();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (parameters[i].same_as == i &&
        std::ranges::find(weights.initialized, parameters[i].name) == weights.initialized.end())
      tensors.emplace_back(parameters[i].name, values[i]);
  if (!component.has_vocabulary()) return tensors;
  const Vocabulary& vocabulary = component.vocabulary();
  if (weights.table.defined()) tensors.emplace_back(vocabulary.table_name, weights.table);
  if (!with_head) return tensors;  // what the latent transformer has in its head's place is the decoder mapping
  if (weights.head.defined() && !weights.head.is_same(weights.table))
    tensors.emplace_back(vocabulary.head_name, weights.head);
  if (weights.head_bias.defined()) tensors.emplace_back(vocabulary.head_bias_name, weights.head_bias);
  return tensors;
}

std::vector<PlannedTensor> planned(const std::vector<NamedTensor>& tensors) {
  std::vector<PlannedTensor> plan;
  for (const auto& [name, tensor] : tensors)
    plan.push_back(
        {.name = name, .bytes = static_cast<std::int64_t>(tensor.nbytes()), .make = [t = tensor] { return t; }});
  return plan;
}

void copy_if_there(const fs::path& from, const fs::path& to) {
  if (fs::exists(from) && !fs::exists(to)) fs::copy_file(from, to);
}

// What the part is stored in.
at::ScalarType stored_dtype(const HfWeights& weights) {
  for (const auto& [name, item] : weights.items())
    if (const auto type = safetensors_scalar_type(item.entry->dtype); type && at::isFloatingType(*type)) return *type;
  return at::kFloat;
}

// Of the specification and of welt.json, as their tensors are left out.
void leave_out_auxiliary(WeltSpec& spec, const fs::path& folder, ExportReport& report) {
  report.told.emplace_back(
      "left out: the heads for further words and for masked ones, which only training reads and the Python WeLT has no "
      "place for");
  spec.further_words = 0;
  spec.masked_words = false;
  nlohmann::json own = read_welt_json(folder).value_or(nlohmann::json::object());
  for (const char* key : {"further_words", "masked_words"}) own.erase(key);
  write_json(folder / "welt.json", own);
}

}  // namespace

ExportReport export_model(const fs::path& run_or_checkpoint, const fs::path& target, std::int64_t largest_file) {
  const fs::path checkpoint = find_checkpoint(run_or_checkpoint);
  WeltSpec spec = WeltSpec::from_checkpoint(checkpoint);
  if (is_byte_lm(spec))
    fail({checkpoint.string(),
          "a byte_lm, which is its decoder alone: the Python WeLT has no such model",
          "--part bytes_decoder, which is the model of its Hugging Face class",
          {}},
         ErrorCode::unimplemented);
  ExportReport report{.class_name = "WordLatentTransformerForCausalLM"};
  write_new_folder(target, [&](const fs::path& folder) {
    const ConversionReport converted =
        convert_into(checkpoint, folder, {.largest_file = largest_file, .without = std::string(auxiliary_group) + "."});
    if (spec.has_auxiliary()) leave_out_auxiliary(spec, folder, report);
    report.tensors = converted.tensors;
    report.files = converted.files;
    if (const std::string unknown = unknown_to_python(spec); !unknown.empty()) report.told.push_back(unknown);
    for (const std::string& line : converted.left_out) report.told.push_back("not copied: " + line);
    if (const fs::path recipe = run_recipe(checkpoint); !recipe.empty()) copy_if_there(recipe, folder / "recipe.toml");
    if (fs::exists(folder / "README.md"))
      report.told.emplace_back("README.md: the checkpoint has one, which is kept");
    else
      write_file(folder / "README.md", model_card(spec, checkpoint));
  });
  return report;
}

ExportReport export_part(const fs::path& run_or_checkpoint, const std::string& slot, const fs::path& target,
                         std::int64_t largest_file) {
  const fs::path checkpoint = find_checkpoint(run_or_checkpoint);
  const WeltSpec spec = WeltSpec::from_checkpoint(checkpoint);
  const Part part = part_of(spec, slot);
  refuse_units(spec, part);
  TensorComponent component = make_plain(part);
  const HfWeights stored = HfSource::find(checkpoint.string()).part(slot).weights();
  const at::ScalarType dtype = stored_dtype(stored);
  component.to(at::kCPU, dtype);
  const LoadedWeights weights =
      load_weights(component, stored, {.dtype = dtype, .own_memory = false, .whole_vocabulary = false});
  const std::vector<NamedTensor> tensors = tensors_of(component, weights, &part.name == &decoder_slot);

  nlohmann::json config = part.slot.config;
  const nlohmann::json classes = component.config().value("architectures", nlohmann::json::array());
  if (!classes.empty()) config["architectures"] = classes;
  config.erase("torch_dtype");
  config["dtype"] = float_dtype_name(dtype);
  if (config.value("vocab_size", 1) == 0) config["pad_token_id"] = nullptr;  // no table has a row for it then
  ExportReport report{
      .class_name = classes.empty() ? config.value("model_type", part.slot.type->id) : classes.at(0).get<std::string>(),
      .tensors = static_cast<std::int64_t>(tensors.size())};
  for (const std::string& name : weights.initialized) report.told.push_back(name + ": not in the checkpoint");
  for (const std::string& name : weights.unused) report.told.push_back(name + ": not of this class");
  write_new_folder(target, [&](const fs::path& folder) {
    write_json(folder / "config.json", config);
    report.files = write_weight_files(folder, planned(tensors), largest_file);
    if (&part.name == &image_encoder_slot)
      copy_if_there(checkpoint / pixel_normalisation_file, folder / "preprocessor_config.json");
    if (&part.name == &bytes_encoder_slot || &part.name == &decoder_slot)
      for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"})
        copy_if_there(checkpoint / "tokenizer" / file, folder / file);
    write_file(folder / "README.md", part_card(spec, slot, report.class_name, tensors));
  });
  return report;
}

}  // namespace welt
