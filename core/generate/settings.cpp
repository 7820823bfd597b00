// See settings.h.
#include "core/generate/settings.h"

#include <algorithm>

#include "core/kernels/step_weights.h"
#include "core/recipe/schema.h"

namespace welt {
namespace {

using Json = nlohmann::json;
using Options = GenerateOptions;

RecipeKey whole(const char* name, std::int64_t fallback, const char* help, double least, double most) {
  return incidental({std::string("generate.") + name, "integer", fallback, help, least, most});
}

RecipeKey real(const char* name, double fallback, const char* help, double least, double most) {
  return incidental({std::string("generate.") + name, "number", fallback, help, least, most});
}

EarlyStopping early_stopping_of(const std::string& name) {
  return name == "yes" ? EarlyStopping::yes : name == "never" ? EarlyStopping::never : EarlyStopping::no;
}

std::vector<GenerateSetting> sampling_settings() {
  return {
      {real("temperature", 0.0, "Sharpness of the draw; 0: the most likely byte", 0, 1000), "Sampling",
       [](Options& o, const Json& v) { o.sampling.temperature = v; }},
      {whole("top_k", 0, "Draw from the K most likely bytes; 0: from all", 0, 1e6), "Sampling",
       [](Options& o, const Json& v) { o.sampling.top_k = v; }},
      {real("top_p", 1.0, "Draw from the most likely bytes that have this probability", 1e-6, 1), "Sampling",
       [](Options& o, const Json& v) { o.sampling.top_p = v; }},
      {real("min_p", 0.0, "Draw from bytes at least this share as likely as the most likely one", 0, 1), "Sampling",
       [](Options& o, const Json& v) { o.sampling.min_p = v; }},
      {real("typical_p", 1.0, "Draw from the bytes nearest to the expected surprise that have this probability", 1e-6,
            1),
       "Sampling", [](Options& o, const Json& v) { o.sampling.typical_p = v; }},
      {real("epsilon_cutoff", 0.0, "Draw from bytes at least this likely; 0: from all", 0, 1), "Sampling",
       [](Options& o, const Json& v) { o.sampling.epsilon_cutoff = v; }},
      {real("eta_cutoff", 0.0, "The same, with a bound that falls as the entropy grows; 0: from all", 0, 1), "Sampling",
       [](Options& o, const Json& v) { o.sampling.eta_cutoff = v; }},
  };
}

std::vector<GenerateSetting> word_settings() {
  return {
      {real("repetition_penalty", 1.0, "Above 1: bytes that a word has already become less likely in it", 1e-3, 1000),
       "Words", [](Options& o, const Json& v) { o.rules.repetition_penalty = v; }},
      {whole("no_repeat_ngram", 0, "No N bytes twice in a word; 0: any", 0, 1000), "Words",
       [](Options& o, const Json& v) { o.rules.no_repeat_ngram = v; }},
      {whole("min_bytes", 0, "A word, or the end of the text, has at least so many bytes before its end byte", 0, 1e6),
       "Words", [](Options& o, const Json& v) { o.rules.min_bytes = v; }},
      {whole("max_bytes", 0, "Bytes of a word at most; 0: what the model has room for", 0, 1e6), "Words",
       [](Options& o, const Json& v) { o.max_bytes = v; }},
      {incidental({"generate.stop", "strings", nullptr, "A text ends behind the first of these"}), "Words",
       [](Options& o, const Json& v) { o.stop = v.get<std::vector<std::string>>(); }},
  };
}

std::vector<GenerateSetting> search_settings() {
  return {
      {whole("beams", 1, "Beams of the search for a word's bytes; 1: no search", 1, 1024), "Search",
       [](Options& o, const Json& v) { o.beams.beams = v; }},
      {real("length_penalty", 1.0, "A search compares log probability / length in bytes to this power", -100, 100),
       "Search", [](Options& o, const Json& v) { o.beams.length_penalty = v; }},
      {incidental(choice_key("generate.early_stopping", "no",
                             "When the search for a word ends: no: none running is better as it stands; yes: as many "
                             "as beams have finished; never: none running can become better",
                             {"no", "yes", "never"})),
       "Search", [](Options& o, const Json& v) { o.beams.early_stopping = early_stopping_of(v); }},
      {whole("word_beams", 1, "Texts kept beside each other, by their joint log probability; 1: one", 1, 1024),
       "Search", [](Options& o, const Json& v) { o.beams.word_beams = v; }},
      {whole("n_best", 1, "Of them told, best first, with their scores", 1, 1024), "Search",
       [](Options& o, const Json& v) { o.beams.n_best = v; }},
  };
}

}  // namespace

const std::vector<GenerateSetting>& generate_settings() {
  static const std::vector<GenerateSetting> all = [] {
    std::vector<GenerateSetting> list{
        {whole("words", 50, "Words for each prompt at most", 1, 1e6), "Words",
         [](Options& o, const Json& v) { o.words = v; }},
        {whole("speculate", 0, "Words guessed ahead and checked in one pass; the text stays the same; 0: none", 0,
               1024),
         "Words", [](Options& o, const Json& v) { o.speculate = v; }}};
    for (const auto& part : {sampling_settings(), word_settings(), search_settings()})
      list.insert(list.end(), part.begin(), part.end());
    return list;
  }();
  return all;
}

void add_generate_keys(std::vector<RecipeKey>& keys) {
  for (const GenerateSetting& setting : generate_settings()) keys.push_back(setting.key);
  // Of the whole process, and so no setting of a call.
  keys.push_back(incidental(
      choice_key("generate.weights", "fp32",
                 "What products multiply with: fp32: the weights as they are; bf16, or int8 with a scale for "
                 "each output: copies that are read faster and round; auto: bf16 where the kernels are on, "
                 "else fp32. Of samples and of texts that evaluations write, too",
                 kernels::step_weights_names())));
}

GenerateOptions generate_options(const Recipe& recipe) {
  GenerateOptions options;
  for (const GenerateSetting& setting : generate_settings()) {
    const std::string& name = setting.key.name;
    if (recipe.given(name) || !setting.key.fallback.is_null())
      setting.set(options, recipe.json().at(Json::json_pointer("/generate/" + name.substr(name.find('.') + 1))));
  }
  return options;
}

std::string option_name(const GenerateSetting& setting) {
  std::string name = "--" + setting.key.name.substr(setting.key.name.find('.') + 1);
  std::ranges::replace(name, '_', '-');
  return name;
}

}  // namespace welt
