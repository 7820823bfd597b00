// See choose.h.
#include "choose.h"

#include <string_view>

#include "signs.h"
#include "tibetan.h"

namespace welt::words {
namespace {

struct Script {
  const char* key;
  Kind kind;
  const char* language;  // of ICU's dictionary
};
constexpr Script dictionary_scripts[] = {
    {"chinese", Kind::han, "zh"}, {"japanese", Kind::kana, "ja"}, {"thai", Kind::thai, "th"},
    {"lao", Kind::lao, "lo"},     {"khmer", Kind::khmer, "km"},   {"burmese", Kind::burmese, "my"},
};

std::unique_ptr<Engine> make_engine(const Script& script, const std::string& name) {
  if (name == "none") return nullptr;
  return make_icu(script.language);
}

}  // namespace

sdk::Schema engine_schema() {
  using sdk::text;
  return {
      sdk::boolean("reference_compatible", false,
                   "Scripts, spans and completeness exactly as words-segmentation 0.0.7 has them"),
      text("chinese", "auto", "What cuts runs of Han").one_of({"auto", "icu", "none"}),
      text("japanese", "auto", "What cuts runs of kana and Han from the first kana on").one_of({"auto", "icu", "none"}),
      text("thai", "auto", "What cuts runs of Thai").one_of({"auto", "icu", "none"}),
      text("lao", "icu", "What cuts runs of Lao").one_of({"icu", "none"}),
      text("khmer", "icu", "What cuts runs of Khmer").one_of({"icu", "none"}),
      text("burmese", "icu", "What cuts runs of Burmese").one_of({"icu", "none"}),
      text("tibetan", "syllables", "What cuts runs of Tibetan").one_of({"syllables", "none"}),
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
  for (const Script& script : dictionary_scripts) {
    if (choice.reference_compatible && script.kind >= Kind::lao) break;
    take(script.key, script.kind, make_engine(script, config.get_string(script.key, "auto")));
  }
  if (!choice.reference_compatible)
    take("tibetan", Kind::tibetan, config.get_string("tibetan", "") == "none" ? nullptr : make_tibetan());
  return choice;
}

}  // namespace welt::words
