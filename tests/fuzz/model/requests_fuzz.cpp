// Requests of JSON Lines verbs: options of generation and of schedules as transformers names them. Any text is taken,
// or refused by an Error; scores that rules and filters made of finite ones have no NaN.
#include <cmath>
#include <vector>

#include "core/base/json.h"
#include "core/generate/generation_config.h"
#include "core/parity/reference_schedule.h"

#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

void check_scores(const GenerateOptions& options) {
  std::vector<double> scores(256);
  for (std::size_t byte = 0; byte < scores.size(); ++byte) scores[byte] = std::sin(static_cast<double>(byte)) * 4;
  options.rules.apply(scores, "abcab", /*given=*/0, /*room=*/8);
  filter_scores(scores, options.sampling);
  for (const double score : scores) fuzz::require(!std::isnan(score), "a score is a number");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto kind = input.number(3);
  const std::string text(input.rest());
  fuzz::answers([&] {
    const nlohmann::json json = parse_json(text);
    if (kind == 2 && json.is_object()) {
      const nlohmann::json rates = reference_rates(json);
      for (const auto& [step, rate] : rates.at("lr_of_step").items())
        fuzz::require(!step.empty(), "a rate has its step");
      return;
    }
    check_scores(kind == 0 ? generation_config(json) : step_config(json));
  });
  return 0;
}
