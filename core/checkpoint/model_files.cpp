// See model_files.h.
#include "core/checkpoint/model_files.h"

#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/checkpoint/processor_files.h"
#include "core/checkpoint/run_folder.h"
#include "core/huggingface/welt_json.h"
#include "core/tensor/finite.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

std::string slot_of(const std::string& parameter) { return parameter.substr(0, parameter.find('.')); }

// Compares a checkpoint's tensors with the parameters they are to fill, and says all that does not fit at once.
class Match {
 public:
  explicit Match(const HfWeights& weights) : weights_(weights) {
    for (const auto& [name, item] : weights.items()) known_.push_back(name);
  }

  void use(const std::string& name) { used_.insert(name); }

  // What fits the tensor, under any of its names, or null with a note of why not.
  const HfWeights::Item* find(const ModelTensor& wanted) {
    const HfWeights::Item* item = nullptr;
    for (const std::string& name : wanted.names()) {
      use(name);
      if (item == nullptr) item = weights_.find(name);
    }
    if (!item) {
      // Comparing every name with every other takes long where much is missing, and says nothing there.
      const std::string near = problems_.size() < 100 ? nearest(wanted.name, known_) : std::string();
      note("{}: missing{}", wanted.name, near.empty() ? "" : " (nearest: " + near + ")");
      return nullptr;
    }
    const SafetensorsEntry& entry = *item->entry;
    if (at::IntArrayRef(entry.shape) != wanted.tensor.sizes()) {
      note("{}: shape {} in the file, {} in the model", entry.name, shape_text(entry.shape),
           shape_text(wanted.tensor.sizes()));
      return nullptr;
    }
    const auto type = safetensors_scalar_type(entry.dtype);
    if (!type || at::isFloatingType(*type) != wanted.tensor.is_floating_point()) {
      note("{}: type {} in the file, expected {}", entry.name, entry.dtype,
           wanted.tensor.is_floating_point() ? "a floating one" : safetensors_dtype(wanted.tensor.scalar_type()));
      return nullptr;
    }
    return item;
  }

  // Its values in the tensor's dtype.
  static at::Tensor read(const HfWeights::Item& item, const ModelTensor& wanted) {
    const at::Tensor values = copied_tensor(*item.file, *item.entry, wanted.tensor.scalar_type());
    if (wanted.buffer) require_finite(values, item.file->path(), item.entry->name);
    return values;
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
    fail({weights_.path().string(),
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
  const HfWeights& weights_;
  std::vector<std::string> known_, problems_;
  std::set<std::string> used_;
};

void check_swapped_width(const WeltModel& model, const HfWeights& weights) {
  const HfWeights::Item* item = weights.find("encoder_mapping.weight");
  if (item == nullptr || item->entry->shape.size() != 2) return;
  const std::int64_t trained = item->entry->shape[1];
  const auto [image, bytes, latent, decoder] = model.parts();
  const auto width_of = [](const WeltModel::Part& part) { return part.component ? part.component->width() : 0; };
  const std::int64_t now = width_of(image) + width_of(bytes);
  if (trained == now) return;
  for (const auto& [slot, width, name] : {std::tuple{&model.spec().image_encoder, width_of(image), "image encoder"},
                                          std::tuple{&model.spec().bytes_encoder, width_of(bytes), "bytes encoder"}}) {
    if (!slot->fresh) continue;
    fail({slot->where,
          fmt::format("the {} {} gives {} values a word, the one that {} was trained with gives {}", name,
                      slot->type->id, width, weights.path().string(), trained - (now - width)),
          "an encoder of the same width",
          "encoder_mapping would have to be trained anew: start a run with this encoder and model.init_from"},
         ErrorCode::failed_precondition);
  }
}

void read_tensors(WeltModel& model, const fs::path& checkpoint) {
  const HfWeights weights = HfWeights::open(checkpoint).of_welt();
  check_swapped_width(model, weights);
  const auto fresh = [&](const std::string& name) {
    const std::string slot = slot_of(name);
    return (slot == "bytes_encoder" && model.spec().bytes_encoder.fresh) ||
           (slot == "image_encoder" && model.spec().image_encoder.fresh);
  };
  Match match(weights);
  for (const auto& [name, tensor] : model.constant_tensors()) match.use(name);
  std::map<std::string, at::Tensor> values;
  for (const ModelTensor& tensor : model.tensors()) {
    if (fresh(tensor.name)) continue;
    if (const HfWeights::Item* item = match.find(tensor)) values[tensor.name] = Match::read(*item, tensor);
  }
  if (!match.problems().empty()) match.refuse(match.problems());
  std::vector<std::string> unused = match.unused();
  std::erase_if(unused, fresh);
  if (!unused.empty())
    log_warning("model", "{}: {} tensors are not used: {}", weights.path().string(), unused.size(),
                fmt::join(unused, ", "));
  model.install(values);
}

}  // namespace

void check_swapped_width(const WeltModel& model, const fs::path& checkpoint) {
  check_swapped_width(model, HfWeights::open(checkpoint).of_welt());
}

void save_model(const WeltModel& model, const fs::path& folder, std::int64_t words) {
  std::vector<NamedTensor> tensors;
  for (const ModelTensor& tensor : model.tensors()) {
    tensors.emplace_back(tensor.name, tensor.tensor.detach());
    if (!(tensor.buffer ? all_finite(tensors.back().second) : squares_are_finite(tensors.back().second)))
      fail({.where = fmt::format("{}: {}", folder.string(), tensor.name),
            .found = "values that are not finite, or so large that the next step's will not be: the model is not saved",
            .expected = "finite numbers",
            .mend = "Training went astray: lower train.learning_rate, lengthen train.warmup_steps or set train.clip = "
                    "1.0"},
           ErrorCode::data_loss);
  }
  for (const auto& constant : model.constant_tensors()) tensors.push_back(constant);
  write_json(folder / "config.json", model.spec().config_json());
  write_json(folder / "welt.json", model.spec().welt_json());
  save_tensors(folder / "model.safetensors", tensors);
  write_processor_files(folder, model.spec(), words);
}

FileMatch compare_tensors(const WeltModel& model, const HfWeights& weights) {
  Match match(weights);
  for (const auto& [name, tensor] : model.constant_tensors()) match.use(name);
  for (const ModelTensor& tensor : model.tensors()) match.find(tensor);
  return {match.problems(), match.unused()};
}

WeltModel load_model(const fs::path& checkpoint, const SpecChanges& changes) {
  WeltSpec spec = WeltSpec::from_checkpoint(checkpoint);
  spec.apply(changes);
  return load_model(checkpoint, std::move(spec));
}

WeltModel load_model(const fs::path& checkpoint, WeltSpec spec) {
  if (!fs::exists(checkpoint / "welt.json"))
    log_warning(
        "model",
        "{}: it has no welt.json, so it is taken for the Python WeLT's: words as that one cuts them, of up to {} "
        "bytes",
        checkpoint.string(), spec.segmenter.max_bytes);
  WeltModel model = WeltModel::without_weights(std::move(spec));
  read_tensors(model, checkpoint);
  return model;
}

WeltModel load_newest_model(const fs::path& run_or_checkpoint, const SpecChanges& changes) {
  constexpr int attempts = 5;
  for (int attempt = 1;; ++attempt) {
    const fs::path checkpoint = find_checkpoint(run_or_checkpoint);
    try {
      return load_model(checkpoint, changes);
    } catch (const Error&) {
      if (attempt == attempts || checkpoint == run_or_checkpoint || HfWeights::is_in(checkpoint)) throw;
    }
  }
}

void init_from(WeltModel& model, const fs::path& checkpoint, bool strict) {
  read_welt_json(checkpoint);  // it may be of a later welt
  const HfWeights weights = HfWeights::open(checkpoint).of_welt();
  Match match(weights);
  for (const auto& [name, tensor] : model.constant_tensors()) match.use(name);
  std::vector<std::pair<at::Tensor, at::Tensor>> found;  // of the model, of the file
  for (const ModelTensor& tensor : model.tensors())
    if (const HfWeights::Item* item = match.find(tensor)) found.emplace_back(tensor.tensor, Match::read(*item, tensor));
  std::vector<std::string> problems = match.problems();
  for (const std::string& name : match.unused()) problems.push_back(name + ": in the file, but not in the model");
  if (strict && !problems.empty()) match.refuse(problems);
  const at::NoGradGuard no_grad;
  for (auto& [tensor, values] : found) tensor.copy_(values);
  log_info("model", "{}: {} of {} tensors start from it", weights.path().string(), found.size(),
           model.tensors().size());
  if (!problems.empty())
    log_warning("model", "{}: what does not fit, and starts as the recipe says:\n  {}", weights.path().string(),
                fmt::join(problems, "\n  "));
}

}  // namespace welt
