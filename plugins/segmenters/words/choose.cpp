// See choose.h.
#include "choose.h"

#include <filesystem>
#include <string_view>

#include "engines/dictionary.h"
#include "engines/jieba.h"
#include "engines/mecab.h"
#include "engines/newmm.h"
#include "signs.h"
#include "tibetan.h"

namespace welt::words {
namespace {

struct Script {
  const char* key;
  Kind kind;
  const char* language;          // of ICU's dictionary
  const char* engine = nullptr;  // the exact one, and the name of its data
  const char* dictionary = nullptr;
  std::unique_ptr<Engine> (*make)(const std::filesystem::path& folder) = nullptr;
};
constexpr Script dictionary_scripts[] = {
    {"chinese", Kind::han, "zh", "jieba", "jieba", make_jieba},
    {"japanese", Kind::kana, "ja", "mecab", "unidic-lite", make_mecab},
    {"thai", Kind::thai, "th", "newmm", "pythainlp", make_newmm},
    {"lao", Kind::lao, "lo"},
    {"khmer", Kind::khmer, "km"},
    {"burmese", Kind::burmese, "my"},
};

// Its data is there, but this build is without the library: ICU takes its place as if the data were not there.
std::unique_ptr<Engine> make_if_built(const Script& script, const std::filesystem::path& folder) {
  try {
    return script.make(folder);
  } catch (const sdk::Failure& failure) {
    if (failure.status() != WELT_UNIMPLEMENTED) throw;
    return nullptr;
  }
}

std::unique_ptr<Engine> make_engine(const Script& script, const std::string& name,
                                    const std::filesystem::path& dictionaries) {
  if (name == "none") return nullptr;
  if (script.make != nullptr && name != "icu") {
    const auto folder = find_dictionary(script.dictionary, dictionaries);
    if (!folder && name == script.engine) throw missing_dictionary(script.dictionary, dictionaries);
    if (folder && name == script.engine) return script.make(*folder);
    if (folder)
      if (auto engine = make_if_built(script, *folder)) return engine;
  }
  return make_icu(script.language);
}

}  // namespace

sdk::Schema engine_schema() {
  using sdk::text;
  return {
      sdk::boolean("reference_compatible", false,
                   "Scripts, spans and completeness exactly as words-segmentation 0.0.7 has them"),
      text("chinese", "auto", "What cuts runs of Han").one_of({"auto", "jieba", "icu", "none"}),
      text("japanese", "auto", "What cuts runs of kana and Han from the first kana on")
          .one_of({"auto", "mecab", "icu", "none"}),
      text("thai", "auto", "What cuts runs of Thai").one_of({"auto", "newmm", "icu", "none"}),
      text("lao", "icu", "What cuts runs of Lao").one_of({"icu", "none"}),
      text("khmer", "icu", "What cuts runs of Khmer").one_of({"icu", "none"}),
      text("burmese", "icu", "What cuts runs of Burmese").one_of({"icu", "none"}),
      text("tibetan", "syllables", "What cuts runs of Tibetan").one_of({"syllables", "none"}),
      text("dictionaries", "", "Folder of jieba, unidic-lite and pythainlp; empty: where setup puts them"),
  };
}

Choice choose_engines(const sdk::Config& config) {
  Choice choice;
  choice.reference_compatible = config.get_bool("reference_compatible", false);
  choice.engines[static_cast<std::size_t>(Kind::sign)] = make_signs();
  const auto take = [&](const char* key, Kind kind, std::unique_ptr<Engine> engine) {
    if (!choice.fingerprint.empty()) choice.fingerprint += "; ";
    choice.fingerprint += std::string(key) + ": " + (engine ? engine->identity() : "none");
    choice.engines[static_cast<std::size_t>(kind)] = std::move(engine);
  };
  const std::filesystem::path dictionaries = config.get_string("dictionaries", "");
  for (const Script& script : dictionary_scripts) {
    if (choice.reference_compatible && script.kind >= Kind::lao) break;
    take(script.key, script.kind, make_engine(script, config.get_string(script.key, "auto"), dictionaries));
  }
  if (!choice.reference_compatible)
    take("tibetan", Kind::tibetan, config.get_string("tibetan", "") == "none" ? nullptr : make_tibetan());
  return choice;
}

}  // namespace welt::words
