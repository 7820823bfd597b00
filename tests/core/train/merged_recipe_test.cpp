// A property of recipes: small ones at random, with --set at random. Either it is refused, or the merged recipe, which
// a run keeps, says what the model is: read again without any --set it is the same model, and every size, limit and
// plugin in it is the model's.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/model/welt_slots.h"
#include "core/model/welt_spec.h"
#include "core/tensor/tensor_component.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

using nlohmann::json;

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t count) { return random_() % count; }
  bool once_in(std::size_t count) { return below(count) == 0; }
  template <typename T>
  T one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::minstd_rand random_;
};

const std::vector<std::string> causal = {"llama", "gpt2", "gpt_neox", "qwen3"}, encoders = {"bert", "modernbert"};
const std::vector<std::pair<std::string, std::vector<std::string>>> keys = {{"hidden_size", {"16", "32", "64"}},
                                                                            {"num_hidden_layers", {"1", "2"}},
                                                                            {"num_attention_heads", {"1", "2"}},
                                                                            {"num_key_value_heads", {"1", "2"}},
                                                                            {"intermediate_size", {"16", "48"}},
                                                                            {"max_position_embeddings", {"64", "128"}},
                                                                            {"n_embd", {"16", "32"}},
                                                                            {"n_layer", {"1", "3"}},
                                                                            {"attention_dropout", {"0.0", "0.25"}}};

std::string preset_of(const std::string& plugin, Draw& draw) {
  return draw.once_in(8) ? "nano" : plugin == "bert" ? "bert-nano" : "nano";
}

std::string slot_table(const std::string& slot, const std::vector<std::string>& plugins, Draw& draw) {
  const std::string plugin = draw.one_of(plugins);
  std::string text = "[model." + slot + "]\nplugin = \"" + plugin + "\"\n";
  if (!draw.once_in(3)) text += "preset = \"" + preset_of(plugin, draw) + "\"\n";
  for (const auto& [name, values] : keys)
    if (draw.once_in(6)) text += "config." + name + " = " + draw.one_of(values) + "\n";
  return text;
}

std::string small_recipe(Draw& draw) {
  return "[model.segmenter]\nmax_bytes = " + std::to_string(8 + draw.below(20)) + "\n" +
         slot_table("bytes_encoder", encoders, draw) + slot_table("latent", causal, draw) +
         slot_table("decoder", causal, draw);
}

std::vector<std::string> settings(Draw& draw) {
  std::vector<std::string> all;
  for (std::size_t i = draw.below(5); i > 0; --i) {
    const std::string slot = draw.one_of<std::string>({"latent", "decoder", "bytes_encoder"});
    const std::vector<std::string>& plugins = slot == "bytes_encoder" ? encoders : causal;
    const auto& [name, values] = draw.one_of(keys);
    switch (draw.below(5)) {
      case 0:
        all.push_back("model.segmenter.max_bytes=" + std::to_string(8 + draw.below(20)));
        break;
      case 1:
        all.push_back("model." + slot + ".preset=" + preset_of(draw.one_of(plugins), draw));
        break;
      case 2:
        all.push_back("model.segmenter.plugin=" + draw.one_of<std::string>({"words", "bytes"}));
        break;
      case 3:
        all.push_back("model." + slot + ".plugin=" + draw.one_of(plugins));
        break;
      default:
        all.push_back("model." + slot + ".config." + name + "=" + draw.one_of(values));
    }
  }
  return all;
}

json model_of(const WeltSpec& spec) { return {{"config", spec.config_json()}, {"welt", spec.welt_json()}}; }

// Every key of the recipe's table is the model's, under that spelling, and what it is made of has that size.
void expect_said(const Recipe& recipe, const SlotSpec& slot, const SlotName& name) {
  const std::string key = name.recipe;
  EXPECT_EQ(recipe.string(key + ".plugin"), slot.type->id);
  const json config = recipe.table(key + ".config");
  for (const auto& [part, value] : config.items())
    EXPECT_EQ(slot.config.value(part, json()), value) << key << ".config." << part;
  const TensorComponent component(*slot.type, name.role, ConfigView(*slot.type, slot.config, false, key),
                                  WELT_INIT_NONE);
  for (const char* width : {"hidden_size", "n_embd"}) {
    if (!config.contains(width)) continue;
    EXPECT_EQ(component.width(), config.at(width)) << key << ".config." << width;
  }
}

TEST(MergedRecipe, SaysWhatTheModelIsOrIsRefused) {
  set_log_level(LogLevel::error);
  int taken = 0, refused = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Draw draw(seed);
    const std::string text = small_recipe(draw);
    const std::vector<std::string> sets = settings(draw);
    std::string tried = text;
    for (const std::string& set : sets) tried += "--set " + set + "\n";
    SCOPED_TRACE(tried);
    std::optional<Recipe> recipe;
    std::optional<WeltSpec> spec;
    try {
      recipe.emplace(parse_recipe(text, "small.toml", sets));
      spec.emplace(WeltSpec::from_recipe(*recipe));
      expect_said(*recipe, spec->latent, latent_slot);
      expect_said(*recipe, spec->decoder, decoder_slot);
      expect_said(*recipe, spec->bytes_encoder, bytes_encoder_slot);
    } catch (const Error&) {
      ++refused;
      continue;
    }
    ++taken;
    EXPECT_EQ(spec->segmenter.max_bytes, recipe->integer("model.segmenter.max_bytes"));
    EXPECT_EQ(spec->segmenter.type->id, recipe->string("model.segmenter.plugin"));
    const Recipe again = parse_recipe(recipe->to_toml(), "merged.toml");
    EXPECT_EQ(model_of(WeltSpec::from_recipe(again)), model_of(*spec));
    if (HasFailure()) return;
  }
  EXPECT_GT(taken, 50);
  EXPECT_GT(refused, 20);
}

TEST(MergedRecipe, OfTwoSpellingsOfOneKeyTheOneThatIsWrittenCounts) {
  const std::string text = R"([model.bytes_encoder]
plugin = "bert"
preset = "bert-nano"
[model.decoder]
plugin = "llama"
preset = "nano"
[model.latent]
plugin = "gpt2"
preset = "nano"
)";
  const auto width = [&](const std::vector<std::string>& sets) {
    const WeltSpec spec = WeltSpec::from_recipe(parse_recipe(text, "spellings.toml", sets));
    return TensorComponent(*spec.latent.type, latent_slot.role,
                           ConfigView(*spec.latent.type, spec.latent.config, false, "latent"), WELT_INIT_NONE)
        .width();
  };
  EXPECT_EQ(width({"model.latent.config.hidden_size=64"}), 64);
  EXPECT_EQ(width({"model.latent.config.n_embd=64"}), 64);
  EXPECT_THROW(width({"model.latent.config.n_embd=32", "model.latent.config.hidden_size=64"}), Error);
}

}  // namespace
}  // namespace welt
