// Settings by sdk::Fields: schema and values from one declaration, and refusals that name the key.
#include <gtest/gtest.h>

#include <map>
#include <welt/sdk/fields.hpp>

#include "tests/sdk/config_view.h"
#include "tests/sdk/refusal.h"

namespace {

using namespace welt::sdk;
using View = welt::test::ConfigView;

struct Rope : Fields {
  using Fields::Fields;
  double factor = number("factor", 1, "stretch").range(1, 100);
};

struct Size {
  std::int64_t height, width;
};

struct Settings : Fields {
  explicit Settings(const Source& source) : Fields(source) {
    boolean("is_decoder", false, "must be false").only(false, "it is an encoder");
    irrelevant({"old"});
  }
  std::string architecture = classes({"ToyModel", "ToyForMaskedLM"});
  std::int64_t width = integer("hidden_size", 8, "width D").range(1, 1 << 20).or_key("n_embd");
  std::int64_t heads = integer("num_attention_heads", 4, "heads").range(1, 64);
  std::int64_t kv_heads = key_heads(heads);
  std::int64_t head_width = head_dim(width, heads);
  std::optional<std::int64_t> window = integer("window", null, "null: all").range(1, 100);
  std::int64_t padding = padding_row(0, 10);
  std::string activation = text("hidden_act", "gelu", "activation").one_of({"gelu", "relu"});
  std::vector<std::int64_t> depths = integers("depths", {2, 2}, "blocks of each stage");
  std::vector<std::string> names = texts("names", null, "null: none").value_or({});
  std::string separators = text("separators", " \t\"", "what ends a word");
  Size image = sides<Size>("image_size", 32, "pixels");
  std::optional<Rope> rope = table<Rope>("rope", "null: plain");
};

Settings read(std::map<std::string, View::Value> values) {
  const View view(std::move(values));
  return Settings(Config(&view));
}
std::string refusal(std::map<std::string, View::Value> values) {
  return welt::test::refusal([&] { read(std::move(values)); });
}

// What was said before nullable() was forgotten, and a required key with a second spelling could not be given.
TEST(Fields, WhatIsSaidOfAKeyHoldsInAnyOrder) {
  struct Late : Fields {
    using Fields::Fields;
    std::optional<std::int64_t> width =
        integer("hidden_size", 8, "width").or_key("n_embd").dividing({"n_inner", 12}).nullable();
    std::int64_t heads = integer("heads", 0, "heads").required().or_key("n_head");
  };
  const View given({{"n_embd", std::int64_t{6}}, {"n_head", std::int64_t{2}}});
  const Late late{Config(&given)};
  EXPECT_EQ(late.width, 6);
  EXPECT_EQ(late.heads, 2);
  const View odd({{"n_embd", std::int64_t{5}}, {"n_head", std::int64_t{2}}}), none({});
  EXPECT_EQ(welt::test::refusal([&] { Late{Config(&odd)}; }), "n_embd (5) must divide n_inner (12)");
  EXPECT_EQ(welt::test::refusal([&] { Late{Config(&none)}; }), "config key \"heads\" is missing; give it a value");
  for (const Key& key : schema_of<Late>()) EXPECT_EQ(key.flags & WELT_CONFIG_REQUIRED, 0u) << key.name;
}

TEST(Fields, TheSchemaHasTheKeysOfTheMembersInTheirOrder) {
  const Record record = record_of<Settings>();
  std::string names;
  for (const Key& key : record.schema) names += key.name + " ";
  EXPECT_EQ(names,
            "architectures hidden_size n_embd num_attention_heads num_key_value_heads head_dim window pad_token_id "
            "hidden_act depths names separators image_size rope rope.factor is_decoder old ");
  EXPECT_EQ(record.classes, (std::vector<std::string>{"ToyModel", "ToyForMaskedLM"}));
  EXPECT_EQ(record.schema[1].default_json, "8");
  EXPECT_EQ(record.schema[1].maximum, 1 << 20);
  EXPECT_TRUE(record.schema[2].default_json.empty());  // a second spelling
  EXPECT_EQ(record.schema[2].flags, WELT_CONFIG_SPELLING);
  EXPECT_EQ(record.schema.back().flags, WELT_CONFIG_IRRELEVANT);
  EXPECT_EQ(record.schema[6].default_json, "null");
  EXPECT_EQ(record.schema[7].flags, WELT_CONFIG_NULLABLE);
  EXPECT_EQ(record.schema[9].default_json, "[2, 2]");
  EXPECT_EQ(record.schema[10].default_json, "null");
  EXPECT_EQ(record.schema[11].default_json, R"(" \u0009\"")");
}

TEST(Fields, WhatIsAbsentHasItsDefault) {
  const Settings s = read({});
  EXPECT_EQ(s.width, 8);
  EXPECT_EQ(s.kv_heads, 4);
  EXPECT_EQ(s.head_width, 2);
  EXPECT_FALSE(s.window || s.rope);
  EXPECT_EQ(s.padding, 0);
  EXPECT_EQ(s.depths.size(), 2u);
  EXPECT_TRUE(s.names.empty());
  EXPECT_EQ(s.separators, " \t\"");
  EXPECT_EQ(s.image.width, 32);
}

TEST(Fields, ValuesNullsSecondSpellingsAndTablesAreRead) {
  const Settings s = read({{"hidden_size", 8L},
                           {"n_embd", 12L},
                           {"num_key_value_heads", 2L},
                           {"window", 5L},
                           {"pad_token_id", nullptr},
                           {"image_size", 64L},
                           {"rope", std::string("present")},
                           {"rope.factor", 2.5}});
  EXPECT_EQ(s.width, 12);
  EXPECT_EQ(s.kv_heads, 2);
  EXPECT_EQ(s.head_width, 3);
  EXPECT_EQ(s.window, 5);
  EXPECT_EQ(s.padding, -1);
  EXPECT_EQ(s.image.height, 64);
  ASSERT_TRUE(s.rope);
  EXPECT_EQ(s.rope->factor, 2.5);
  EXPECT_EQ(read({{"pad_token_id", -1L}}).padding, 9);  // the last row
}

TEST(Fields, WhatCannotBeIsRefusedByName) {
  EXPECT_EQ(refusal({{"hidden_size", 0L}}), "config key \"hidden_size\" is 0; expected 1 to 1048576");
  EXPECT_EQ(refusal({{"hidden_act", std::string("gelo")}}),
            "config key \"hidden_act\" is \"gelo\"; expected one of: gelu, relu");
  EXPECT_EQ(refusal({{"num_key_value_heads", 3L}}), "num_key_value_heads (3) must divide num_attention_heads (4)");
  EXPECT_EQ(refusal({{"hidden_size", 10L}}),
            "hidden_size (10) is not a multiple of num_attention_heads (4); give head_dim or change one of them");
  EXPECT_EQ(refusal({{"hidden_size", 10L}, {"head_dim", 16L}}), "");
  EXPECT_EQ(refusal({{"architectures.0", std::string("ToyForQA")}}),
            "class \"ToyForQA\" is not served; known: ToyModel, ToyForMaskedLM");
  EXPECT_EQ(refusal({{"rope", std::string("present")}, {"rope.factor", 0.5}}),
            "config key \"rope.factor\" is 0.5; expected 1 to 100");
  EXPECT_EQ(refusal({{"image_size", 0L}}),
            "image_size must be a number of pixels from 1 to 65536, or two: [height, width]");
}

}  // namespace
