// A WeLT model on disk: config.json and model.safetensors with the names of the Python WeLT (tests/goldens/welt).
//
// A byte table is three tensors (base, projection, folded), the latent's token table has no rows, and the latent's head
// name carries the decoder mapping.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/safetensors.h"
#include "core/model/tensor_io.h"
#include "core/model/welt_model.h"

namespace welt {
namespace {

std::string folded_name(const std::string& slot, const TorchComponent& component) {
  return slot + "." + component.vocabulary().table_name;
}

}  // namespace

void WeltModel::save(const std::filesystem::path& folder) const {
  const at::NoGradGuard no_grad;
  std::vector<NamedTensor> tensors;
  for (const ModelParameter& parameter : parameters_) tensors.emplace_back(parameter.name, parameter.tensor.detach());
  tensors.emplace_back(folded_name("bytes_encoder", *bytes_encoder_), encoder_table_->folded());
  tensors.emplace_back(folded_name("bytes_decoder", *decoder_), decoder_table_->folded());
  tensors.emplace_back(folded_name("latent_transformer", *latent_),
                       at::empty({0, latent_->vocabulary().width}, at::kFloat));
  write_file(folder / "config.json", spec_.config_json().dump(2) + "\n");
  write_file(folder / "welt.json", spec_.welt_json().dump(2) + "\n");
  save_tensors(folder / "model.safetensors", tensors);
}

WeltModel WeltModel::load(const std::filesystem::path& checkpoint) {
  WeltModel model(WeltSpec::from_checkpoint(checkpoint), Init::empty);
  model.load_tensors(checkpoint / "model.safetensors");
  return model;
}

void WeltModel::load_tensors(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<std::string> known, problems;
  for (const SafetensorsEntry& entry : file.entries()) known.push_back(entry.name);

  std::map<std::string, at::Tensor> loaded;
  std::set<std::string> used{folded_name("bytes_encoder", *bytes_encoder_), folded_name("bytes_decoder", *decoder_),
                             folded_name("latent_transformer", *latent_)};
  for (const ModelParameter& parameter : parameters_) {
    const SafetensorsEntry* entry = file.find(parameter.name);
    const std::vector<std::int64_t> shape = parameter.tensor.sizes().vec();
    if (!entry) {
      // Comparing every name with every other takes long where much is missing, and says nothing there.
      const std::string near = problems.size() < 100 ? nearest(parameter.name, known) : std::string();
      problems.push_back(fmt::format("{}: missing{}", parameter.name, near.empty() ? "" : " (nearest: " + near + ")"));
    } else if (entry->shape != shape) {
      problems.push_back(fmt::format("{}: shape {} in the file, {} in the model", parameter.name,
                                     shape_text(entry->shape), shape_text(shape)));
    } else if (const auto type = safetensors_scalar_type(entry->dtype); !type || !at::isFloatingType(*type)) {
      problems.push_back(fmt::format("{}: type {} in the file, expected a floating one", parameter.name, entry->dtype));
    } else {
      used.insert(entry->name);
      loaded[parameter.name] = copied_tensor(file, *entry, at::kFloat).requires_grad_();
    }
  }
  if (const std::size_t count = problems.size(); count > 0) {
    if (count > 100) problems.resize(100), problems.emplace_back("…");
    fail({path.string(),
          fmt::format("{} of the model's tensors {} not fit:\n  {}", count, count == 1 ? "does" : "do",
                      fmt::join(problems, "\n  ")),
          {},
          "The checkpoint and its config.json (or the recipe) describe different models"});
  }
  std::vector<std::string> unused;
  for (const std::string& name : known)
    if (!used.contains(name)) unused.push_back(name);
  if (!unused.empty())
    log_warning("model", "{}: {} tensors are not used: {}", path.string(), unused.size(), fmt::join(unused, ", "));

  const auto install = [&](TorchComponent& component, const std::string& slot) {
    for (std::size_t i = 0; i < component.parameters().size(); ++i) {
      const NamedParameter& info = component.parameters()[i];
      const auto found = loaded.find(slot + "." + info.name);
      // Parameters outside a WeLT checkpoint (an unused MLM head) still need memory behind them.
      component.bind(i, found != loaded.end() ? found->second : at::zeros(info.shape, at::kFloat));
    }
  };
  install(*bytes_encoder_, "bytes_encoder");
  install(*latent_, "latent_transformer");
  install(*decoder_, "bytes_decoder");
  const at::NoGradGuard no_grad;
  for (const ModelParameter& parameter : parameters_)
    if (!parameter.tensor.is_meta()) at::Tensor(parameter.tensor).copy_(loaded.at(parameter.name));
  collect_parameters();
}

}  // namespace welt
