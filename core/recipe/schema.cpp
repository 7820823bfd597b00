// Every key of a recipe, with its type, default, range and help. The only place where one is added.
#include <string>

#include "core/recipe/recipe.h"

namespace welt {
namespace {

constexpr double no_limit = recipe_no_limit;

using Keys = std::vector<RecipeKey>;

void add_general(Keys& keys) {
  keys.push_back({"task", "string", "train", "What the run does", 0, 0, {"train", "evaluate"}});
  keys.push_back({"name", "string", "", "Name of the run and of its folder; default: the recipe file's name"});
  keys.push_back({"run_dir", "string", "runs", "Folder that holds the run folders"});
  keys.push_back({"seed", "integer", 42, "Seed of initial weights, shuffling and dropout", 0, no_limit});
  keys.push_back({"precision",
                  "string",
                  "fp32",
                  "fp32; amp: fp32 master weights with bf16 compute; bf16: weights and AdamW's moments too",
                  0,
                  0,
                  {"fp32", "amp", "bf16"}});
  keys.push_back({"threads", "integer", 0, "Threads for tensor work; 0: all cores", 0, 1024});
}

void add_version(Keys& keys, const std::string& table) {
  keys.push_back(
      {table + ".version", "string", "", "Versions of the plugin that will do: \">=0.2, <1\"; default: any"});
}

// `role` names the component in the help texts.
void add_component(Keys& keys, const std::string& table, const std::string& role) {
  keys.push_back({table + ".plugin", "string", "",
                  "Plugin that makes the " + role + "; default: the one that serves the config's model_type"});
  add_version(keys, table);
  keys.push_back({table + ".from", "string", "", "Hugging Face folder or hub name: its config.json and weights"});
  keys.push_back({table + ".weights", "bool", true, "Take the weights of `from` too, not only its config.json"});
  keys.push_back({table + ".preset", "string", "", "Name of a config that the plugin ships"});
  keys.push_back({table + ".config", "table", nlohmann::json::object(),
                  "Keys of the " + role + "'s config.json, over those of `from` or `preset`"});
}

void add_model(Keys& keys) {
  keys.push_back({"model.from", "string", "", "Folder of a whole WeLT checkpoint to start from"});
  keys.push_back(
      {"model.init_from", "string", "",
       "Run or checkpoint folder whose weights this recipe's model starts with, without optimizer or position"});
  keys.push_back(
      {"model.init_strict", "bool", true,
       "model.init_from must fit tensor by tensor; false: what does not fit starts at random and is listed"});
  keys.push_back({"model.encoding",
                  "string",
                  "utf-8",
                  "What words are read and written in: bytes of UTF-8, units of UTF-16 or code points (UTF-32)",
                  0,
                  0,
                  {"utf-8", "utf-16", "utf-32"}});
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
  keys.push_back({"model.bytes_encoder.pooling",
                  "string",
                  "",
                  "How a word's byte vectors become one; default: what the plugin declares",
                  0,
                  0,
                  {"", "first", "last", "mean"}});
  add_component(keys, "model.bytes_encoder", "bytes encoder");
  keys.push_back({"model.image_encoder.enabled", "bool", true,
                  "Encode the image of each word, where model.image_encoder has a plugin or from"});
  add_component(keys, "model.image_encoder", "image encoder");
  add_component(keys, "model.latent", "latent transformer");
  add_component(keys, "model.decoder", "decoder");
}

void add_source(Keys& keys, const std::string& table, const std::string& documents) {
  keys.push_back({table + ".files", "strings", nullptr, "Files of " + documents + ", with * ? [] as wildcards"});
  keys.push_back({table + ".format",
                  "string",
                  "auto",
                  "What a document is: text: a file; lines: a line; paragraphs: lines up to an empty one; jsonl: a "
                  "field of a line",
                  0,
                  0,
                  {"auto", "text", "lines", "paragraphs", "jsonl"}});
  keys.push_back({table + ".field", "string", "text", "Field of a JSON line that holds the document"});
  keys.push_back({table + ".on_invalid",
                  "string",
                  "error",
                  "Text that is not UTF-8: stop, replace the bad bytes by U+FFFD, or skip the document",
                  0,
                  0,
                  {"error", "replace", "skip"}});
}

void add_data(Keys& keys) {
  add_source(keys, "data.train", "training documents");
  add_source(keys, "data.validation", "validation documents");
  keys.push_back({"data.validation.fraction", "number", 0.0,
                  "Share of the training documents held out when data.validation.files is empty", 0, 0.5});
  keys.push_back({"data.shuffle", "bool", true, "Shuffle the rows anew in each epoch"});
  keys.push_back({"data.packing",
                  "string",
                  "best_fit",
                  "best_fit: documents that fit a row stay whole; greedy: rows are filled in order, the rest is cut",
                  0,
                  0,
                  {"best_fit", "greedy"}});
  keys.push_back({"data.prefetch", "integer", 4, "Batches prepared ahead of the training step", 1, 1024});
  keys.push_back({"data.image_cache_mb", "integer", 256, "Megabytes of drawn words that are kept", 0, 1e6});
}

void add_training(Keys& keys) {
  keys.push_back({"train.steps", "integer", 1000, "Optimizer steps", 0, no_limit});
  keys.push_back({"train.minutes", "number", 0.0, "Stop after that much wall time; 0: no limit", 0, no_limit});
  keys.push_back({"train.batch", "integer", 32, "Rows of a batch", 1, 1e6});
  keys.push_back({"train.words", "integer", 128, "Words of a row", 2, 1e6});
  keys.push_back({"train.accumulate", "integer", 1, "Batches whose gradients make one optimizer step", 1, 1e6});
  keys.push_back({"train.learning_rate", "number", 6e-4, "Highest learning rate", 0, no_limit});
  keys.push_back({"train.schedule",
                  "string",
                  "cosine",
                  "How the learning rate goes down after the warm-up",
                  0,
                  0,
                  {"constant", "linear", "cosine"}});
  keys.push_back({"train.warmup_steps", "integer", 50, "Steps in which the learning rate rises from 0", 0, no_limit});
  keys.push_back({"train.final_ratio", "number", 0.1, "Learning rate at the end, as a share of the highest", 0, 1});
  keys.push_back({"train.weight_decay", "number", 0.01, "Decoupled weight decay of matrices", 0, 100});
  keys.push_back({"train.beta1", "number", 0.9, "AdamW's decay of the mean gradient", 0, 0.999999});
  keys.push_back({"train.beta2", "number", 0.999, "AdamW's decay of the mean squared gradient", 0, 0.99999999});
  keys.push_back({"train.eps", "number", 1e-8, "AdamW's addend in the denominator", 1e-30, 1});
  keys.push_back({"train.clip", "number", 1.0, "Largest norm of the whole gradient; 0: no clipping", 0, no_limit});
  keys.push_back({"train.log_every", "integer", 1, "Steps between two lines of log.jsonl", 1, no_limit});
  keys.push_back({"train.eval_every", "integer", 0, "Steps between two evaluations; 0: only at the end", 0, no_limit});
  keys.push_back({"train.eval_rows", "integer", 64, "Validation rows of an evaluation at most; 0: all", 0, no_limit});
  keys.push_back({"train.checkpoint_every", "integer", 0,
                  "Steps between two checkpoints; 0: only at the end and on SIGINT or SIGTERM", 0, no_limit});
  keys.push_back({"train.keep_checkpoints", "integer", 2, "Checkpoints kept; older ones are removed", 1, 1e6});
  keys.push_back({"train.decoder_chunk_tokens", "integer", 8192,
                  "Decoder tokens computed at once: less memory, or fewer and larger calls", 64, 1e9});
}

void add_samples(Keys& keys) {
  keys.push_back({"samples.prompts", "strings", nullptr,
                  "Prompts continued when training is over; default: beginnings of held-out documents"});
  keys.push_back({"samples.count", "integer", 3, "Samples at most; 0: none", 0, 1000});
  keys.push_back({"samples.words", "integer", 20, "Words of a sample", 0, 1e6});
  keys.push_back({"samples.temperature", "number", 0.0, "0: always the most likely byte", 0, 100});
  keys.push_back(
      {"samples.top_p", "number", 1.0, "Draw from the most likely bytes that have this probability", 1e-6, 1});
}

void add_compatibility(Keys& keys) {
  keys.push_back({"compat.reference_compatible", "bool", false,
                  "Act like the Python reference in every point below that is not set by itself"});
  keys.push_back({"compat.pad_words_in_loss", "bool", false, "Count padding words in the loss"});
  keys.push_back(
      {"compat.blocks_cross_documents", "bool", false, "Let a prefix block be seen from other documents of its row"});
  keys.push_back({"compat.cut_words_end_text", "bool", false,
                  "A word cut off by the row's end learns the end of the text instead of nothing"});
  keys.push_back({"compat.nul_is_padding", "bool", false,
                  "The byte NUL inside a word is masked and not learnt, as if it were padding"});
  keys.push_back({"compat.independent_modality_dropout", "bool", false,
                  "Leave out each encoder by a draw of its own, so that now and then no encoder is read"});
}

}  // namespace

const std::vector<RecipeKey>& recipe_schema() {
  static const Keys keys = [] {
    Keys all;
    add_general(all);
    add_model(all);
    add_data(all);
    add_training(all);
    add_samples(all);
    add_compatibility(all);
    return all;
  }();
  return keys;
}

}  // namespace welt
