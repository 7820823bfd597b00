// See trace.h.
#include "core/parity/trace.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/huggingface/hf_source.h"
#include "core/parity/dense_batch.h"
#include "core/tensor/tensor_io.h"
#include "core/train/adamw.h"
#include "core/train/gradients.h"
#include "core/train/schedule.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t plan_bytes_limit = 64 << 20;
constexpr std::int64_t chunk_tokens = 8192;

// The model's parameters with the plan's groups. Every name of one must be a name of the other.
std::vector<ModelParameter> grouped(const WeltModel& model, const TracePlan& plan) {
  std::map<std::string, bool> decays;
  std::vector<std::string> problems, known;
  for (const bool decay : {true, false})
    for (const std::string& name : decay ? plan.decay : plan.no_decay)
      if (!decays.emplace(name, decay).second) problems.push_back(name + ": named twice");
  std::vector<ModelParameter> parameters = model.parameters();
  for (ModelParameter& parameter : parameters) {
    known.push_back(parameter.name);
    const auto found = decays.find(parameter.name);
    if (found == decays.end()) {
      problems.push_back(parameter.name + ": a parameter of the model in neither group");
      continue;
    }
    parameter.decay = found->second;
    decays.erase(found);
  }
  for (const auto& [name, decay] : decays) {
    const std::string near = nearest(name, known);
    problems.push_back(fmt::format("{}: not a parameter of the model{}", name,
                                   near.empty() ? "" : fmt::format(" (nearest: {})", near)));
  }
  if (!problems.empty())
    fail({"decay and no_decay of the plan",
          fmt::format("\n  {}", fmt::join(problems, "\n  ")),
          "every parameter of the model once",
          {}});
  return parameters;
}

struct Settings {
  AdamWOptions adamw;
  double clip = 0;
  ScheduleOptions schedule;
};

Settings settings_of(const Json& json) {
  if (json.value("type", "AdamW") != "AdamW")
    fail({"optimizer.type of the plan", json.at("type").dump(), "\"AdamW\"", {}});
  const auto betas = json.at("betas").get<std::vector<double>>();
  if (betas.size() != 2) fail({"optimizer.betas of the plan", json.at("betas").dump(), "two numbers", {}});
  Settings out;
  out.adamw = {.weight_decay = json.at("weight_decay"), .beta1 = betas[0], .beta2 = betas[1], .eps = json.at("eps")};
  out.clip = json.at("clip_grad_norm");
  out.schedule = {.name = "cosine",
                  .peak = json.at("peak_lr"),
                  .final_ratio = json.at("final_lr_ratio"),
                  .warmup_steps = json.at("warmup_steps"),
                  .steps = json.at("steps")};
  if (out.schedule.steps < 1 || out.schedule.warmup_steps < 0)
    fail({"optimizer of the plan",
          fmt::format("{} steps, {} of warm-up", out.schedule.steps, out.schedule.warmup_steps),
          "at least one step",
          {}});
  return out;
}

void keep(const WeltModel& model, const std::string& prefix, std::vector<NamedTensor>& kept) {
  for (const ModelParameter& parameter : model.parameters())
    kept.emplace_back(prefix + parameter.name, parameter.tensor.detach().clone());
  for (const auto& [name, table] : model.folded_tables()) kept.emplace_back(prefix + name, table.detach().clone());
}

}  // namespace

TracePlan TracePlan::load(const fs::path& file, const std::string& run) {
  const Json json = read_json_object(file, plan_bytes_limit);
  try {
    TracePlan plan;
    plan.optimizer = json.at("optimizer");
    plan.decay = json.at("decay").get<std::vector<std::string>>();
    plan.no_decay = json.at("no_decay").get<std::vector<std::string>>();
    const Json& runs = json.at("runs");
    if (!runs.contains(run)) {
      std::vector<std::string> names;
      for (const auto& item : runs.items()) names.push_back(item.key());
      fail({file.string() + ": runs",
            fmt::format("no run \"{}\"", run),
            fmt::format("one of {}", fmt::join(names, ", ")),
            {}},
           ErrorCode::not_found);
    }
    plan.cycle = runs.at(run).at("cycle").get<std::vector<std::int64_t>>();
    if (plan.cycle.empty()) fail({file.string() + ": cycle", "an empty list", "batch numbers", {}});
    settings_of(plan.optimizer);
    return plan;
  } catch (const Json::exception& error) {
    fail({file.string(),
          fmt::format("not a plan of a training trace ({})", error.what()),
          "optimizer, decay, no_decay and runs",
          {}});
  }
}

void train_trace(WeltModel& model, const TracePlan& plan, const fs::path& batches, const std::string& run,
                 const fs::path& out) {
  const SafetensorsFile file = SafetensorsFile::open(batches);
  const Settings settings = settings_of(plan.optimizer);
  const std::vector<ModelParameter> parameters = grouped(model, plan);
  Gradients gradients(parameters);
  AdamW optimizer(parameters, settings.adamw);
  model.set_training(false);
  fs::create_directories(out);
  Progress progress("trace", settings.schedule.steps);
  std::map<std::int64_t, DenseBatch> read;
  std::vector<NamedTensor> kept;
  std::string lines;
  for (std::int64_t step = 1; step <= settings.schedule.steps; ++step) {
    const std::int64_t number = plan.cycle[static_cast<std::size_t>(step - 1) % plan.cycle.size()];
    if (!read.contains(number))
      read.emplace(number,
                   read_dense_batch(file, fmt::format("batch_{}/", number), model, Predictors::labelled, chunk_tokens));
    const DenseBatch& batch = read.at(number);
    std::int64_t labels = 0;
    for (const DecoderChunk& chunk : batch.plan.decoder.chunks) labels += std::ssize(chunk.targets);
    if (labels == 0)
      fail({fmt::format("{}: batch {}", batches.string(), number), "no label", "at least one to learn from", {}});
    const double loss =
        model.forward_backward(batch.plan, batch.images, model.modalities(), static_cast<double>(labels), /*amp=*/false)
            .nats /
        static_cast<double>(labels);
    const double norm = gradients.norm().item<double>(), rate = learning_rate(settings.schedule, step);
    if (!std::isfinite(loss) || !std::isfinite(norm))
      fail(
          {fmt::format("step {}", step), fmt::format("loss {} and gradient norm {}", loss, norm), "finite numbers", {}},
          ErrorCode::aborted);
    gradients.clip(norm, settings.clip);
    optimizer.step(rate);
    gradients.drop();
    lines += Json{{"step", step}, {"batch", number}, {"lr", rate}, {"loss", loss}, {"grad_norm", norm}}.dump() + "\n";
    if (step == 1 || step == 5 || step == 30 || step == settings.schedule.steps)
      keep(model, fmt::format("{}/step_{}/", run, step), kept);
    progress.update(step, fmt::format("loss {:.4f}", loss));
  }
  write_file(out / "steps.jsonl", lines);
  save_tensors(out / "after.safetensors", kept);
}

}  // namespace welt
