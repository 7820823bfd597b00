// A model's files: the names, shapes and files of a checkpoint of the Python WeLT.
//
// A byte table is three tensors (base, projection, folded), the latent's token table has no rows, and the latent's head
// name carries the decoder mapping. A model of UTF-16 units or code points has its byte tables one name deeper, and its
// decoder below `bytes_decoder.model`, as utf8_tokenizer's CharacterCausalLMWrapper has it.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/safetensors.h"
#include "core/model/processor_files.h"
#include "core/model/welt_model.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

std::string slot_of(const std::string& parameter) { return parameter.substr(0, parameter.find('.')); }

// Compares a file with the parameters it is to fill, and says all that does not fit at once.
class Match {
 public:
  explicit Match(const SafetensorsFile& file) : file_(file) {
    for (const SafetensorsEntry& entry : file.entries()) known_.push_back(entry.name);
  }

  void use(const std::string& name) { used_.insert(name); }

  // The entry that fits `parameter`, or null with a note of why not.
  const SafetensorsEntry* find(const ModelParameter& parameter) {
    const SafetensorsEntry* entry = file_.find(parameter.name);
    const std::vector<std::int64_t> shape = parameter.tensor.sizes().vec();
    if (!entry) {
      // Comparing every name with every other takes long where much is missing, and says nothing there.
      const std::string near = problems_.size() < 100 ? nearest(parameter.name, known_) : std::string();
      note("{}: missing{}", parameter.name, near.empty() ? "" : " (nearest: " + near + ")");
      return nullptr;
    }
    use(entry->name);
    if (entry->shape != shape) {
      note("{}: shape {} in the file, {} in the model", parameter.name, shape_text(entry->shape), shape_text(shape));
      return nullptr;
    }
    if (const auto type = safetensors_scalar_type(entry->dtype); !type || !at::isFloatingType(*type)) {
      note("{}: type {} in the file, expected a floating one", parameter.name, entry->dtype);
      return nullptr;
    }
    return entry;
  }

  const std::vector<std::string>& problems() const { return problems_; }
  std::vector<std::string> unused() const {
    std::vector<std::string> out;
    std::ranges::copy_if(known_, std::back_inserter(out), [&](const auto& name) { return !used_.contains(name); });
    return out;
  }

  [[noreturn]] void refuse(std::vector<std::string> problems) const {
    const std::size_t count = problems.size();
    if (count > 100) problems.resize(100), problems.emplace_back("…");
    fail({file_.path().string(),
          fmt::format("{} of the model's tensors {} not fit:\n  {}", count, count == 1 ? "does" : "do",
                      fmt::join(problems, "\n  ")),
          {},
          "The checkpoint and its config.json (or the recipe) describe different models"});
  }

 private:
  template <typename... A>
  void note(fmt::format_string<A...> format, A&&... arguments) {
    problems_.push_back(fmt::format(format, std::forward<A>(arguments)...));
  }
  const SafetensorsFile& file_;
  std::vector<std::string> known_, problems_;
  std::set<std::string> used_;
};

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> WeltModel::folded_tables() const {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<std::string, at::Tensor>> tables;
  const auto table = [&](const char* slot, const TensorComponent& component, const ByteTable& bytes) {
    tables.emplace_back(table_stem(slot, component) + "weight", bytes.folded());
  };
  if (bytes_encoder_) table("bytes_encoder", *bytes_encoder_, *encoder_table_);
  table("bytes_decoder", *decoder_, *decoder_table_);
  return tables;
}

std::vector<std::pair<std::string, at::Tensor>> WeltModel::constant_tensors() const {
  auto tensors = folded_tables();
  tensors.emplace_back("latent_transformer." + latent_->vocabulary().table_name,
                       at::empty({0, latent_->vocabulary().width}, at::kFloat));
  if (units().bytes() == 1) return tensors;
  const auto shifts = [&](const char* slot, const TensorComponent& component) {
    std::string stem = table_stem(slot, component);
    stem.resize(stem.size() - std::string_view("embedding.").size());
    tensors.emplace_back(stem + "_byte_shifts", at::arange(0, 8 * units().bytes(), 8, at::kLong));
  };
  if (bytes_encoder_) shifts("bytes_encoder", *bytes_encoder_);
  shifts("bytes_decoder", *decoder_);
  const Vocabulary& vocabulary = decoder_->vocabulary();
  if (!vocabulary.tied)
    tensors.emplace_back(parts().back().prefix + vocabulary.table_name,
                         at::zeros({vocabulary.width, vocabulary.width}, at::kFloat));
  return tensors;
}

void WeltModel::save(const std::filesystem::path& folder, std::int64_t words) const {
  const at::NoGradGuard no_grad;
  std::vector<NamedTensor> tensors;
  for (const ModelParameter& parameter : parameters_) tensors.emplace_back(parameter.name, parameter.tensor.detach());
  for (const auto& constant : constant_tensors()) tensors.push_back(constant);
  write_file(folder / "config.json", spec_.config_json().dump(2) + "\n");
  write_file(folder / "welt.json", spec_.welt_json().dump(2) + "\n");
  save_tensors(folder / "model.safetensors", tensors);
  write_processor_files(folder, spec_, words);
}

WeltModel::FileMatch WeltModel::compare(const SafetensorsFile& file) const {
  Match match(file);
  for (const auto& [name, tensor] : constant_tensors()) match.use(name);
  for (const ModelParameter& parameter : parameters_) match.find(parameter);
  return {match.problems(), match.unused()};
}

WeltModel WeltModel::load(const std::filesystem::path& checkpoint, const SpecChanges& changes) {
  WeltSpec spec = WeltSpec::from_checkpoint(checkpoint);
  spec.apply(changes);
  WeltModel model(std::move(spec), Init::empty);
  model.load_tensors(checkpoint / "model.safetensors");
  return model;
}

// An encoder from elsewhere takes the place of the checkpoint's: the mapping only fits one of the same width.
void WeltModel::check_swapped_width(const std::filesystem::path& file, const std::vector<std::int64_t>& shape) const {
  const std::int64_t now = image_width() + bytes_width();
  if (shape.size() != 2 || shape[1] == now) return;
  for (const auto& [slot, width, name] : {std::tuple{&spec_.image_encoder, image_width(), "image encoder"},
                                          std::tuple{&spec_.bytes_encoder, bytes_width(), "bytes encoder"}}) {
    if (!slot->fresh) continue;
    fail({slot->where,
          fmt::format("the {} {} gives {} values a word, the one that {} was trained with gives {}", name,
                      slot->type->id, width, file.string(), shape[1] - (now - width)),
          "an encoder of the same width",
          "encoder_mapping would have to be trained anew: start a run with this encoder and model.init_from"},
         ErrorCode::failed_precondition);
  }
}

void WeltModel::load_tensors(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  if (const SafetensorsEntry* mapping = file.find("encoder_mapping.weight")) check_swapped_width(path, mapping->shape);
  const auto fresh = [&](const std::string& name) {
    const std::string slot = slot_of(name);
    return (slot == "bytes_encoder" && spec_.bytes_encoder.fresh) ||
           (slot == "image_encoder" && spec_.image_encoder.fresh);
  };
  Match match(file);
  for (const auto& [name, tensor] : constant_tensors()) match.use(name);
  std::map<std::string, at::Tensor> loaded;
  for (const ModelParameter& parameter : parameters_) {
    if (fresh(parameter.name)) continue;
    if (const SafetensorsEntry* entry = match.find(parameter))
      loaded[parameter.name] = copied_tensor(file, *entry, at::kFloat).requires_grad_();
  }
  if (!match.problems().empty()) match.refuse(match.problems());
  std::vector<std::string> unused = match.unused();
  std::erase_if(unused, fresh);
  if (!unused.empty())
    log_warning("model", "{}: {} tensors are not used: {}", path.string(), unused.size(), fmt::join(unused, ", "));

  const auto install = [&](std::optional<TensorComponent>& component, const SlotSpec& spec, const Part& part) {
    if (!component || spec.fresh) return;
    for (std::size_t i = 0; i < component->parameters().size(); ++i) {
      const NamedParameter& info = component->parameters()[i];
      const auto found = loaded.find(part.prefix + info.name);
      // Parameters outside a WeLT checkpoint (an unused MLM head) still need memory behind them.
      component->bind(i, found != loaded.end() ? found->second : at::zeros(info.shape, at::kFloat));
    }
  };
  const auto [image, bytes, latent, decoder] = parts();
  install(image_encoder_, spec_.image_encoder, image);
  install(bytes_encoder_, spec_.bytes_encoder, bytes);
  install(latent_, spec_.latent, latent);
  install(decoder_, spec_.decoder, decoder);
  const at::NoGradGuard no_grad;
  for (const ModelParameter& parameter : parameters_) {
    const auto found = loaded.find(parameter.name);
    if (found != loaded.end() && !parameter.tensor.is_meta()) at::Tensor(parameter.tensor).copy_(found->second);
  }
  take_weights();
  collect_parameters();
}

void WeltModel::init_from(const std::filesystem::path& checkpoint, bool strict) {
  const std::filesystem::path path = checkpoint / "model.safetensors";
  const SafetensorsFile file = SafetensorsFile::open(path);
  Match match(file);
  for (const auto& [name, tensor] : constant_tensors()) match.use(name);
  std::vector<std::pair<at::Tensor, const SafetensorsEntry*>> found;
  for (const ModelParameter& parameter : parameters_)
    if (const SafetensorsEntry* entry = match.find(parameter)) found.emplace_back(parameter.tensor, entry);
  std::vector<std::string> problems = match.problems();
  for (const std::string& name : match.unused()) problems.push_back(name + ": in the file, but not in the model");
  if (strict && !problems.empty()) match.refuse(problems);
  const at::NoGradGuard no_grad;
  for (const auto& [tensor, entry] : found) at::Tensor(tensor).copy_(copied_tensor(file, *entry, at::kFloat));
  log_info("model", "{}: {} of {} parameters start from it", path.string(), found.size(), parameters_.size());
  if (!problems.empty())
    log_warning("model", "{}: what does not fit, and starts as the recipe says:\n  {}", path.string(),
                fmt::join(problems, "\n  "));
}

}  // namespace welt
