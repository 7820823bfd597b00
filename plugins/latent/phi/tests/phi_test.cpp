// What is special to the built plugin `phi`: what its class could not compute either. Parity is tested with every other
// class in tests/apps (tests/goldens/models).
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

// What making it is refused with; empty: it is made.
std::string refusal(const json& changes) {
  json config = {{"hidden_size", 20}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"intermediate_size", 24}};
  config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "phi");
  try {
    welt::TensorComponent(type, WELT_DECODER_INTERFACE, welt::ConfigView(type, config, true, "test"), WELT_INIT_NONE);
  } catch (const welt::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Phi, RefusesToTurnAnOddNumberOfDimensions) {
  EXPECT_NE(refusal(json::object()).find("5 turning dimensions of 10"), std::string::npos);  // a half, by default
  EXPECT_EQ(refusal({{"partial_rotary_factor", 0.4}}), "");
  EXPECT_EQ(refusal({{"partial_rotary_factor", 0.0}}), "");  // no positions at all
}

TEST(Phi, RefusesToNormHeadsOfAnotherWidth) {
  EXPECT_EQ(refusal({{"partial_rotary_factor", 0.4}, {"qk_layernorm", true}}), "");
  const json wider = {{"partial_rotary_factor", 0.5}, {"head_dim", 12}, {"qk_layernorm", true}};
  EXPECT_NE(refusal(wider).find("qk_layernorm"), std::string::npos) << refusal(wider);
}

}  // namespace
