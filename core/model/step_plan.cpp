// See step_plan.h.
#include "core/model/step_plan.h"

#include <algorithm>
#include <numeric>

namespace welt {
namespace {

// 0 … lengths.size()-1 in order of length; equal lengths keep their order.
std::vector<std::int64_t> order_by_length(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return lengths[a] < lengths[b]; });
  return order;
}

void append_word(std::vector<std::int64_t>& ids, std::span<const std::uint8_t> word) {
  ids.insert(ids.end(), word.begin(), word.end());
}

}  // namespace

EncoderPlan plan_encoder(const Batch& batch) {
  EncoderPlan plan;
  plan.word_row.assign(static_cast<std::size_t>(batch.table.size()), -1);
  std::vector<std::int64_t> words, lengths;
  for (const std::int64_t word : batch.input) {
    if (word < 0 || plan.word_row[word] >= 0) continue;
    plan.word_row[word] = 0;
    words.push_back(word);
    lengths.push_back(static_cast<std::int64_t>(batch.table.word(word).size()));
  }
  plan.offsets.push_back(0);
  std::int64_t row = 0;
  for (const std::int64_t i : order_by_length(lengths)) {
    plan.word_row[words[i]] = row++;
    plan.ids.push_back(bos_byte);
    append_word(plan.ids, batch.table.word(words[i]));
    plan.ids.push_back(eos_byte);
    plan.offsets.push_back(static_cast<std::int64_t>(plan.ids.size()));
  }
  return plan;
}

DecoderPlan plan_decoder(const Batch& batch, std::int64_t chunk_tokens) {
  DecoderPlan plan;
  std::vector<std::int64_t> labelled, lengths;
  for (std::size_t position = 0; position < batch.label.size(); ++position) {
    if (batch.label[position] < 0) continue;
    labelled.push_back(static_cast<std::int64_t>(position));
    lengths.push_back(static_cast<std::int64_t>(batch.table.word(batch.label[position]).size()));
  }
  for (const std::int64_t i : order_by_length(lengths)) {
    const std::int64_t tokens = lengths[i] + 2;
    if (plan.chunks.empty() ||
        static_cast<std::int64_t>(plan.chunks.back().ids.size()) + tokens > std::max(chunk_tokens, tokens)) {
      plan.chunks.emplace_back();
      plan.chunks.back().first_row = static_cast<std::int64_t>(plan.positions.size());
      plan.chunks.back().offsets.push_back(0);
    }
    DecoderChunk& chunk = plan.chunks.back();
    const auto word = batch.table.word(batch.label[labelled[i]]);
    chunk.ids.push_back(256 + chunk.rows);
    const auto first = static_cast<std::int64_t>(chunk.ids.size());
    chunk.ids.push_back(bos_byte);
    append_word(chunk.ids, word);
    append_word(chunk.targets, word);
    chunk.targets.push_back(eos_byte);
    for (std::int64_t k = 0; k <= lengths[i]; ++k) {
      chunk.predictors.push_back(first + k);
      chunk.target_row.push_back(chunk.rows);
    }
    chunk.offsets.push_back(static_cast<std::int64_t>(chunk.ids.size()));
    ++chunk.rows;
    plan.positions.push_back(labelled[i]);
    plan.tokens += tokens;
    plan.targets += lengths[i] + 1;
  }
  return plan;
}

}  // namespace welt
