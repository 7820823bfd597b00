// The recipes of recipes/presets: the sizes of the models they name, to the last parameter (tests/goldens/presets.json,
// counted on transformers' own classes), and that they train.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string recipe(const std::string& preset) {
  return (fs::path(WELT_SOURCE_DIR) / "recipes/presets" / (preset + ".toml")).string();
}

Json preset_described(const std::string& preset, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"model", "info", recipe(preset), "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome run = run_welt(arguments);
  EXPECT_EQ(run.status, 0) << run.err;
  return Json::parse(run.out);
}

// A value of each part, by the part's name.
std::map<std::string, Json> by_part(const Json& info, const char* key) {
  std::map<std::string, Json> parts;
  for (const Json& part : info.at("parts")) parts[part.at("name")] = part.at(key);
  return parts;
}

class Presets : public testing::TestWithParam<std::string> {};

// A WeLT model has no token tables, but a byte table (256 rows and the projection of 8 bits) in bytes encoder and
// decoder, and a head of 256 rows where the decoder's is not tied.
TEST_P(Presets, EveryPartHasTheParametersOfItsClass) {
  const Json parts = Json::parse(slurp(fs::path(WELT_TEST_DATA) / "presets.json")).at(GetParam()).at("parts");
  const auto count = [&](const char* part, const char* key) { return parts.at(part).at(key).get<std::int64_t>(); };
  const auto table = [&](const char* part) {
    const Json& config = parts.at(part).at("config");
    return std::int64_t{256 + 8} *
           config.at(config.contains("hidden_size") ? "hidden_size" : "n_embd").get<std::int64_t>();
  };
  const Json& decoder = parts.at("bytes_decoder").at("config");
  const std::int64_t head =
      decoder.value("tie_word_embeddings", true) ? 0 : 256 * decoder.at("hidden_size").get<std::int64_t>();
  const std::map<std::string, Json> found = by_part(preset_described(GetParam()), "parameters");
  EXPECT_EQ(found.at("bytes_encoder"),
            count("bytes_encoder", "parameters_without_vocabulary_and_head") + table("bytes_encoder"));
  EXPECT_EQ(found.at("image_encoder"), count("image_encoder", "parameters"));
  EXPECT_EQ(found.at("latent_transformer"), count("latent_transformer", "parameters_without_vocabulary"));
  EXPECT_EQ(found.at("bytes_decoder"),
            count("bytes_decoder", "parameters_without_vocabulary") + table("bytes_decoder") + head);
}

TEST_P(Presets, ThePublishedSizeStandsBesideEveryCount) {
  const Json published = Json::parse(slurp(fs::path(WELT_TEST_DATA) / "presets.json")).at(GetParam());
  const Json info = preset_described(GetParam());
  EXPECT_EQ(info.at("published_millions"), published.at("welt_readme_total_m"));
  std::map<std::string, Json> found = by_part(info, "published_millions");
  for (const auto& [part, facts] : published.at("parts").items()) EXPECT_EQ(found.at(part), facts.at("welt_readme_m"));
  EXPECT_EQ(found.at("encoder_mapping"), nullptr);
  const Outcome text = run_welt({"model", "info", recipe(GetParam())});
  EXPECT_CONTAINS(text.out, std::to_string(published.at("welt_readme_total_m").get<int>()) + " M");
}

// What is changed is no longer what was published.
TEST(PresetsTest, AChangedPartHasNoPublishedSize) {
  const Json info = preset_described("tiny", {"--set", "model.latent.config.num_hidden_layers=2"});
  std::map<std::string, Json> found = by_part(info, "published_millions");
  EXPECT_EQ(found.at("latent_transformer"), nullptr);
  EXPECT_EQ(found.at("bytes_decoder"), 3);
  EXPECT_EQ(info.at("published_millions"), nullptr);
}

// It stood there beside what --set had changed.
TEST(PresetsTest, AMergedRecipeHasNoPublishedSize) {
  const Outcome merged = run_welt({"run", recipe("tiny"), "--print-recipe"});
  EXPECT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(merged.out.find("[published]"), std::string::npos) << merged.out;
}

INSTANTIATE_TEST_SUITE_P(Published, Presets, testing::Values("tiny", "small", "medium"),
                         [](const auto& preset) { return preset.param; });

class PresetsSlow : public testing::TestWithParam<std::pair<std::string, std::vector<std::string>>> {};

TEST_P(PresetsSlow, TrainsTwoSteps) {
  const auto& [preset, smaller] = GetParam();
  const TempFolder folder;
  folder.put("text.txt",
             "In the beginning was the word.\nAnd the word was drawn, and read.\nAll things were made by it.\n");
  folder.put("recipe.toml",
             "extends = \"" + recipe(preset) + "\"\nname = \"preset\"\nrun_dir = \"" + (folder / "runs").string() +
                 "\"\n[data.train]\nfiles = [\"" + (folder / "text.txt").string() +
                 "\"]\nformat = \"lines\"\n[data.validation]\nfraction = 0.34\n[train]\nsteps = 2\nbatch = "
                 "1\nwords = 8\nwarmup_steps = 1\n");
  std::vector<std::string> arguments{"run", (folder / "recipe.toml").string()};
  for (const std::string& change : smaller) arguments.insert(arguments.end(), {"--set", change});
  const Outcome run = run_welt(arguments);
  ASSERT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_EQ(Json::parse(slurp(folder / "runs/preset/summary.json")).at("last_step"), 2);
}

using Changes = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    Reduced, PresetsSlow,
    testing::Values(std::pair{std::string("tiny"), Changes{}},
                    std::pair{std::string("small"), Changes{"model.bytes_encoder.config.num_hidden_layers=3",
                                                            "model.image_encoder.config.depths=[1,1,1,1]",
                                                            "model.latent.config.num_hidden_layers=2",
                                                            "model.latent.config.layer_types=[\"sliding_attention\", "
                                                            "\"full_attention\"]",
                                                            "model.decoder.config.num_hidden_layers=2"}},
                    std::pair{std::string("medium"),
                              Changes{"model.bytes_encoder.config.num_hidden_layers=1",
                                      "model.image_encoder.config.num_hidden_layers=1",
                                      "model.latent.config.num_hidden_layers=1", "model.decoder.config.n_layer=1"}},
                    std::pair{std::string("smollm2"), Changes{"model.bytes_encoder.config.num_hidden_layers=1",
                                                              "model.latent.config.num_hidden_layers=1",
                                                              "model.decoder.config.num_hidden_layers=1"}}),
    [](const auto& preset) { return preset.param.first; });

}  // namespace
}  // namespace welt::test
