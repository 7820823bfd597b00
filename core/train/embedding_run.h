// A run that trains a static embedding on pairs of texts: steps, evaluations, checkpoints, resume, and the finished
// table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/recipe/recipe.h"
#include "core/train/codebook.h"
#include "core/train/tasks.h"
#include "core/train/text_pairs.h"

namespace welt {

// What a run starts from, all of it checked against each other.
struct EmbeddingSource {
  std::filesystem::path tokenizer;      // the file
  std::string tokenizer_json;           // of the rows that stay
  std::vector<std::int64_t> token_ids;  // [V] of these rows in the table
  Codebook book;
  std::vector<std::int64_t> dims;  // descending
};

struct EmbeddingResult {
  std::filesystem::path run, checkpoint, embedding;
  bool finished_before = false;
  std::int64_t last_step = 0, steps = 0, parameters = 0, rows = 0, peak_memory = 0;
  double seconds = 0, loss = 0;
  nlohmann::json before, after;  // of held-out pairs; null: there are none
  int signal = 0;
};

// Trains; <run>/embedding is the folder that `welt text` reads. A run that is finished is left as it is.
EmbeddingResult run_embedding(const Recipe& recipe, const TaskOptions& options, const EmbeddingSource& source);

}  // namespace welt
