// Optimizers step by step, and learning rates, against what microsoft/dion, PyTorch and transformers give
// (tests/goldens/optimizers).
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/json.h"
#include "core/parity/optimizer_trace.h"
#include "core/parity/reference_schedule.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using nlohmann::json;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "optimizers";

// The runs of a file, from the starts and gradients of tensors.safetensors, against `after`.
void expect_trajectories(at::ScalarType dtype, const char* name_of_runs = "runs.json",
                         const char* after = "tensors.safetensors") {
  const test::TempFolder folder;
  const json runs = json::parse(std::ifstream(goldens / name_of_runs));
  const SafetensorsFile expected = SafetensorsFile::open(goldens / after);
  for (const json& run : runs.at("runs")) {
    const std::string name = run.at("name");
    const std::filesystem::path out = folder / (name + ".safetensors");
    trace_optimizer({.runs = goldens / name_of_runs,
                     .tensors = goldens / "tensors.safetensors",
                     .run = name,
                     .dtype = dtype,
                     .out = out});
    const SafetensorsFile found = SafetensorsFile::open(out);
    for (const json& step : runs.at("kept"))
      for (const json& tensor : run.at("tensors")) {
        const std::string at = std::to_string(step.get<int>()) + "/" + tensor.get<std::string>();
        const auto* entry = found.find(at);
        ASSERT_NE(entry, nullptr) << name << " " << at;
        const auto* wanted = expected.find("after/" + name + "/" + at);
        const double off = (copied_tensor(found, *entry, at::kDouble) - copied_tensor(expected, *wanted, at::kDouble))
                               .abs()
                               .max()
                               .item<double>();
        EXPECT_LE(off, run.at("difference").at(tensor.get<std::string>()).at("tolerance").get<double>())
            << name << " " << at;
      }
  }
}

TEST(OptimizerParity, FollowsTheReferenceInDoublePrecision) { expect_trajectories(at::kDouble); }
TEST(OptimizerParity, FollowsTheReferenceInSinglePrecision) { expect_trajectories(at::kFloat); }

// make_adafactor.py runs transformers' own.
TEST(OptimizerParity, AdafactorIsThatOfTransformers) {
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat})
    expect_trajectories(dtype, "adafactor.json", "adafactor.safetensors");
}

TEST(OptimizerTrace, SettingsBeyondWhatARuleTakesAreNamed) {
  struct Setting {
    const char *optimizer, *name;
    double value;
  };
  const test::TempFolder folder;
  for (const Setting& one : {Setting{"dion", "rank", -1}, Setting{"dion2", "fraction", 3}}) {
    json run{{"name", "a"}, {"optimizer", one.optimizer}};
    run["settings"][one.name] = one.value;
    run["lr"].push_back(0.1);
    run["tensors"].push_back("head");
    json runs;
    runs["kept"].push_back(1);
    runs["runs"].push_back(run);
    const std::filesystem::path file = folder.put("runs.json", runs.dump());
    const std::string message = test::error_of([&] {
      trace_optimizer({.runs = file, .tensors = goldens / "tensors.safetensors", .run = "a", .out = folder / "out"});
    });
    EXPECT_CONTAINS(message, std::string("settings.") + one.name);
  }
}

TEST(ScheduleParity, RatesAreThoseOfTransformers) {
  std::ifstream in(goldens / "schedules.jsonl");
  for (std::string line; std::getline(in, line);) {
    const json expected = json::parse(line);
    if (expected.contains("error")) {
      EXPECT_ANY_THROW(reference_rates(expected)) << line;
      continue;
    }
    const json found = reference_rates(expected);
    EXPECT_EQ(found.at("warmup"), expected.at("warmup")) << line;
    for (const auto& [step, rate] : expected.at("lr_of_step").items()) {
      const json& given = found.at("lr_of_step").at(step);
      for (std::size_t i = 0; i < (rate.is_array() ? rate.size() : 1); ++i)
        EXPECT_NEAR((rate.is_array() ? given[i] : given).get<double>(),
                    (rate.is_array() ? rate[i] : rate).get<double>(), 1e-15)
            << line.substr(0, 120) << " step " << step;
    }
  }
}

}  // namespace
}  // namespace welt
