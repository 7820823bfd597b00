// The READMEs of plugins say of every key of their Hugging Face classes what becomes of it: honoured, irrelevant or
// refused. What they say is held against the plugin, and against the keys that the classes have
// (tests/goldens/config_keys.json, from transformers 4.57.6).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/huggingface/config_keys.h"
#include "core/plugin/schema.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Readme {
  std::set<std::string> honoured, irrelevant;
  std::map<std::string, Json> refused;
};

// The table below "## Keys of config.json": keys in backquotes, what becomes of them.
Readme read(const fs::path& file) {
  Readme out;
  const std::string text = read_file(file);
  std::istringstream lines(text.substr(std::min(text.find("## Keys of config.json"), text.size())));
  const std::regex key("`([^`]+)`(?: = `([^`]+)`)?");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t border = line.find(" | ");
    if (!line.starts_with("| `") || border == std::string::npos) continue;
    const std::string keys = line.substr(0, border), fate = line.substr(border + 3);
    for (std::sregex_iterator at(keys.begin(), keys.end(), key), end; at != end; ++at) {
      const std::string name = (*at)[1].str().substr(0, (*at)[1].str().find('.')), value = (*at)[2];
      if (fate.starts_with("honoured")) out.honoured.insert(name);
      if (fate.starts_with("irrelevant")) out.irrelevant.insert(name);
      if (fate.starts_with("refused")) out.refused[name] = Json::parse(value);
    }
  }
  return out;
}

fs::path readme_of(const ComponentType& type) {
  for (const char* folder : {"encoders", "latent", "decoders"}) {
    fs::path file = fs::path(WELT_SOURCE_DIR) / "plugins" / folder / type.plugin->note.id / "README.md";
    if (fs::exists(file)) return file;
  }
  return {};
}

class PluginReadme : public testing::TestWithParam<std::string> {
 protected:
  const ComponentType& type() const {
    const auto& all = Registry::instance().components();
    return *std::ranges::find_if(all, [](const ComponentType& any) { return any.id == GetParam(); });
  }
  // One of its own that is small enough.
  Json preset() const {
    Json any = Json::object();
    for (const std::string& name : Registry::preset_names(*type().plugin)) {
      Json config = Registry::preset(type(), name);
      if (std::ranges::find(type().hf_model_types, config.value("model_type", "")) == type().hf_model_types.end())
        continue;
      if (any.empty() || name.find("nano") != name.npos) any = std::move(config);
    }
    return any;
  }
  const Readme readme_ = read(readme_of(type()));
};

TEST_P(PluginReadme, EveryKeyOfItsClassesIsInTheTable) {
  const Json classes = Json::parse(read_file(fs::path(WELT_TEST_DATA) / "config_keys.json"));
  for (const std::string& model_type : type().hf_model_types)
    for (const std::string key : classes.value(model_type, Json::array()))
      EXPECT_TRUE(readme_.honoured.contains(key) || readme_.irrelevant.contains(key) || readme_.refused.contains(key))
          << model_type << "." << key;
}

TEST_P(PluginReadme, WhatIsHonouredIsWhatTheSchemaHas) {
  std::set<std::string> schema;
  for (const SchemaKey& key : schema_keys(type())) schema.insert(key.name.substr(0, key.name.find('.')));
  for (const std::string& key : readme_.honoured) EXPECT_TRUE(schema.contains(key)) << key << " is not in the schema";
  schema.erase("architectures");  // the README's own table
  for (const std::string& key : schema)
    EXPECT_TRUE(readme_.honoured.contains(key) || readme_.irrelevant.contains(key) || readme_.refused.contains(key))
        << key << " is in the schema";
}

TEST_P(PluginReadme, WhatIsIrrelevantIsTakenWithoutAWord) {
  for (const std::string& key : readme_.irrelevant) {
    KeptWarnings warnings;
    check_unknown_keys(type(), {{key, "something"}}, "config.json");
    EXPECT_TRUE(warnings.take().empty()) << key;
  }
}

TEST_P(PluginReadme, WhatIsRefusedIsRefusedByName) {
  for (const auto& [key, value] : readme_.refused) {
    Json config = preset();
    config[key] = value;
    EXPECT_CONTAINS(test::error_of([&] {
                      check_unknown_keys(type(), config, "config.json");
                      TensorComponent(type(), type().roles.front(),
                                      ConfigView(type(), config, /*strict=*/false, "test"), WELT_INIT_NONE);
                    }),
                    key);
  }
}

std::vector<std::string> plugins() {
  setenv("WELT_PLUGIN_PATH", WELT_PLUGIN_DIR, 1);  // also where the tests are only listed
  std::vector<std::string> out;
  for (const ComponentType& type : Registry::instance().components())
    if (!type.hf_model_types.empty() && !readme_of(type).empty()) out.push_back(type.id);
  return out;
}
INSTANTIATE_TEST_SUITE_P(All, PluginReadme, testing::ValuesIn(plugins()),
                         [](const auto& plugin) { return plugin.param; });

}  // namespace
}  // namespace welt
