// Whole models against the Python WeLT (tests/whole_models/welt): `welt model forward` and `welt model trace`, in
// float32 and float64, and `welt generate`.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/tensor/tensor_io.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using test::TempFolder;

const fs::path whole_models = fs::path(WELT_TEST_DATA) / "welt";

Json read_json(const fs::path& file) { return Json::parse(test::slurp(file)); }

at::Tensor tensor_of(const SafetensorsFile& file, const std::string& name) {
  const SafetensorsEntry* entry = file.find(name);
  if (entry == nullptr) {
    ADD_FAILURE() << file.path() << " has no " << name;
    return {};
  }
  return copied_tensor(file, *entry, at::kDouble);
}

// Half a unit in the last place of a stored float32 value, and room for sums in another order.
double float64_share(const at::Tensor& found, const at::Tensor& golden) {
  const at::Tensor limit =
      golden.abs().mul(std::ldexp(1.0, -24)).add(1e-11 * std::max(1.0, golden.abs().max().item<double>()));
  return found.sub(golden).abs().div(limit).max().item<double>();
}

// Logits of bytes that no code point has are −inf: in the same places, and there 0 for what follows.
void clear_impossible(at::Tensor& found, at::Tensor& golden, const std::string& name) {
  const at::Tensor impossible = golden.isinf();
  EXPECT_TRUE(at::equal(found.isinf(), impossible)) << name;
  found = found.masked_fill(impossible, 0);
  golden = golden.masked_fill(impossible, 0);
}

// The largest share of a tolerance that any stored value uses.
double worst_share(const fs::path& folder, const fs::path& result, bool exact) {
  const Json meta = read_json(folder / "meta.json");
  const SafetensorsFile golden = SafetensorsFile::open(folder / "io.safetensors"), ours = SafetensorsFile::open(result);
  double worst = 0;
  for (const SafetensorsEntry& entry : golden.entries()) {
    const std::string& name = entry.name;
    const bool norm = name.starts_with("grad_norm/");
    if (!norm && !name.starts_with("out/") && !name.starts_with("grad/")) continue;
    at::Tensor expected = tensor_of(golden, name), found = tensor_of(ours, name);
    if (!found.defined()) continue;
    EXPECT_EQ(found.sizes(), expected.sizes()) << name;
    if (found.sizes() != expected.sizes()) continue;
    clear_impossible(found, expected, name);
    double share = 0;
    if (exact)
      share = float64_share(found, expected);
    else if (norm)
      share = std::abs(found.item<double>() - expected.item<double>()) / std::max(expected.item<double>(), 1e-3) /
              meta.at("grad_norm_relative_tolerance").get<double>();
    else
      share = found.sub(expected).abs().max().item<double>() / meta.at("tolerance").at(name).get<double>();
    EXPECT_LE(share, 1) << name;
    worst = std::max(worst, share);
  }
  return worst;
}

// float32 with the kernels of the plainest and of the best instructions, and without any.
TEST(ModelForwardParity, EveryStageAndGradientOfWholeModels) {
  for (const char* name : {"bytes-only", "image-only", "bytes-image", "utf16", "utf32"})
    for (const auto& [dtype, kernels] : {std::pair{"float64", ""},
                                         {"float32", ""},
                                         {"float32", "WELT_KERNELS=baseline"},
                                         {"float32", "WELT_KERNELS=off"}}) {
      const TempFolder folder;
      const test::Outcome run =
          test::run_welt({"model", "forward", whole_models / name, "--in", whole_models / name / "io.safetensors",
                          "--out", folder / "out.safetensors", "--grad", "--dtype", dtype},
                         kernels);
      ASSERT_EQ(run.status, 0) << run.err;
      const double worst =
          worst_share(whole_models / name, folder / "out.safetensors", std::string_view(dtype) == "float64");
      std::printf("%-12s %-8s %-21s %.3f of the tolerance\n", name, dtype, kernels, worst);
    }
}

TEST(ModelForwardParity, NothingButOutputsWithoutGrad) {
  const TempFolder folder;
  const fs::path model = whole_models / "bytes-only";
  const test::Outcome run = test::run_welt({"model", "forward", model, "--in", model / "io.safetensors", "--out",
                                            folder / "out.safetensors", "--reference-compatible"});
  ASSERT_EQ(run.status, 0) << run.err;
  const SafetensorsFile file = SafetensorsFile::open(folder / "out.safetensors");
  for (const SafetensorsEntry& entry : file.entries()) EXPECT_TRUE(entry.name.starts_with("out/")) << entry.name;
}

class ModelTraceParity : public testing::TestWithParam<std::string> {};

TEST_P(ModelTraceParity, ThirtyStepsFollowTheReference) {
  const fs::path golden = whole_models / "trace-bytes-only";
  const Json plan = read_json(golden / "trace.json");
  for (const auto& [run, expected] : plan.at("runs").items()) {
    const TempFolder folder;
    const test::Outcome outcome = test::run_welt({"model", "trace", golden, "--plan", golden / "trace.json",
                                                  "--batches", golden / "batches.safetensors", "--run", run, "--out",
                                                  folder / "new/trace", "--dtype", GetParam()});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    std::istringstream lines(test::slurp(folder / "new/trace/steps.jsonl"));
    std::size_t count = 0;
    std::map<std::string, double> worst;
    const auto note = [&](const std::string& what, double share) {
      EXPECT_LE(share, 1) << run << ": " << what;
      worst[what] = std::max(worst[what], share);
    };
    for (std::string line; std::getline(lines, line); ++count) {
      const Json step = Json::parse(line), &wanted = expected.at("steps").at(count);
      EXPECT_EQ(step.at("step"), wanted.at("step"));
      EXPECT_EQ(step.at("batch"), wanted.at("batch"));
      EXPECT_NEAR(step.at("lr").get<double>(), wanted.at("lr").get<double>(), 1e-12);
      for (const std::string key : {"loss", "grad_norm"})
        note(key, std::abs(step.at(key).get<double>() - wanted.at(key).get<double>()) /
                      wanted.at(key + "_tolerance").get<double>());
    }
    EXPECT_EQ(count, 30U);
    const SafetensorsFile after = SafetensorsFile::open(folder / "new/trace/after.safetensors"),
                          stored = SafetensorsFile::open(golden / "after.safetensors");
    for (const auto& [step, norms] : expected.at("norms").items())
      for (const auto& [name, norm] : norms.items()) {
        const at::Tensor value = tensor_of(after, run + "/step_" + step + "/" + name);
        if (value.defined())
          note("norms", std::abs(value.norm().item<double>() - norm[0].get<double>()) / norm[1].get<double>());
      }
    for (const SafetensorsEntry& entry : stored.entries()) {
      if (!entry.name.starts_with(run + "/step_")) continue;
      const std::string rest = entry.name.substr(run.size() + 6);
      const std::string step = rest.substr(0, rest.find('/')), name = rest.substr(rest.find('/') + 1);
      const at::Tensor value = tensor_of(after, entry.name);
      if (value.defined())
        note("values", value.sub(tensor_of(stored, entry.name)).norm().item<double>() /
                           expected.at("after").at(name).at(step).at("l2_tolerance").get<double>());
    }
    for (const auto& [what, share] : worst)
      std::printf("%-7s %-8s %-10s %.1e of the tolerance\n", run.c_str(), GetParam().c_str(), what.c_str(), share);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ModelTraceParity, testing::Values("float32", "float64"),
                         [](const auto& type) { return type.param; });

void expect_greedy_texts(const fs::path& model, std::initializer_list<const char*> modes) {
  const Json meta = read_json(model / "meta.json");
  for (const char* compatible : modes)
    for (const Json& expected : meta.at("generation")) {
      std::vector<std::string> arguments{"generate", model, "--json", "--words",
                                         expected.at("max_generated_words").dump()};
      if (*compatible) arguments.emplace_back(compatible);
      for (const std::string prompt : expected.at("prompts")) arguments.insert(arguments.end(), {"--prompt", prompt});
      const test::Outcome run = test::run_welt(arguments);
      ASSERT_EQ(run.status, 0) << run.err;
      std::istringstream lines(run.out);
      for (std::size_t i = 0; i < expected.at("prompts").size(); ++i) {
        std::string line;
        ASSERT_TRUE(std::getline(lines, line));
        const Json result = Json::parse(line);
        EXPECT_EQ(result.at("prompt"), expected.at("prompts")[i]);
        EXPECT_EQ(result.at("text"), expected.at("texts")[i]) << expected.at("prompts").dump() << compatible;
      }
    }
}

TEST(GenerateParity, GreedyTextsWordForWord) {
  expect_greedy_texts(whole_models / "bytes-only", {"", "--reference-compatible"});
}

// Some of these words hold half a pair, and some are read back in part: only the reference's way gives them.
TEST(GenerateParity, GreedyTextsOfUnitsUnitForUnit) {
  for (const char* name : {"utf16", "utf32"}) expect_greedy_texts(whole_models / name, {"--reference-compatible"});
}

}  // namespace
}  // namespace welt
