// Which engine cuts which script: out of the plugin's configuration and what is installed.
#pragma once

#include <string>
#include <welt/sdk/fields.hpp>

#include "segmenter.h"

namespace welt::words {

struct Settings : sdk::Fields {
  using Fields::Fields;
  bool reference_compatible = boolean("reference_compatible", false,
                                      "Scripts, spans and completeness exactly as words-segmentation 0.0.7 has them");
  std::string chinese = text("chinese", "auto", "What cuts runs of Han").one_of({"auto", "jieba", "icu", "none"});
  std::string japanese = text("japanese", "auto", "What cuts runs of kana and Han from the first kana on")
                             .one_of({"auto", "mecab", "icu", "none"});
  std::string thai = text("thai", "auto", "What cuts runs of Thai").one_of({"auto", "newmm", "icu", "none"});
  std::string lao = text("lao", "icu", "What cuts runs of Lao").one_of({"icu", "none"});
  std::string khmer = text("khmer", "icu", "What cuts runs of Khmer").one_of({"icu", "none"});
  std::string burmese = text("burmese", "icu", "What cuts runs of Burmese").one_of({"icu", "none"});
  std::string tibetan = text("tibetan", "syllables", "What cuts runs of Tibetan").one_of({"syllables", "none"});
  std::string dictionaries =
      text("dictionaries", "", "Folder of jieba, unidic-lite and pythainlp; empty: where setup puts them");
};

struct Choice {
  bool reference_compatible = false;
  Engines engines;
};

// Throws sdk::Failure when an engine that the settings name cannot be had.
Choice choose_engines(const Settings& settings);

// "chinese: ICU 72.1 zh; japanese: …". Reads of the dictionaries' files what their hashes want.
std::string fingerprint_of(const Engines& engines, bool reference_compatible);

}  // namespace welt::words
