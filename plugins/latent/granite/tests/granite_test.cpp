// What is special to the built plugin `granite`: scales that would be no scales, and the head. Parity is tested with
// every other class in tests/apps (tests/goldens/models).
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

welt::TensorComponent granite(const json& changes) {
  json config = {{"hidden_size", 16},        {"num_hidden_layers", 1},  {"num_attention_heads", 4},
                 {"num_key_value_heads", 2}, {"intermediate_size", 24}, {"vocab_size", 256}};
  config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "granite");
  return {type, WELT_DECODER_INTERFACE, welt::ConfigView(type, config, true, "test"), WELT_INIT_NONE};
}

TEST(Granite, RefusesScalesThatAreNotAboveZero) {
  for (const char* key : {"attention_multiplier", "logits_scaling"}) {
    for (const double value : {0.0, -1.0}) {
      try {
        granite({{key, value}});
        ADD_FAILURE() << key << " = " << value << " is taken";
      } catch (const welt::Error& error) {
        EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
      }
    }
  }
}

TEST(Granite, HasATransformBeforeItsHeadOnlyWhereLogitsAreScaled) {
  EXPECT_FALSE(granite(json::object()).vocabulary().has_head_transform);
  EXPECT_TRUE(granite({{"logits_scaling", 8.0}}).vocabulary().has_head_transform);
}

}  // namespace
