// Evaluation of a model on held-out text.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/data/batch.h"
#include "core/metrics/accumulator.h"
#include "core/model/welt_model.h"

namespace welt {

// Sums over all batches, reading the encoders `use` (all that the model has, if not given). Leaves the model in
// evaluation mode.
LossSums evaluate(WeltModel& model, const std::vector<Batch>& batches, std::int64_t chunk_tokens, bool amp,
                  std::optional<Modalities> use = {});

// {"loss", "perplexity", "bits_per_byte", "byte_accuracy", "bytes"} of sums, and of words {"word_accuracy", "words"}.
nlohmann::json evaluation_json(const LossSums& sums);

}  // namespace welt
