// See hf_component.h.
#include "core/huggingface/hf_component.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/huggingface/config_keys.h"

namespace welt {
namespace {

const ComponentType& find_type(const HfSource& source, std::string_view role) {
  try {
    return Registry::instance().find_for_config(role, source.config());
  } catch (const Error& error) {  // the registry does not know where the config came from
    throw Error(fmt::format("{}: {}", source.folder().string(), error.what()), error.code());
  }
}

TensorComponent make_component(const HfSource& source, std::string_view role) {
  const ComponentType& type = find_type(source, role);
  const std::string where = (source.folder() / "config.json").string();
  const std::string name = source.architecture();
  const std::vector<std::string>& known = type.hf_architectures;
  if (!name.empty() && !known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string near = nearest(name, known);
    fail({.where = where + ": architectures",
          .found = fmt::format("the class \"{}\", which plugin {} does not have", name, type.id),
          .expected = fmt::format("one of {}", fmt::join(known, ", ")),
          .mend = near.empty() ? "" : fmt::format("Did you mean {}?", near)});
  }
  check_unknown_keys(type, source.config(), where);
  return TensorComponent(type, role, ConfigView(type, source.config(), false, where), WELT_INIT_NONE);
}

}  // namespace

HfComponent::HfComponent(const HfSource& source, std::string_view role, at::ScalarType dtype, bool requires_grad)
    : component(make_component(source.for_role(role), role)) {
  component.to(at::kCPU, dtype);
  weights =
      load_weights(component, source.weights(), {.dtype = dtype, .own_memory = false, .requires_grad = requires_grad});
  component.set_training(false);
  if (!weights.unused.empty())
    log_info("hf", "{}: not used by this class: {}", source.folder().string(), fmt::join(weights.unused, ", "));
  if (!weights.initialized.empty() && weights.head.defined())
    fail({.where = source.folder().string(),
          .found = fmt::format("what the class has before its head is not in the file: {}",
                               fmt::join(weights.initialized, ", ")),
          .mend = "Name the class that the file was saved from in config.json (architectures)"},
         ErrorCode::not_found);
  if (!weights.initialized.empty())
    log_warning("hf", "{}: not in the file, so its outputs are left out: {}", source.folder().string(),
                fmt::join(weights.initialized, ", "));
}

std::vector<NamedTensor> HfComponent::parameters() const {
  std::vector<NamedTensor> result;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    const auto same = [&](const NamedTensor& known) { return known.second.is_same(tensor); };
    if (!name.empty() && tensor.defined() && tensor.requires_grad() && std::none_of(result.begin(), result.end(), same))
      result.emplace_back(name, tensor);
  };
  const std::vector<at::Tensor> tensors = component.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) add(weights.file_names[i], tensors[i]);
  add(weights.table_file_name, weights.table);
  add(weights.head_file_name, weights.head);
  add(weights.head_bias_file_name, weights.head_bias);
  return result;
}

std::vector<NamedTensor> HfComponent::traced(const std::function<void()>& call) {
  const auto values = std::make_shared<std::vector<NamedTensor>>();  // shared: a call that throws leaves it set
  component.set_trace([values](std::string_view name, const at::Tensor& value) { values->emplace_back(name, value); });
  call();
  component.set_trace({});
  return std::move(*values);
}

}  // namespace welt
