// See evaluation.h.
#include "core/train/evaluation.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/progress.h"

namespace welt {

LossSums evaluate(WeltModel& model, const std::vector<Batch>& batches, std::int64_t chunk_tokens, bool amp,
                  std::optional<Modalities> use) {
  model.set_training(false);
  Progress progress("evaluate", static_cast<std::int64_t>(batches.size()));
  LossSums sums;
  std::int64_t done = 0;
  for (const Batch& batch : batches) {
    sums += model.evaluate(batch, chunk_tokens, amp, use);
    progress.update(++done);
  }
  if (!std::isfinite(sums.nats))
    fail({"evaluation", fmt::format("the loss is {}", sums.nats), "a finite number",
          "The model's weights are damaged, or its training went astray: use an earlier checkpoint"},
         ErrorCode::aborted);
  return sums;
}

nlohmann::json evaluation_json(const LossSums& sums) {
  nlohmann::json json{{"loss", sums.loss()},
                      {"perplexity", sums.perplexity()},
                      {"bits_per_byte", sums.bits_per_byte()},
                      {"byte_accuracy", sums.byte_accuracy()},
                      {"bytes", sums.text_bytes}};
  if (sums.words > 0) json.update({{"word_accuracy", sums.word_accuracy()}, {"words", sums.words}});
  return json;
}

}  // namespace welt
