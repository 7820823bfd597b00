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
  std::string Settings::*chosen;
  Kind kind;
  const char* language;          // of ICU's dictionary
  const char* engine = nullptr;  // the exact one, and the name of its data
  const char* dictionary = nullptr;
  std::unique_ptr<Engine> (*make)(const std::filesystem::path& folder) = nullptr;
};
constexpr Script dictionary_scripts[] = {
    {"chinese", &Settings::chinese, Kind::han, "zh", "jieba", "jieba", make_jieba},
    {"japanese", &Settings::japanese, Kind::kana, "ja", "mecab", "unidic-lite", make_mecab},
    {"thai", &Settings::thai, Kind::thai, "th", "newmm", "pythainlp", make_newmm},
    {"lao", &Settings::lao, Kind::lao, "lo"},
    {"khmer", &Settings::khmer, Kind::khmer, "km"},
    {"burmese", &Settings::burmese, Kind::burmese, "my"},
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

Choice choose_engines(const Settings& settings) {
  Choice choice;
  choice.reference_compatible = settings.reference_compatible;
  const auto engine_of = [&](Kind kind) -> auto& { return choice.engines[static_cast<std::size_t>(kind)]; };
  engine_of(Kind::sign) = make_signs();
  for (const Script& script : dictionary_scripts) {
    if (choice.reference_compatible && script.kind >= Kind::lao) break;
    engine_of(script.kind) = make_engine(script, settings.*script.chosen, settings.dictionaries);
  }
  if (!choice.reference_compatible && settings.tibetan != "none") engine_of(Kind::tibetan) = make_tibetan();
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
