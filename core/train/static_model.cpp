// See static_model.h.
#include "core/train/static_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/tensor/finite.h"
#include "core/tensor/index_tensor.h"

namespace welt {

void TokenTexts::add(std::span<const std::int32_t> tokens) {
  const auto number = static_cast<std::int64_t>(counts.size());
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  text.insert(text.end(), tokens.size(), number);
  counts.push_back(static_cast<std::int64_t>(tokens.size()));
}

StaticModel::StaticModel(const at::Tensor& codebook, std::int64_t dim, bool train_codebook) {
  const at::TensorOptions like = codebook.options();
  const double bound = 1 / std::sqrt(static_cast<double>(codebook.size(1)));
  codebook_ = codebook.detach();
  weights_ = at::ones({codebook.size(0)}, like);
  projection_ = at::empty({dim, codebook.size(1)}, like).uniform_(-bound, bound);
  bias_ = at::empty({dim}, like).uniform_(-bound, bound);
  codebook_.requires_grad_(train_codebook);
  for (at::Tensor* learnt : {&weights_, &projection_, &bias_}) learnt->requires_grad_(true);
}

// Rows are read once for all texts of the batch: most tokens are in many of them.
at::Tensor StaticModel::forward(const TokenTexts& texts) const {
  const at::ScalarType wide = codebook_.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  std::vector<std::int64_t> distinct = texts.ids;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const std::int64_t columns = std::ssize(distinct), count = std::ssize(texts.counts);
  std::vector<std::int64_t> places(texts.ids.size());  // in [texts, columns]
  for (std::size_t i = 0; i < places.size(); ++i)
    places[i] = texts.text[i] * columns + (std::ranges::lower_bound(distinct, texts.ids[i]) - distinct.begin());
  // Autograd keeps index tensors: they have memory of their own.
  const at::Tensor ids = as_tensor(texts.ids).clone(), rows = as_tensor(distinct).clone(),
                   place = as_tensor(places).clone(), counts = as_tensor(texts.counts).to(wide).unsqueeze(1);
  const at::Tensor shares = at::gelu(weights_.index_select(0, ids)).to(wide);  // [N]
  const at::Tensor sums = at::zeros({count * columns}, shares.options()).index_add(0, place, shares);
  const at::Tensor means = sums.view({count, columns}).matmul(codebook_.index_select(0, rows).to(wide)) / counts;
  return at::linear(means.to(projection_.scalar_type()), projection_, bias_).to(wide);  // [texts, dim]
}

at::Tensor StaticModel::table() const {
  const at::NoGradGuard no_grad;
  const at::Tensor weighted = codebook_.to(at::kFloat) * at::gelu(weights_.to(at::kFloat)).unsqueeze(1);
  return at::linear(weighted, projection_.to(at::kFloat), bias_.to(at::kFloat));
}

std::vector<ModelParameter> StaticModel::parameters() const {
  std::vector<ModelParameter> all{{"token_weights", weights_, false, "token_weights"},
                                  {"projection.weight", projection_, true, "projection"},
                                  {"projection.bias", bias_, false, "projection"}};
  if (codebook_.requires_grad()) all.push_back({"embedding.weight", codebook_, true, "codebook", /*table=*/true});
  return all;
}

std::vector<NamedTensor> StaticModel::tensors() const {
  std::vector<NamedTensor> all;
  for (const ModelParameter& parameter : parameters()) all.emplace_back(parameter.name, parameter.tensor.detach());
  return all;
}

void StaticModel::load(const std::filesystem::path& path) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file = SafetensorsFile::open(path);
  for (const ModelParameter& parameter : parameters()) {
    const SafetensorsEntry* entry = file.find(parameter.name);
    const auto refuse = [&](const std::string& found) {
      fail({.where = fmt::format("{}: {}", path.string(), parameter.name),
            .found = found,
            .expected = fmt::format("{} {}", safetensors_dtype(parameter.tensor.scalar_type()),
                                    shape_text(parameter.tensor.sizes())),
            .mend = "Resume with the recipe that wrote it, or remove this checkpoint to go on from the one before"},
           ErrorCode::data_loss);
    };
    if (entry == nullptr) refuse("missing");
    if (at::IntArrayRef(entry->shape) != parameter.tensor.sizes() ||
        entry->dtype != safetensors_dtype(parameter.tensor.scalar_type()))
      refuse(fmt::format("{} {}", entry->dtype, shape_text(entry->shape)));
    const at::Tensor values = copied_tensor(file, *entry);
    if (!all_finite(values)) refuse("values that are not finite");
    at::Tensor(parameter.tensor).copy_(values);
  }
}

}  // namespace welt
