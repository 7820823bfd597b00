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

std::unique_ptr<Engine> make_engine(const Script& script, const std::string& name,
                                    const std::filesystem::path& dictionaries) {
  if (name == "none") return nullptr;
  if (script.make != nullptr && name != "icu") {
    if (const auto folder = find_dictionary(script.dictionary, dictionaries)) return script.make(*folder);
    if (name == script.engine) throw missing_dictionary(script.dictionary, dictionaries);
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
  const auto engine_of = [&](Kind kind) -> auto& { return choice.engines[static_cast<std::size_t>(kind)]; };
  engine_of(Kind::sign) = make_signs();
  const std::filesystem::path dictionaries = config.get_string("dictionaries", "");
  for (const Script& script : dictionary_scripts) {
    if (choice.reference_compatible && script.kind >= Kind::lao) break;
    engine_of(script.kind) = make_engine(script, config.get_string(script.key, "auto"), dictionaries);
  }
  if (!choice.reference_compatible && config.get_string("tibetan", "") != "none")
    engine_of(Kind::tibetan) = make_tibetan();
  return choice;
}

std::string fingerprint_of(const Engines& engines, bool reference_compatible) {
  std::string text;
  const auto add = [&](const char* key, Kind kind) {
    if (reference_compatible && kind >= Kind::lao) return;
    const auto& engine = engines[static_cast<std::size_t>(kind)];
    text += (text.empty() ? "" : "; ") + std::string(key) + ": " + (engine ? engine->identity() : "none");
  };
  for (const Script& script : dictionary_scripts) add(script.key, script.kind);
  add("tibetan", Kind::tibetan);
  return text;
}

}  // namespace welt::words
