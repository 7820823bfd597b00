// The initialisers. See init.h.
#include "welt/nn/init.h"

#include <cmath>
#include <numbers>

#include "welt/sdk/schema.hpp"

namespace welt::nn {
namespace {

struct Fans {
  double in, out;
};

// As torch.nn.init._calculate_fan_in_and_fan_out: [out, in, kernel…].
Fans fans_of(const at::Tensor& tensor) {
  if (tensor.dim() < 2) {
    throw sdk::invalid("kaiming and xavier were asked to fill a tensor of " + std::to_string(tensor.dim()) +
                       " dimensions; expected at least 2: [out, in, ...]");
  }
  double field = 1;
  for (const std::int64_t size : tensor.sizes().slice(2)) field *= static_cast<double>(size);
  return {field * static_cast<double>(tensor.size(1)), field * static_cast<double>(tensor.size(0))};
}

void fill_with_variance(const at::Tensor& tensor, Init::Scale::Spread spread, double variance) {
  if (spread == Init::Scale::Spread::normal) {
    tensor.normal_(0, std::sqrt(variance));
  } else {
    const double bound = std::sqrt(3 * variance);
    tensor.uniform_(-bound, bound);
  }
}

struct Named {
  const char* name;
  Init (*make)(double deviation);
};
using Scale = Init::Scale;
constexpr Named all[] = {
    {"kaiming_normal", [](double) { return Init::kaiming({.spread = Scale::Spread::normal, .gain = std::sqrt(2.0)}); }},
    {"kaiming_uniform", [](double) { return Init::kaiming({.gain = std::sqrt(2.0)}); }},
    {"normal", [](double deviation) { return Init::normal(deviation); }},
    {"ones", [](double) { return Init::ones(); }},
    {"trunc_normal", [](double deviation) { return Init::truncated_normal(deviation); }},
    {"xavier_normal", [](double) { return Init::xavier(Scale::Spread::normal); }},
    {"xavier_uniform", [](double) { return Init::xavier(Scale::Spread::uniform); }},
    {"zeros", [](double) { return Init::zeros(); }},
};

}  // namespace

Init Init::constant(double value) {
  return Init([value](const at::Tensor& tensor) { tensor.fill_(value); });
}
Init Init::uniform(double low, double high) {
  return Init([low, high](const at::Tensor& tensor) { tensor.uniform_(low, high); });
}
Init Init::normal(double deviation, double mean) {
  return Init([deviation, mean](const at::Tensor& tensor) { tensor.normal_(mean, deviation); });
}

Init Init::truncated_normal(double deviation, double mean, double low, double high) {
  return Init([=](const at::Tensor& tensor) {  // by the inverse of the distribution, as torch.nn.init.trunc_normal_
    const auto share = [&](double x) { return (1 + std::erf((x - mean) / deviation / std::numbers::sqrt2)) / 2; };
    tensor.uniform_(2 * share(low) - 1, 2 * share(high) - 1);
    tensor.erfinv_().mul_(deviation * std::numbers::sqrt2).add_(mean).clamp_(low, high);
  });
}

Init Init::kaiming(Scale scale) {
  return Init([scale](const at::Tensor& tensor) {
    const Fans fans = fans_of(tensor);
    const double fan = scale.fan == Scale::Fan::in ? fans.in : fans.out;
    fill_with_variance(tensor, scale.spread, scale.gain * scale.gain / fan);
  });
}
Init Init::xavier(Scale::Spread spread, double gain) {
  return Init([spread, gain](const at::Tensor& tensor) {
    const Fans fans = fans_of(tensor);
    fill_with_variance(tensor, spread, 2 * gain * gain / (fans.in + fans.out));
  });
}

Init Init::named(std::string_view name, double deviation) {
  for (const Named& one : all)
    if (one.name == name) return one.make(deviation);
  throw sdk::invalid("unknown initialiser \"" + std::string(name) + "\"; known: " + sdk::detail::listed(names()));
}

std::vector<std::string> Init::names() {
  std::vector<std::string> out;
  for (const Named& one : all) out.emplace_back(one.name);
  return out;
}

}  // namespace welt::nn
