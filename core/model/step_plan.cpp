// See step_plan.h.
#include "core/model/step_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

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

// Which of the ids behind `first` are seen: NUL is not, where it stands for padding.
void append_visible(std::vector<std::uint8_t>& visible, const std::vector<std::int64_t>& ids, std::size_t first,
                    bool nul_is_padding) {
  if (!nul_is_padding) return;
  for (std::size_t i = first; i < ids.size(); ++i) visible.push_back(ids[i] != pad_byte);
}

// The images of rows, row i being the word row_word[i] of the table, by size.
std::vector<ImageGroup> group_images(const WordTable& table, const std::vector<std::int64_t>& row_word) {
  std::map<std::pair<std::int64_t, std::int64_t>, ImageGroup> groups;
  for (std::size_t row = 0; row < row_word.size(); ++row) {
    const GreyImage& image = *table.images[row_word[row]];
    ImageGroup& group = groups[{image.height, image.width}];
    group.height = image.height;
    group.width = image.width;
    group.rows.push_back(static_cast<std::int64_t>(row));
    group.grey.insert(group.grey.end(), image.pixels.begin(), image.pixels.end());
  }
  std::vector<ImageGroup> out;
  for (auto& [size, group] : groups) out.push_back(std::move(group));
  return out;
}

// [latent, BOS, bytes…] and its targets: bytes…, EOS.
void append_row(DecoderChunk& chunk, std::span<const std::uint8_t> word, bool nul_is_padding) {
  const auto first = static_cast<std::int64_t>(chunk.ids.size());
  chunk.ids.push_back(256 + chunk.rows);
  chunk.ids.push_back(bos_byte);
  append_word(chunk.ids, word);
  append_visible(chunk.visible, chunk.ids, static_cast<std::size_t>(first), nul_is_padding);
  for (std::size_t k = 0; k <= word.size(); ++k) {
    const std::uint8_t target = k < word.size() ? word[k] : eos_byte;
    if (nul_is_padding && target == pad_byte) continue;
    chunk.predictors.push_back(first + 1 + static_cast<std::int64_t>(k));
    chunk.targets.push_back(target);
    chunk.target_row.push_back(chunk.rows);
  }
  chunk.offsets.push_back(static_cast<std::int64_t>(chunk.ids.size()));
  ++chunk.rows;
}

LatentPlan plan_latent(const Batch& batch, const std::vector<std::int64_t>& row_of_word) {
  LatentPlan plan{.rows = batch.rows, .words = batch.words, .position = batch.position};
  plan.word_row.reserve(batch.input.size());
  bool documents = false, prefixes = false;
  for (std::size_t slot = 0; slot < batch.input.size(); ++slot) {
    plan.word_row.push_back(batch.input[slot] < 0 ? -1 : row_of_word[batch.input[slot]]);
    documents = documents || (!batch.document.empty() && batch.document[slot] > 0);
    prefixes = prefixes || (!batch.prefix.empty() && batch.prefix[slot] >= 0);
  }
  if (documents) plan.document = batch.document;
  if (prefixes) plan.prefix = batch.prefix;
  return plan;
}

}  // namespace

WordPlan plan_words(const WordTable& table, const std::vector<std::int64_t>& words,
                    std::vector<std::int64_t>& word_row) {
  std::vector<std::int64_t> lengths, row_word;
  for (const std::int64_t word : words) lengths.push_back(static_cast<std::int64_t>(table.word(word).size()));
  WordPlan plan;
  plan.offsets.push_back(0);
  word_row.assign(words.size(), -1);
  for (const std::int64_t i : order_by_length(lengths)) {
    word_row[i] = plan.rows();
    row_word.push_back(words[i]);
    const std::size_t first = plan.ids.size();
    plan.ids.push_back(bos_byte);
    append_word(plan.ids, table.word(words[i]));
    plan.ids.push_back(eos_byte);
    append_visible(plan.visible, plan.ids, first, table.nul_is_padding);
    plan.offsets.push_back(static_cast<std::int64_t>(plan.ids.size()));
  }
  if (!table.images.empty()) plan.images = group_images(table, row_word);
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
    append_row(chunk, batch.table.word(batch.label[labelled[i]]), batch.table.nul_is_padding);
    plan.positions.push_back(labelled[i]);
    plan.tokens += tokens;
  }
  return plan;
}

StepPlan plan_step(const Batch& batch, std::int64_t chunk_tokens) {
  std::vector<std::int64_t> words, word_row, row_of_word(static_cast<std::size_t>(batch.table.size()), -1);
  for (const std::int64_t word : batch.input) {
    if (word < 0 || row_of_word[word] >= 0) continue;
    row_of_word[word] = 0;
    words.push_back(word);
  }
  StepPlan plan;
  plan.words = plan_words(batch.table, words, word_row);
  for (std::size_t i = 0; i < words.size(); ++i) row_of_word[words[i]] = word_row[i];
  plan.latent = plan_latent(batch, row_of_word);
  plan.decoder = plan_decoder(batch, chunk_tokens);
  return plan;
}

}  // namespace welt
