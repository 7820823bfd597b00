// See optimizer_trace.h.
#include "core/parity/optimizer_trace.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/recipe/choices.h"
#include "core/tensor/tensor_io.h"
#include "core/train/adafactor.h"
#include "core/train/adamw.h"
#include "core/train/dion.h"
#include "core/train/dion2.h"
#include "core/train/lion.h"
#include "core/train/muon.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t runs_bytes_limit = 64 << 20;

std::pair<double, double> betas_of(const Json& settings) {
  const auto betas = settings.value("betas", std::vector<double>{0.9, 0.999});
  if (betas.size() != 2) fail({"settings.betas", settings.at("betas").dump(), "two numbers", {}});
  return {betas[0], betas[1]};
}

const Orthogonalization* iteration_of(const Json& settings) {
  return &find_choice(orthogonalizations(), settings.value("iteration", std::string("polar_express")),
                      "settings.iteration");
}

const RateAdjustment* adjustment_of(const Json& settings) {
  const auto at = settings.find("adjust_lr");
  const std::string name = at == settings.end() ? "spectral_norm" : at->is_null() ? "none" : at->get<std::string>();
  return &find_choice(rate_adjustments(), name, "settings.adjust_lr");
}

double within(const Json& settings, const char* key, double fallback, double least, double most) {
  const double value = settings.value(key, fallback);
  if (!(value >= least && value <= most))
    fail({fmt::format("settings.{}", key), fmt::format("{}", value), fmt::format("{} to {}", least, most), {}});
  return value;
}

struct NamedRule {
  std::string_view name;
  std::shared_ptr<const UpdateRule> (*make)(const Json& settings);
};

const std::vector<NamedRule>& rules() {
  static const std::vector<NamedRule> all{
      {"adamw",
       [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         const auto [beta1, beta2] = betas_of(s);
         return std::make_shared<AdamWRule>(
             AdamWOptions{.beta1 = beta1, .beta2 = beta2, .eps = s.value("epsilon", 1e-8)});
       }},
      {"adafactor",
       [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         return std::make_shared<AdafactorRule>(AdafactorOptions{.decay = -s.value("decay_rate", -0.8),
                                                                 .clip = within(s, "clip_threshold", 1, 1e-9, 1e9),
                                                                 .scale_parameter = s.value("scale_parameter", false)});
       }},
      {"lion",
       [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         const auto [beta1, beta2] = betas_of(s);
         return std::make_shared<LionRule>(beta1, beta2);
       }},
      {"muon",
       [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         return std::make_shared<MuonRule>(MuonOptions{.momentum = s.value("mu", 0.95),
                                                       .epsilon = s.value("epsilon", 1e-8),
                                                       .nesterov = s.value("nesterov", false),
                                                       .by = iteration_of(s),
                                                       .adjustment = adjustment_of(s)});
       }},
      {"dion",
       [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         return std::make_shared<DionRule>(
             DionOptions{.momentum = s.value("mu", 0.95),
                         .epsilon = s.value("epsilon", 1e-8),
                         .rank = static_cast<std::int64_t>(within(s, "rank", 64, 1, 1e6))});
       }},
      {"dion2", [](const Json& s) -> std::shared_ptr<const UpdateRule> {
         return std::make_shared<Dion2Rule>(Dion2Options{.fraction = within(s, "fraction", 0.25, 1e-6, 1),
                                                         .decay = s.value("ef_decay", 0.95),
                                                         .epsilon = s.value("epsilon", 1e-8),
                                                         .by = iteration_of(s),
                                                         .adjustment = adjustment_of(s)});
       }}};
  return all;
}

struct Plan {
  Json run;
  std::set<std::int64_t> kept;
  std::map<std::string, std::set<std::int64_t>> without_gradient;
};

Plan plan_of(const OptimizerTrace& trace) {
  const Json json = read_json_object(trace.runs, runs_bytes_limit);
  Plan plan;
  std::vector<std::string> names;
  for (const Json& run : json.at("runs")) {
    names.push_back(run.at("name"));
    if (names.back() == trace.run) plan.run = run;
  }
  if (plan.run.is_null()) {
    const std::string near = nearest(trace.run, names);
    fail({"runs", fmt::format("no run \"{}\"", trace.run), fmt::format("one of {}", fmt::join(names, ", ")),
          near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)},
         ErrorCode::not_found);
  }
  plan.kept = json.at("kept").get<std::set<std::int64_t>>();
  plan.without_gradient = json.value("no_gradient_in_steps", decltype(plan.without_gradient){});
  return plan;
}

at::Tensor read(const SafetensorsFile& file, const std::string& name, at::ScalarType dtype) {
  const SafetensorsEntry* entry = file.find(name);
  if (!entry) fail({name, "not in the file", "a tensor of this name", {}}, ErrorCode::not_found);
  return copied_tensor(file, *entry, dtype);
}

// A rule takes this tensor.
void require_fitting(const std::string& rule, const at::Tensor& tensor, const std::string& name) {
  if (tensor.dim() == 2 || rule == "adamw" || rule == "lion" || rule == "adafactor") return;
  fail({name, fmt::format("{} dimensions, and the rule {}", tensor.dim(), rule), "a matrix", {}});
}

class Trace {
 public:
  Trace(const OptimizerTrace& trace, const Plan& plan)
      : plan_(plan), tensors_(SafetensorsFile::open(trace.tensors)), dtype_(trace.dtype) {
    const Json settings = plan.run.value("settings", Json::object());
    std::vector<Optimizer::Group> groups;
    if (!plan.run.contains("groups")) {
      groups.push_back(group(Json{{"tensors", plan.run.at("tensors")}}, settings));
    } else {
      for (const Json& given : plan.run.at("groups")) groups.push_back(group(given, settings));
    }
    optimizer_ = std::make_unique<Optimizer>(std::move(groups));
    for (const auto& [name, state] : optimizer_->state())
      if (name.ends_with(".Q")) {
        const std::string tensor = name.substr(0, name.size() - 2);
        const at::Tensor given = read(tensors_, fmt::format("q/{}/{}", trace.run, tensor), dtype_);
        if (given.sizes() != state->sizes())
          fail({fmt::format("q/{}/{}", trace.run, tensor), shape_text(given.sizes()), shape_text(state->sizes()), {}});
        *state = given;
      }
  }

  std::int64_t run(const std::filesystem::path& out) {
    const auto rates = plan_.run.at("lr").get<std::vector<double>>();
    std::vector<NamedTensor> kept;
    for (std::size_t step = 1; step <= rates.size(); ++step) {
      give_gradients(static_cast<std::int64_t>(step));
      optimizer_->step(rates[step - 1]);
      if (!plan_.kept.contains(static_cast<std::int64_t>(step))) continue;
      for (const auto& [name, tensor] : parameters_)
        kept.emplace_back(fmt::format("{}/{}", step, name), tensor.detach().clone());
    }
    save_tensors(out, kept);
    return static_cast<std::int64_t>(rates.size());
  }

 private:
  Optimizer::Group group(const Json& given, const Json& settings) {
    const std::string rule = given.value("algorithm", plan_.run.at("optimizer").get<std::string>());
    Optimizer::Group made{.rule = find_choice(rules(), rule, "algorithm").make(settings), .slots = {}};
    for (const std::string name : given.at("tensors")) {
      if (parameters_.contains(name)) fail({"groups", fmt::format("{} twice", name), "every tensor once", {}});
      const at::Tensor start = read(tensors_, "start/" + name, dtype_);
      require_fitting(rule, start, name);
      parameters_.emplace(name, start);
      gradients_.emplace(name, read(tensors_, "gradient/" + name, dtype_));
      made.slots.push_back({.name = name,
                            .tensor = start,
                            .rate = given.value("lr_factor", 1.0),
                            .weight_decay = given.value("weight_decay", settings.value("weight_decay", 0.0))});
    }
    return made;
  }

  void give_gradients(std::int64_t step) {
    for (auto& [name, tensor] : parameters_) {
      const at::Tensor& all = gradients_.at(name);
      if (step > all.size(0) || all[step - 1].sizes() != tensor.sizes())
        fail({"gradient/" + name,
              fmt::format("{} at step {}", shape_text(all.sizes()), step),
              fmt::format("a gradient of shape {} for each step", shape_text(tensor.sizes())),
              {}});
      const auto without = plan_.without_gradient.find(name);
      if (without != plan_.without_gradient.end() && without->second.contains(step))
        tensor.mutable_grad().reset();
      else
        tensor.mutable_grad() = all[step - 1].clone();
    }
  }

  const Plan& plan_;
  SafetensorsFile tensors_;
  at::ScalarType dtype_;
  std::map<std::string, at::Tensor> parameters_, gradients_;
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace

std::int64_t trace_optimizer(const OptimizerTrace& trace) {
  try {
    return with_context(trace.runs.string(), [&] {
      const Plan plan = plan_of(trace);
      return Trace(trace, plan).run(trace.out);
    });
  } catch (const Json::exception& error) {
    fail({trace.runs.string(),
          fmt::format("not runs of optimizers ({})", error.what()),
          "runs, kept, and of the run name, optimizer, settings, lr and tensors",
          {}});
  }
}

}  // namespace welt
