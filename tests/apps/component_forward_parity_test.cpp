// `welt component forward` against the Python originals: every folder of tests/goldens/models, every role that a plugin
// offers for it, in float32, float64 and bfloat16, with and without gradients; every stored value is compared.
//
// More folders (made by the generator that tests/goldens/models/README.md names) are taken from WELT_MORE_GOLDENS.
#include <ATen/ops/isfinite.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "core/plugin/registry.h"
#include "core/tensor/tensor_io.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using Names = std::set<std::string>;

std::vector<fs::path> golden_folders() {
  std::vector<fs::path> result;
  const char* more = std::getenv("WELT_MORE_GOLDENS");
  for (const fs::path& root : {fs::path(WELT_TEST_DATA) / "models", fs::path(more == nullptr ? "" : more)})
    if (fs::is_directory(root))
      for (const fs::directory_entry& entry : fs::directory_iterator(root))
        if (fs::exists(entry.path() / "io.safetensors")) result.push_back(entry.path());
  std::sort(result.begin(), result.end());
  return result;
}

// "out/logits" of "padded/out/logits"; the case's name is the part before.
std::string without_case(const std::string& name) { return name.substr(name.find('/') + 1); }
std::string case_of(const std::string& name) { return name.substr(0, name.find('/')); }

// A stored name as the program writes it: transformers has a timm model's parameters below "timm_model.", which neither
// timm's files nor ours have.
std::string written_name(std::string name) {
  const std::string wrapper = "/timm_model.";
  if (const std::size_t at = name.find(wrapper); at != std::string::npos) name.erase(at + 1, wrapper.size() - 1);
  return name;
}

// What every case has in the result, though it is stored for some only.
bool in_every_case(const std::string& output) {
  return output == "out/last_hidden_state" || output == "out/first_position" ||
         output.starts_with("out/hidden_states.");
}

// The names that belong into the result.
Names expected_names(const SafetensorsFile& goldens, bool grad) {
  Names names, general;
  for (const SafetensorsEntry& entry : goldens.entries())
    if (const std::string rest = without_case(entry.name); in_every_case(rest)) general.insert(rest);
  for (const SafetensorsEntry& entry : goldens.entries()) {
    const std::string rest = without_case(entry.name);
    if (rest.starts_with("in/"))
      for (const std::string& output : general) names.insert(case_of(entry.name) + "/" + output);
    if (rest.starts_with("out/") || (grad && rest.starts_with("grad"))) names.insert(written_name(entry.name));
  }
  return names;
}

class ComponentForwardParity : public testing::TestWithParam<fs::path> {
 protected:
  ComponentForwardParity()
      : goldens_(SafetensorsFile::open(GetParam() / "io.safetensors")),
        meta_(nlohmann::json::parse(test::slurp(GetParam() / "meta.json"))),
        config_(nlohmann::json::parse(test::slurp(GetParam() / "config.json"))) {}

  // Of a bigger model: of the part that a role takes.
  std::string model_type(std::string_view role) const {
    return config_.value(role == "image_encoder" ? "vision_config" : "text_config", config_).at("model_type");
  }

  bool reads_images() const {
    return std::ranges::any_of(goldens_.entries(), [](const SafetensorsEntry& entry) {
      const std::string rest = without_case(entry.name);
      return rest == "in/pixel_values" || rest == "in/image_0";
    });
  }

  // The values of --role that a plugin of this build serves the folder in.
  std::vector<std::string> roles() const {
    std::vector<std::string> result;
    setenv("WELT_PLUGIN_PATH", WELT_PLUGIN_DIR, 1);
    for (const ComponentType& type : Registry::instance().components()) {
      const auto& served = type.hf_model_types;
      for (const auto& [role, id] :
           {std::pair("bytes_encoder", "welt.bytes_encoder/1"), std::pair("image_encoder", "welt.image_encoder/1"),
            std::pair("latent", "welt.latent_transformer/1"), std::pair("decoder", "welt.decoder/1")})
        if (type.has_role(id) && reads_images() == (std::string_view(role) == "image_encoder") &&
            std::find(served.begin(), served.end(), model_type(role)) != served.end())
          result.emplace_back(role);
    }
    return result;
  }

  // Whether any case has hidden states: large models are stored without.
  bool traced() const {
    return std::ranges::any_of(goldens_.entries(), [](const SafetensorsEntry& entry) {
      return without_case(entry.name).starts_with("out/hidden_states.");
    });
  }

  // Runs the program and hands back its file.
  SafetensorsFile forward(const TempFolder& folder, const std::string& role, const std::string& dtype, bool grad) {
    std::vector<std::string> arguments{"component",
                                       "forward",
                                       GetParam().string(),
                                       "--role",
                                       role,
                                       "--in",
                                       (GetParam() / "io.safetensors").string(),
                                       "--out",
                                       (folder / "out.safetensors").string(),
                                       "--dtype",
                                       dtype};
    if (grad) arguments.emplace_back("--grad");
    const test::Outcome run = test::run_welt(arguments);
    EXPECT_EQ(run.status, 0) << run.err;
    const SafetensorsFile file = SafetensorsFile::open(folder / "out.safetensors");
    Names names;
    for (const SafetensorsEntry& entry : file.entries()) {
      EXPECT_TRUE(at::isfinite(mapped_tensor(file, entry)).all().item<bool>()) << entry.name;
      if (traced() || !without_case(entry.name).starts_with("out/hidden_states.")) names.insert(entry.name);
    }
    EXPECT_EQ(names, expected_names(goldens_, grad));
    return file;
  }

  // What float32 may be off: ten times what transformers itself is off in float32 (meta.json).
  at::Tensor float32_limit(const std::string& name, const at::Tensor& golden) const {
    const nlohmann::json& test = meta_["cases"][case_of(name)];
    if (without_case(name).starts_with("grad_norm/"))
      return golden.abs().clamp_min(1e-3).mul(test["grad_norm_relative_tolerance"].get<double>());
    return golden.new_full(golden.sizes(), test["tolerance"][without_case(name)].get<double>());
  }

  // In float64 only the rounding of the stored values to float32 is left (half a unit of their last place), and sums in
  // another order: 1e-15 each, which deep gradients grow by some orders of magnitude.
  static at::Tensor float64_limit(const at::Tensor& golden) {
    return golden.abs().mul(std::ldexp(1.0, -24)).add(1e-11 * std::max(1.0, golden.abs().max().item<double>()));
  }

  void compare(const std::string& role, const std::string& dtype, bool grad) {
    SCOPED_TRACE(role + " " + dtype + (grad ? " --grad" : ""));
    const TempFolder folder;
    const SafetensorsFile file = forward(folder, role, dtype, grad);
    std::map<std::string, std::pair<double, std::string>> worst;
    for (const SafetensorsEntry& entry : goldens_.entries()) {
      const SafetensorsEntry* found = file.find(written_name(entry.name));
      if (found == nullptr) continue;  // an input, or a difference that forward() has reported
      ASSERT_EQ(found->shape, entry.shape) << entry.name;
      ASSERT_EQ(found->dtype, dtype == "float64" ? "F64" : "F32") << entry.name;
      const at::Tensor golden = copied_tensor(goldens_, entry, at::kDouble);
      const at::Tensor limit = dtype == "float64" ? float64_limit(golden) : float32_limit(entry.name, golden);
      const double used = copied_tensor(file, *found, at::kDouble).sub(golden).abs().div(limit).max().item<double>();
      EXPECT_LE(used, 1) << entry.name << " is off by " << used << " times its tolerance";
      auto& [most, name] = worst[case_of(entry.name)];
      if (used >= most) most = used, name = without_case(entry.name);
    }
    for (const auto& [test, most] : worst)
      std::printf("%-24s %-13s %-7s %-5s %-13s %8.4f of the tolerance (%s)\n", GetParam().filename().c_str(),
                  role.c_str(), dtype.c_str(), grad ? "grad" : "", test.c_str(), most.first, most.second.c_str());
  }

  SafetensorsFile goldens_;
  nlohmann::json meta_, config_;
};

TEST_P(ComponentForwardParity, EveryValueOfEveryRole) {
  ASSERT_FALSE(roles().empty()) << "no plugin serves " << config_["model_type"];
  for (const std::string& role : roles()) {
    compare(role, "float32", true);
    compare(role, "float64", true);
  }
  compare(roles().front(), "float32", false);
}

// bfloat16 has 8 bits: every operation is off by up to 1/256, and the goldens' few layers add up to some hundredths.
TEST_P(ComponentForwardParity, Bfloat16IsNear) {
  const TempFolder folder;
  const SafetensorsFile file = forward(folder, roles().front(), "bfloat16", true);
  for (const SafetensorsEntry& entry : goldens_.entries()) {
    const SafetensorsEntry* found = file.find(entry.name);
    if (found == nullptr || !without_case(entry.name).starts_with("out/")) continue;
    EXPECT_EQ(found->dtype, "BF16") << entry.name;
    const at::Tensor golden = copied_tensor(goldens_, entry, at::kDouble);
    const double off = copied_tensor(file, *found, at::kDouble).sub(golden).norm().item<double>();
    EXPECT_LE(off, 0.08 * golden.norm().item<double>()) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ComponentForwardParity, testing::ValuesIn(golden_folders()), [](const auto& folder) {
  std::string name = folder.param.filename().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace welt
