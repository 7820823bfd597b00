// See recipe_keys.h.
#include "core/model/recipe_keys.h"

#include <fmt/format.h>

#include <utility>

#include "core/model/byte_lm.h"
#include "core/model/welt_spec.h"
#include "core/recipe/choices.h"

namespace welt {
namespace {

void add_version(std::vector<RecipeKey>& keys, const std::string& table) {
  keys.push_back(incidental(
      {table + ".version", "string", "", "Versions of the plugin that will do: \">=0.2, <1\"; default: any"}));
}

// `role` names the component in the help texts.
void add_component(std::vector<RecipeKey>& keys, const std::string& table, const std::string& role) {
  keys.push_back({table + ".plugin", "string", "",
                  "Plugin that makes the " + role + "; default: the one that serves the config's model_type"});
  add_version(keys, table);
  keys.push_back({table + ".from", "string", "", "Hugging Face folder or hub name: its config.json and weights"});
  keys.push_back({table + ".weights", "bool", true, "Take the weights of `from` too, not only its config.json"});
  keys.push_back({table + ".preset", "string", "", "Name of a config that the plugin ships"});
  keys.push_back({table + ".config", "table", nlohmann::json::object(),
                  "Keys of the " + role + "'s config.json, over those of `from` or `preset`"});
}

}  // namespace

void add_model_keys(std::vector<RecipeKey>& keys) {
  keys.push_back(table_key("model.kind", "welt", "What is trained", model_kinds()));
  keys.push_back({"model.from", "string", "", "Folder of a whole WeLT checkpoint to start from"});
  keys.push_back(
      {"model.init_from", "string", "",
       "Run or checkpoint folder whose weights this recipe's model starts with, without optimizer or position"});
  keys.push_back(
      {"model.init_strict", "bool", true,
       "model.init_from must fit tensor by tensor; false: what does not fit starts at random and is listed"});
  keys.push_back(
      choice_key("model.encoding", "utf-8",
                 "What words are read and written in: bytes of UTF-8, units of UTF-16 or code points (UTF-32)",
                 {"utf-8", "utf-16", "utf-32"}));
  keys.push_back({"model.decoder_context", "integer", 1,
                  "Latents that the decoder reads before a word: its own and those of the words before in the "
                  "document; 1: its own, as the Python WeLT",
                  1, most_decoder_context});
  keys.push_back({"model.further_words", "integer", 0,
                  "Words behind the next one that training predicts too, each by a head of its own; nothing else reads "
                  "these heads",
                  0, most_further_words});
  keys.push_back({"model.modality_dropout", "number", 0.15,
                  "Share of training batches that one of the two encoders is left out of, each in half of them", 0, 1});
  keys.push_back({"model.segmenter.plugin", "string", "words", "Plugin that cuts text into words"});
  add_version(keys, "model.segmenter");
  keys.push_back(
      {"model.segmenter.max_bytes", "integer", 30, "Longest word in UTF-8 bytes; longer ones are cut", 2, 1024});
  keys.push_back({"model.segmenter.config", "table", nlohmann::json::object(), "Further keys of the segmenter"});
  keys.push_back({"model.renderer.plugin", "string", "freetype", "Plugin that draws words for the image encoder"});
  add_version(keys, "model.renderer");
  keys.push_back({"model.renderer.block", "integer", 16,
                  "Height of a word's image, and what its width is a multiple of", 1, 1024});
  keys.push_back({"model.renderer.font_px", "integer", 12, "Size of the font in pixels", 1, 1024});
  keys.push_back({"model.renderer.config", "table", nlohmann::json::object(), "Further keys of the renderer"});
  keys.push_back({"model.bytes_encoder.enabled", "bool", true, "Encode the bytes of each word"});
  keys.push_back(choice_key("model.bytes_encoder.pooling", "",
                            "How a word's byte vectors become one; default: what the plugin declares",
                            {"", "first", "last", "mean"}));
  add_component(keys, "model.bytes_encoder", "bytes encoder");
  keys.push_back({"model.image_encoder.enabled", "bool", true,
                  "Encode the image of each word, where model.image_encoder has a plugin or from"});
  add_component(keys, "model.image_encoder", "image encoder");
  add_component(keys, "model.latent", "latent transformer");
  add_component(keys, "model.decoder", "decoder");
  const auto published = [&](const char* name, const std::string& what) {
    RecipeKey key =
        incidental({std::string("published.") + name, "number", nullptr,
                    "Millions of parameters " + what + ": `welt model info` shows them", 0, recipe_no_limit});
    key.of_file = true;
    keys.push_back(std::move(key));
  };
  for (const auto& [key, part] : {std::pair{"bytes_encoder", "bytes encoder"},
                                  {"image_encoder", "image encoder"},
                                  {"latent", "latent transformer"},
                                  {"decoder", "decoder"}})
    published(key, fmt::format("that this file's {} is published with, without token table", part));
  published("all", "that the model of this file is published with");
}

}  // namespace welt
