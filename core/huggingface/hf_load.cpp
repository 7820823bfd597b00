// See hf_load.h.
#include "core/huggingface/hf_load.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

bool ends_with(std::string_view text, std::string_view end) { return text.ends_with(end); }

// `tensor` in the wanted dtype, with a gradient where the parameter gets one and it is wanted.
at::Tensor as_wanted(const at::Tensor& tensor, const NamedParameter& parameter, const LoadOptions& options) {
  const at::Tensor out = tensor.is_floating_point() ? tensor.to(options.dtype) : tensor;
  return out.set_requires_grad(parameter.gets_gradient() && options.requires_grad);
}

// As the plugin's initialiser leaves them: the component's own where they have been through it.
std::vector<at::Tensor> initial_tensors(const TensorComponent& component) {
  std::vector<at::Tensor> own = component.tensors();
  const bool empty = std::ranges::any_of(own, [](const at::Tensor& tensor) { return tensor.is_meta(); });
  return empty ? component.initialised().tensors() : own;
}

// One load: looks names up, remembers what was used, collects what is wrong.
class Loader {
 public:
  Loader(const HfWeights& weights, const LoadOptions& options, const std::string& base_prefix, std::string wrapper)
      : weights_(weights), options_(options), base_prefix_(base_prefix), wrapper_(std::move(wrapper)) {}

  // The file's name for `name`, without the wrapper's prefix, or "". The head of a bigger model may stand outside.
  std::string locate(const std::string& name) {
    for (const std::string& candidate : file_name_candidates(name, base_prefix_))
      if (weights_.find(wrapper_ + candidate) != nullptr) {
        used_.insert(candidate);
        return candidate;
      }
    if (weights_.find(name) == nullptr) return {};
    outside_.insert(name);
    return name;
  }

  void missing(const std::string& name) { missing_.push_back(name); }

  // Is the tensor fit to be `name` of this shape (−1: any size)? Notes the problem otherwise.
  bool fits(const std::string& file_name, const std::vector<std::int64_t>& shape, bool floating) {
    const SafetensorsEntry& entry = *item(file_name).entry;
    bool same = entry.shape.size() == shape.size();
    for (std::size_t i = 0; same && i < shape.size(); ++i) same = shape[i] < 0 || shape[i] == entry.shape[i];
    if (!same)
      problems_.push_back(
          fmt::format("\"{}\" is {} in the file, expected {}", file_name, shape_text(entry.shape), shape_text(shape)));
    const auto type = safetensors_scalar_type(entry.dtype);
    const bool typed = type && (!floating || at::isFloatingType(*type));
    if (!typed)
      problems_.push_back(fmt::format("\"{}\" has type {}, {}", file_name, entry.dtype,
                                      type ? "expected floating" : "which is not read here"));
    return same && typed;
  }

  at::Tensor read(const std::string& file_name) const {
    return values(file_name).set_requires_grad(options_.requires_grad);
  }

  at::Tensor read(const std::string& file_name, const NamedParameter& parameter) const {
    const at::Tensor tensor = values(file_name);
    if (parameter.kind == WELT_BUFFER) require_finite(tensor, weights_.path(), file_name);
    return as_wanted(tensor, parameter, options_);
  }

  std::vector<std::string> unused() const {
    std::vector<std::string> result;
    for (const auto& [full_name, item] : weights_.items()) {  // what a bigger model has besides is not this one's
      if (!full_name.starts_with(wrapper_)) continue;
      if (std::string name = full_name.substr(wrapper_.size()); !used_.contains(name))
        result.push_back(std::move(name));
    }
    return result;
  }

  void throw_problems(const std::string& class_name) {
    // A foreign file may lack everything: then neighbours by spelling say nothing, and comparing all would take long.
    const std::vector<std::string> rest = missing_.size() <= 100 ? unused() : std::vector<std::string>{};
    for (const std::string& name : missing_) {
      const std::string near = nearest(name, rest);
      problems_.push_back(near.empty() ? fmt::format("\"{}\" is missing", name)
                                       : fmt::format("\"{}\" is missing (nearest in the file: \"{}\")", name, near));
    }
    const std::size_t count = problems_.size();
    if (count == 0) return;
    if (count > 100) problems_.resize(100), problems_.emplace_back("…");
    fail({.where = weights_.path().string(),
          .found = fmt::format("{} of its tensors {} not fit the class {}: {}", count, count == 1 ? "does" : "do",
                               class_name, fmt::join(problems_, "; ")),
          .mend = "Weights and config.json do not belong together, or the config names another class"});
  }

 private:
  const HfWeights::Item& item(const std::string& file_name) const {
    return *weights_.find(outside_.contains(file_name) ? file_name : wrapper_ + file_name);
  }

  at::Tensor values(const std::string& file_name) const {
    const auto& [file, entry, alias] = item(file_name);
    const auto stored = safetensors_scalar_type(entry->dtype).value();
    const at::ScalarType type = at::isFloatingType(stored) ? options_.dtype : stored;
    return options_.own_memory ? copied_tensor(*file, *entry, type) : mapped_tensor(*file, *entry).to(type);
  }

  const HfWeights& weights_;
  const LoadOptions& options_;
  const std::string& base_prefix_;
  const std::string wrapper_;
  std::set<std::string, std::less<>> used_, outside_;
  std::vector<std::string> problems_, missing_;
};

// Of the file's names, where any of the component's is found without it.
std::string wrapper_prefix(const TensorComponent& component, const HfWeights& weights) {
  return weights.wrapper([&](const std::string& prefix) {
    return std::ranges::any_of(component.parameters(), [&](const NamedParameter& parameter) {
      const auto there = [&](const std::string& name) { return weights.find(prefix + name) != nullptr; };
      return std::ranges::any_of(file_name_candidates(parameter.name, component.base_prefix()), there);
    });
  });
}

// What stands before the names of a part of a bigger model ("language_model.", "vision_tower."): the shortest beginning
// of any name behind which every parameter is found, where without one that is not so.
std::string part_prefix(const TensorComponent& component, const HfWeights& weights) {
  const std::vector<NamedParameter>& parameters = component.parameters();
  const auto holds_all = [&](const std::string& prefix) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].optional_in_file || parameters[i].same_as != i) continue;
      const auto there = [&](const std::string& name) { return weights.find(prefix + name) != nullptr; };
      if (!std::ranges::any_of(file_name_candidates(parameters[i].name, component.base_prefix()), there)) return false;
    }
    return true;
  };
  if (parameters.empty() || holds_all("")) return {};
  constexpr std::size_t deepest = 8, longest = 256;        // real names are far below; what is above may be hostile
  std::set<std::pair<std::size_t, std::string>> prefixes;  // by length
  for (const auto& [name, item] : weights.items()) {
    std::size_t dot = name.find('.');
    for (std::size_t depth = 0; depth < deepest && dot < longest; ++depth, dot = name.find('.', dot + 1))
      prefixes.emplace(dot + 1, name.substr(0, dot + 1));
  }
  const auto found = std::ranges::find_if(prefixes, [&](const auto& prefix) { return holds_all(prefix.second); });
  if (found == prefixes.end()) return {};
  log_info("hf", "{}: taken from the part \"{}\"", weights.path().string(), found->second);
  return found->second;
}

void locate_vocabulary(Loader& loader, const Vocabulary& vocabulary, bool whole, LoadedWeights& result) {
  const std::int64_t rows = whole ? vocabulary.vocab_size : -1;
  const bool has_head = !vocabulary.head_name.empty();
  result.table_file_name = loader.locate(vocabulary.table_name);
  if (has_head) result.head_file_name = loader.locate(vocabulary.head_name);
  if (vocabulary.tied && has_head) {  // saved once, under the table's name; a second copy is of no account
    if (result.table_file_name.empty()) result.table_file_name = result.head_file_name;
    result.head_file_name = result.table_file_name;
  }
  if (!vocabulary.head_bias_name.empty()) {
    result.head_bias_file_name = loader.locate(vocabulary.head_bias_name);
    // BERT and its kin tie it to the bias of the head's own product: a file may have it under that name alone.
    if (result.head_bias_file_name.empty() && vocabulary.head_name.ends_with(".weight"))
      result.head_bias_file_name =
          loader.locate(vocabulary.head_name.substr(0, vocabulary.head_name.size() - 6) + "bias");
  }

  const auto check = [&](std::string& file_name, const std::string& name, const std::vector<std::int64_t>& shape) {
    if (!file_name.empty())
      loader.fits(file_name, shape, true);
    else if (whole && !name.empty())
      loader.missing(name);
  };
  check(result.table_file_name, vocabulary.table_name, {rows, vocabulary.width});
  if (has_head && !vocabulary.tied) check(result.head_file_name, vocabulary.head_name, {rows, vocabulary.width});
  check(result.head_bias_file_name, vocabulary.head_bias_name, {rows});
}

}  // namespace

std::vector<std::string> file_name_candidates(const std::string& name, const std::string& base_prefix) {
  std::vector<std::string> result{name};
  if (!base_prefix.empty()) {
    const std::string start = base_prefix + ".";
    result.push_back(name.starts_with(start) ? name.substr(start.size()) : start + name);
  }
  for (std::size_t i = 0, count = result.size(); i < count; ++i)
    for (const auto& [now, old] : {std::pair("LayerNorm.weight", "gamma"), std::pair("LayerNorm.bias", "beta")})
      if (ends_with(result[i], now)) result.push_back(result[i].substr(0, result[i].rfind('.') + 1) + old);
  return result;
}

LoadedWeights load_weights(TensorComponent& component, const HfWeights& weights, const LoadOptions& options) {
  const std::vector<NamedParameter>& parameters = component.parameters();
  std::string prefix = wrapper_prefix(component, weights);
  if (prefix.empty()) prefix = part_prefix(component, weights);
  Loader loader(weights, options, component.base_prefix(), std::move(prefix));
  LoadedWeights result;
  result.file_names.resize(parameters.size());
  std::vector<std::string> found(parameters.size());  // by same_as: a tied tensor's name in the file
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string file_name = loader.locate(parameters[i].name);
    if (file_name.empty()) continue;
    loader.fits(file_name, parameters[i].shape, parameters[i].kind == WELT_PARAMETER);
    std::string& first = found[parameters[i].same_as];
    if (first.empty()) first = file_name;
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    result.file_names[i] = found[parameters[i].same_as];
    if (result.file_names[i].empty() && !parameters[i].optional_in_file && parameters[i].same_as == i)
      loader.missing(parameters[i].name);
  }
  if (component.has_vocabulary()) locate_vocabulary(loader, component.vocabulary(), options.whole_vocabulary, result);
  const nlohmann::json classes = component.config().value("architectures", nlohmann::json());
  loader.throw_problems(classes.is_array() && !classes.empty() && classes[0].is_string() ? classes[0].get<std::string>()
                                                                                         : component.type().id);

  std::vector<at::Tensor> initial, bound(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const NamedParameter& parameter = parameters[i];
    if (parameter.same_as != i) continue;
    if (!result.file_names[i].empty()) {
      bound[i] = loader.read(result.file_names[i], parameter);
      continue;
    }
    if (initial.empty()) initial = initial_tensors(component);
    bound[i] = as_wanted(initial[i].detach(), parameter, options);
    result.initialized.push_back(parameter.name);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) component.bind(i, bound[parameters[i].same_as]);
  if (!result.table_file_name.empty()) result.table = loader.read(result.table_file_name);
  if (!result.head_file_name.empty())
    result.head = result.head_file_name == result.table_file_name ? result.table : loader.read(result.head_file_name);
  if (!result.head_bias_file_name.empty()) result.head_bias = loader.read(result.head_bias_file_name);
  result.unused = loader.unused();
  return result;
}

}  // namespace welt
