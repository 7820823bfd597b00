// GenerateOptions::check (generator.h): what cannot be asked for.
#include <cmath>

#include "core/base/error.h"
#include "core/generate/generator.h"

namespace welt {
namespace {

constexpr std::int64_t most_beams = 1024, most_guesses = 1024;

void require(bool fits, const char* name, const std::string& found, const char* expected) {
  if (!fits) fail({name, found, expected, {}});
}

void require_number(const char* name, std::int64_t value, std::int64_t least, const char* expected,
                    std::int64_t most = INT64_MAX) {
  require(value >= least && value <= most, name, std::to_string(value), expected);
}

}  // namespace

void GenerateOptions::check(bool byte_units) const {
  sampling.check();
  require_number("words", words, 0, "0 or more");
  require(std::isfinite(rules.repetition_penalty) && rules.repetition_penalty > 0, "repetition-penalty",
          fmt::format("{}", rules.repetition_penalty), "a number above 0");
  require_number("no-repeat-ngram", rules.no_repeat_ngram, 0, "0 (any) or more");
  require_number("min-bytes", rules.min_bytes, 0, "0 or more");
  require_number("max-bytes", max_bytes, 0, "0 (what the model has room for) or more");
  require(max_bytes == 0 || rules.min_bytes <= max_bytes, "min-bytes", std::to_string(rules.min_bytes),
          fmt::format("at most max-bytes, {}", max_bytes).c_str());
  require_number("beams", beams.beams, 1, "1 to 1024", most_beams);
  require_number("word-beams", beams.word_beams, 1, "1 to 1024", most_beams);
  require_number("n-best", beams.n_best, 1, "1 or more");
  require(beams.n_best <= beams.word_beams, "n-best", std::to_string(beams.n_best),
          fmt::format("at most the word beams, {}", beams.word_beams).c_str());
  require_number("speculate", speculate, 0, "0 (no guesses) to 1024", most_guesses);
  require(speculate == 0 || (beams.beams == 1 && beams.word_beams == 1 && !reference_compatible), "speculate",
          std::to_string(speculate), "0 with beams, word beams or reference-compatible");
  require(std::isfinite(beams.length_penalty), "length-penalty", fmt::format("{}", beams.length_penalty),
          "a finite number");
  for (const std::string& one : stop) require(!one.empty(), "stop", "an empty string", "a text to stop at");
  const bool plain = !rules.any() && !scores && beams.beams == 1 && beams.word_beams == 1;
  if (!byte_units && !plain)
    fail({"generation", "beams, scores or rules on the bytes of a word, and a model whose words are not spelt in bytes",
          "a model with model.encoding = \"utf8\"", "Without these, filters and temperature apply to its units, too"});
}

}  // namespace welt
