// Configurations against a schema: defaults, types, ranges, choices, nested and unknown keys, and the C view.
#include <gtest/gtest.h>
#include <welt/abi/segmenter.h>

#include <cstring>

#include "core/base/error.h"
#include "core/plugin/registry.h"
#include "core/plugin/schema.h"
#include "core/plugin/strings.h"

namespace welt {
namespace {

using nlohmann::json;

// The component "spaces" of tests/bad_plugins: max_spaces (1 to 9, default 4), mode (keep, drop), rope.factor
// (nullable).
const ComponentType& spaces() {
  static Registry registry({WELT_PLUGIN_ZOO "/good"});
  return registry.find(WELT_SEGMENTER_INTERFACE, "spaces");
}

std::string config_error(json config, bool strict) {
  try {
    ConfigView(spaces(), std::move(config), strict, "recipe.toml: model.segmenter");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ConfigView, FillsInDefaultsAlsoNestedOnes) {
  const ConfigView config(spaces(), json::object(), true, "test");
  EXPECT_EQ(config.json(), json::parse(R"({"max_spaces": 4, "mode": "keep", "rope": {"factor": null}})"));
}

TEST(ConfigView, NamesAllProblemsAtOnce) {
  const std::string text = config_error({{"max_spaces", "many"}, {"mode", "kep"}, {"max_space", 1}}, true);
  EXPECT_TRUE(has(text, "recipe.toml: model.segmenter")) << text;
  EXPECT_TRUE(has(text, "key \"max_spaces\": found \"many\", expected integer")) << text;
  EXPECT_TRUE(has(text, "did you mean \"keep\"?")) << text;
  EXPECT_TRUE(has(text, "unknown key \"max_space\" (did you mean \"max_spaces\"?)")) << text;
}

TEST(ConfigView, ChecksRangesTypesAndNull) {
  EXPECT_TRUE(has(config_error({{"max_spaces", 10}}, false), "expected 1 to 9"));
  EXPECT_TRUE(has(config_error({{"max_spaces", 2.5}}, false), "expected integer"));
  EXPECT_TRUE(has(config_error({{"max_spaces", nullptr}}, false), "found null"));
  EXPECT_TRUE(has(config_error({{"rope", {{"factor", "x"}}}}, false), "expected number or null"));
  EXPECT_TRUE(has(config_error(json::array(), false), "expected a table"));
  EXPECT_EQ(config_error({{"rope", {{"factor", 2}}}}, true), "");
  EXPECT_EQ(config_error(nullptr, true), "");
}

TEST(ConfigView, UnknownKeysAreRefusedOnlyWhenStrict) {
  EXPECT_EQ(config_error({{"transformers_version", "4"}}, false), "");
  EXPECT_TRUE(has(config_error({{"rope", {{"factr", 1}}}}, true), "did you mean \"rope.factor\"?"));
  EXPECT_TRUE(has(config_error({{"rope", 3}}, true), "key \"rope\": found 3, expected table"));
  EXPECT_THROW(check_config_keys(spaces(), {{"nothing_like_it", 1}}, "test"), Error);
  EXPECT_NO_THROW(check_config_keys(spaces(), {{"mode", 1}}, "test"));
}

TEST(ConfigView, ViewAnswersDottedKeysOfAllTypes) {
  const ConfigView config(
      spaces(), json::parse(R"({"a": {"b": [1, {"c": "text"}]}, "f": 0.5, "t": true, "big": 18446744073709551615})"),
      false, "test");
  const welt_config* view = config.view();
  const auto get = [&](const char* key) {
    welt_value value{};
    value.struct_size = sizeof value;
    EXPECT_EQ(view->get(view, string_of(key), &value), 1u) << key;
    return value;
  };
  EXPECT_EQ(get("a").type, WELT_VALUE_TABLE);
  EXPECT_EQ(get("a.b").count, 2u);
  EXPECT_EQ(get("a.b.0").integer, 1);
  EXPECT_EQ(get("a.b.0").number, 1.0);
  EXPECT_EQ(text_of(get("a.b.1.c").string), "text");
  EXPECT_EQ(get("f").number, 0.5);
  EXPECT_EQ(get("t").type, WELT_VALUE_BOOL);
  EXPECT_EQ(get("big").type, WELT_VALUE_NUMBER);
  EXPECT_EQ(get("rope.factor").type, WELT_VALUE_NULL);
  welt_value untouched{};
  untouched.integer = 77;
  for (const char* key : {"", ".", "a.", "a.b.2", "a.b.x", "a.b.-1", "f.g", "a..b", "missing"}) {
    EXPECT_EQ(view->get(view, string_of(key), &untouched), 0u) << key;
  }
  EXPECT_EQ(untouched.integer, 77);
  EXPECT_EQ(view->count(view), config.json().size());
  EXPECT_EQ(text_of(view->key(view, 0)), "a");
  EXPECT_EQ(view->key(view, 999).size, 0u);
}

TEST(ConfigView, ShortValueOfAnOlderPluginIsNotOverrun) {
  const ConfigView config(spaces(), json::object(), true, "test");
  welt_value value{};
  value.struct_size = offsetof(welt_value, string);
  value.string.size = 12345;
  EXPECT_EQ(config.view()->get(config.view(), string_of("mode"), &value), 1u);
  EXPECT_EQ(value.type, WELT_VALUE_STRING);
  EXPECT_EQ(value.string.size, 12345u);
}

// A schema whose keys are longer than ours (a newer plugin) or shorter (an older one).
TEST(ConfigSchema, StrideIsThePluginsNotOurs) {
  struct LongKey {
    welt_config_key key;
    char more[24];
  } longer[2] = {};
  for (auto& item : longer) item.key.struct_size = sizeof(LongKey);
  longer[0].key.name = string_of("first");
  longer[1].key.name = string_of("second");
  longer[1].key.default_json = string_of("7");
  welt_config_schema_v1 schema{sizeof schema, 0, &longer[0].key, 2, sizeof(LongKey), 0};
  ComponentType type = spaces();
  type.schema = &schema;
  EXPECT_EQ(schema_keys(type)[1].name, "second");
  EXPECT_EQ(*schema_keys(type)[1].fallback, 7);

  constexpr std::size_t short_size = offsetof(welt_config_key, minimum);
  alignas(8) unsigned char bytes[2 * short_size];
  longer[0].key.struct_size = longer[1].key.struct_size = short_size;
  longer[1].key.maximum = 5;  // lies behind what the older plugin has
  std::memcpy(bytes, &longer[0].key, short_size);
  std::memcpy(bytes + short_size, &longer[1].key, short_size);
  schema.keys = reinterpret_cast<const welt_config_key*>(bytes);
  schema.key_size = short_size;
  EXPECT_EQ(schema_keys(type)[1].name, "second");
  EXPECT_EQ(schema_keys(type)[1].maximum, 0);
}

}  // namespace
}  // namespace welt
