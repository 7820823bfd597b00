// See forward_case.h.
#include "core/parity/forward_case.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/finite.h"

namespace welt {
namespace {

// "<case>/<group>/<name>" → its case; other groups (results of another program) are not ours to read.
std::map<std::string, ForwardCase> read_cases(const SafetensorsFile& file) {
  std::map<std::string, ForwardCase> cases;
  for (const SafetensorsEntry& entry : file.entries()) {
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string::npos) continue;
    const std::string name = entry.name.substr(0, slash);
    const std::string_view rest = std::string_view(entry.name).substr(slash + 1);
    if (rest == "valid") cases[name].valid = copied_tensor(file, entry).to(at::kBool);
    if (rest.starts_with("in/")) cases[name].in.emplace(rest.substr(3), mapped_tensor(file, entry));
    if (rest.starts_with("w/")) cases[name].w.emplace(rest.substr(2), mapped_tensor(file, entry));
  }
  std::erase_if(cases, [](const auto& item) { return item.second.in.empty(); });
  if (cases.empty())
    fail({.where = file.path().string(),
          .found = fmt::format("{} tensors, none of them the input of a case", file.entries().size()),
          .expected = "names like \"plain/in/input_ids\""});
  return cases;
}

}  // namespace

void for_each_case(const SafetensorsFile& file,
                   const std::function<void(const std::string& name, const ForwardCase& test)>& run) {
  for (const auto& [name, test] : read_cases(file)) {
    try {
      run(name, test);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: case \"{}\": {}", file.path().string(), name, error.what()), error.code());
    } catch (const c10::Error& error) {  // what no check foresaw: LibTorch's words without its back trace
      throw Error(fmt::format("{}: case \"{}\": {}", file.path().string(), name, error.what_without_backtrace()));
    }
  }
}

// Σ output·w over the outputs that w names, in at least single precision.
at::Tensor objective(const CaseTensors& out, const CaseTensors& w) {
  at::Tensor total;
  for (const auto& [name, weight] : w) {
    const auto output = out.find(name);
    if (output == out.end()) {
      std::vector<std::string> known;
      for (const auto& item : out) known.push_back(item.first);
      fail({.where = fmt::format("w/{}", name),
            .found = "the class has no such output",
            .expected = fmt::format("one of {}", fmt::join(known, ", "))});
    }
    if (weight.sizes() != output->second.sizes())
      fail({.where = fmt::format("w/{}", name),
            .found = shape_text(weight.sizes()),
            .expected = fmt::format("{}, as the output", shape_text(output->second.sizes()))});
    const at::ScalarType type = output->second.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor part = output->second.to(type).mul(weight.to(type)).sum();
    total = total.defined() ? total.add(part) : part;
  }
  return total;
}

namespace {

// "": all are finite.
std::string first_not_finite(const std::vector<NamedTensor>& tensors) {
  const auto found =
      std::ranges::find_if(tensors, [](const NamedTensor& named) { return !all_finite(named.second.detach()); });
  return found == tensors.end() ? std::string() : found->first;
}

}  // namespace

void require_finite(const std::vector<NamedTensor>& trace, const CaseTensors& out,
                    const std::vector<NamedTensor>& parameters) {
  std::vector<NamedTensor> in_order;  // what is traced stands before what is made of it
  for (const auto& [name, value] : trace)
    if (const auto traced = out.find(name); traced != out.end()) in_order.emplace_back(name, traced->second);
  in_order.insert(in_order.end(), out.begin(), out.end());
  const std::string output = first_not_finite(in_order);
  if (output.empty()) return;
  const std::string parameter = first_not_finite(parameters);
  fail(
      {.where = "out/" + output,
       .found = "values that are not finite",
       .expected = "finite numbers",
       .mend = parameter.empty() ? "All weights are finite: look at the inputs"
                                 : fmt::format("{} has values that are not finite: copy the weights again", parameter)},
      ErrorCode::data_loss);
}

void CaseResults::put(std::string_view group, std::string_view name, const at::Tensor& value) {
  results_.emplace_back(fmt::format("{}/{}/{}", name_, group, name), value.detach().to(dtype_));
}

void CaseResults::put_gradients(const at::Tensor& total, const CaseTensors& inputs,
                                const std::vector<NamedTensor>& parameters) {
  for (const auto& [name, tensor] : parameters) tensor.mutable_grad() = at::Tensor();
  total.backward();
  const auto finite = [](std::string_view name, const at::Tensor& gradient) {
    if (!all_finite(gradient))
      fail({.where = fmt::format("grad/{}", name), .found = "values that are not finite", .expected = "finite numbers"},
           ErrorCode::data_loss);
  };
  for (const auto& [name, tensor] : inputs)
    if (tensor.grad().defined()) finite(name, tensor.grad()), put("grad", name, tensor.grad());
  for (const auto& [name, tensor] : parameters)
    if (tensor.grad().defined())
      finite(name, tensor.grad()), put("grad_norm", name, tensor.grad().to(at::kDouble).norm().reshape({1}));
}

}  // namespace welt
