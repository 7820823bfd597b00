// What is special to the built plugin `smollm3`: the refusals of the keys that say which layers turn and which slide.
// Parity is tested with every other class in tests/apps (tests/goldens/models).
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

// What making it is refused with; empty: it is made.
std::string refusal(const json& changes) {
  json config = {{"hidden_size", 16},        {"num_hidden_layers", 2},  {"num_attention_heads", 4},
                 {"num_key_value_heads", 2}, {"intermediate_size", 24}, {"vocab_size", 256},
                 {"pad_token_id", 0}};
  config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "smollm3");
  try {
    welt::TensorComponent(type, WELT_DECODER_INTERFACE, welt::ConfigView(type, config, true, "test"), WELT_INIT_NONE);
  } catch (const welt::Error& error) {
    return error.what();
  }
  return "";
}

void expect_refused(const json& changes, const std::string& key) {
  EXPECT_NE(refusal(changes).find(key), std::string::npos) << changes << ": " << refusal(changes);
}

TEST(SmolLM3, RefusesLayersThatAreNotWhatTheyCouldBe) {
  EXPECT_EQ(refusal({{"no_rope_layers", {0, 1, 1}}, {"layer_types", {"full_attention", "full_attention"}}}), "");
  expect_refused({{"no_rope_layers", {0}}}, "no_rope_layers");
  expect_refused({{"no_rope_layers", {0, 2}}}, "no_rope_layers");
  expect_refused({{"no_rope_layer_interval", 0}}, "no_rope_layer_interval");
  expect_refused({{"layer_types", {"full_attention"}}}, "num_hidden_layers (2)");
  expect_refused({{"layer_types", {"full_attention", "chunked_attention"}}}, "\"chunked_attention\"");
}

TEST(SmolLM3, RefusesAWindowThatIsNone) {
  const json sliding = {"full_attention", "sliding_attention"};
  EXPECT_EQ(refusal({{"layer_types", sliding}, {"sliding_window", 1}}), "");
  expect_refused({{"layer_types", sliding}}, "sliding_window");
  expect_refused({{"layer_types", sliding}, {"sliding_window", 0}}, "sliding_window");
  EXPECT_EQ(refusal({{"use_sliding_window", true}}), "");  // as in transformers, without a window all see all
}

}  // namespace
