// Keys of a config.json that nobody reads are said, unless they ask for nothing.
#include "core/huggingface/config_keys.h"

#include <gtest/gtest.h>

#include "core/base/log.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

std::string told(const nlohmann::json& config) {
  KeptWarnings warnings;
  check_unknown_keys(Registry::instance().find("welt.latent_transformer/1", "llama"), config, "config.json");
  std::string text;
  for (const std::string& line : warnings.take()) text += line;
  return text;
}

TEST(ConfigKeys, WhatAPluginDoesNotKnowIsSaidInOneLine) {
  const std::string line = told({{"hidden_size", 8}, {"new_scale", 2}, {"new_norm", "x"}});
  EXPECT_NE(line.find("new_norm, new_scale"), std::string::npos) << line;
  EXPECT_NE(line.find("config.json"), std::string::npos) << line;
}

// A base of 500000 was asked for under a misspelt name, the default was taken, and nobody said so.
TEST(ConfigKeys, AMisspeltKeyOfRotaryPositionsIsSaid) {
  EXPECT_CONTAINS(told({{"rope_parameters", {{"rope_type", "default"}, {"rope_thet", 500000.0}}}}),
                  "rope_parameters.rope_thet (did you mean rope_parameters.rope_theta?)");
  EXPECT_CONTAINS(told({{"rope_scaling", {{"type", "yarn"}, {"factor", 2.0}, {"beta_fastt", 16}}}}),
                  "rope_scaling.beta_fastt (did you mean rope_scaling.beta_fast?)");
  EXPECT_EQ(told({{"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 500000.0}}}}), "");
  EXPECT_EQ(told({{"rope_scaling",
                   {{"rope_type", "llama3"},
                    {"factor", 8.0},
                    {"low_freq_factor", 1.0},
                    {"high_freq_factor", 4.0},
                    {"original_max_position_embeddings", 8192}}}}),
            "");
  EXPECT_EQ(told({{"rope_scaling", nullptr}}), "");
}

// They were only named in a warning, and the model computed something else.
TEST(ConfigKeys, WhatAlwaysChangesResultsIsRefusedByName) {
  for (const auto& [key, value] : {std::pair<const char*, nlohmann::json>{"quantization_config", {{"bits", 4}}},
                                   {"pruned_heads", {{"0", {1}}}},
                                   {"use_sliding_window", true},
                                   {"attention_chunk_size", 8192}})
    EXPECT_CONTAINS(test::error_of([&] { told({{key, value}}); }), std::string("config.json: ") + key);
  EXPECT_EQ(told({{"use_sliding_window", false}, {"attention_chunk_size", nullptr}}), "");
  EXPECT_EQ(told({{"is_decoder", true}}), "");  // it is causal
}

TEST(ConfigKeys, WhatEveryConfigurationHasAndWhatIsOffIsNot) {
  EXPECT_EQ(told({{"transformers_version", "4.57.6"},
                  {"use_cache", true},
                  {"eos_token_id", 2},
                  {"sliding", nullptr},
                  {"odd_bias", false},
                  {"lists", nlohmann::json::array()}}),
            "");
}

}  // namespace
}  // namespace welt
