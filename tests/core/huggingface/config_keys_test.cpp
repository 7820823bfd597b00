// Keys of a config.json that nobody reads are said, unless they ask for nothing.
#include "core/huggingface/config_keys.h"

#include <gtest/gtest.h>

#include "core/base/log.h"

namespace welt {
namespace {

std::string told(const nlohmann::json& config) {
  KeptWarnings warnings;
  tell_unknown_keys(Registry::instance().find("welt.latent_transformer/1", "llama"), config, "config.json");
  std::string text;
  for (const std::string& line : warnings.take()) text += line;
  return text;
}

TEST(ConfigKeys, WhatAPluginDoesNotKnowIsSaidInOneLine) {
  const std::string line = told({{"hidden_size", 8}, {"quantization_config", {{"bits", 4}}}, {"new_norm", "x"}});
  EXPECT_NE(line.find("new_norm, quantization_config"), std::string::npos) << line;
  EXPECT_NE(line.find("config.json"), std::string::npos) << line;
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
