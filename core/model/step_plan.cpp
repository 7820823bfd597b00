// See step_plan.h.
#include "core/model/step_plan.h"
#include "core/text/control.h"

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

// Which of the units from the byte `first` on are seen: NUL is not, where it stands for padding.
void append_visible(std::vector<std::uint8_t>& visible, const std::vector<std::int64_t>& ids, std::size_t first,
                    const WordTable& table) {
  if (!table.nul_is_padding) return;
  for (auto unit = ids.begin() + static_cast<std::ptrdiff_t>(first); unit != ids.end(); unit += table.units.bytes())
    visible.push_back(
        std::any_of(unit, unit + table.units.bytes(), [](std::int64_t byte) { return byte != pad_byte; }));
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

// Latents that the decoder reads before the word behind `slot`: of words of its document, this one included.
std::int64_t latents_before(const Batch& batch, std::int64_t slot, std::int64_t context) {
  const std::int64_t row = slot / batch.words * batch.words;
  std::int64_t count = 1;
  const auto same_document = [&](std::int64_t other) {
    return batch.input[other] >= 0 && (batch.document.empty() || batch.document[other] == batch.document[slot]);
  };
  while (count < context && slot - count >= row && same_document(slot - count)) ++count;
  return count;
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

void DecoderChunk::begin_row(std::int64_t unit_bytes, std::int64_t row_latents) {
  for (std::int64_t place = 0; place < unit_bytes * row_latents; ++place)
    ids.push_back(256 + unit_bytes * latents + place);
  latents += row_latents;
}

void DecoderChunk::finish_row(std::int64_t unit_bytes) {
  offsets.push_back(std::ssize(ids) / unit_bytes);
  ++rows;
}

void append_row(DecoderChunk& chunk, std::int64_t latents, std::span<const std::uint8_t> word, const WordTable& table) {
  const std::int64_t size = table.units.bytes(), first = chunk.tokens();
  const std::size_t seen = chunk.ids.size();
  chunk.begin_row(size, latents);
  table.units.append_unit(bos_byte, chunk.ids);
  const std::size_t behind_bos = chunk.ids.size();
  table.units.append(word, chunk.ids);
  append_visible(chunk.visible, chunk.ids, seen, table);
  const std::size_t behind_word = chunk.ids.size();
  table.units.append_unit(eos_byte, chunk.ids);  // a target, not a token
  const auto bytes = [&](std::size_t at) { return chunk.ids.begin() + static_cast<std::ptrdiff_t>(at); };
  std::int64_t predictor = first + latents;
  for (auto unit = bytes(behind_bos); unit != chunk.ids.end(); unit += size, ++predictor) {
    if (table.nul_is_padding && std::all_of(unit, unit + size, [](std::int64_t byte) { return byte == pad_byte; }))
      continue;
    chunk.predictors.push_back(predictor);
    for (std::int64_t place = 0; place < size; ++place) {
      chunk.targets.push_back(unit[place]);
      chunk.target_row.push_back(chunk.rows);
    }
  }
  chunk.ids.resize(behind_word);
  chunk.finish_row(size);
}

DecoderChunk& DecoderPlan::chunk_for(std::int64_t row_tokens, std::int64_t chunk_tokens) {
  if (chunks.empty() || chunks.back().tokens() + row_tokens > std::max(chunk_tokens, row_tokens)) {
    chunks.emplace_back();
    chunks.back().first_latent = std::ssize(positions);
    chunks.back().offsets.push_back(0);
  }
  tokens += row_tokens;
  return chunks.back();
}

WordPlan plan_words(const WordTable& table, const std::vector<std::int64_t>& words,
                    std::vector<std::int64_t>& word_row) {
  std::vector<std::int64_t> lengths, row_word;
  for (const std::int64_t word : words) lengths.push_back(table.units.count(table.word(word)));
  WordPlan plan;
  plan.offsets.push_back(0);
  word_row.assign(words.size(), -1);
  for (const std::int64_t i : order_by_length(lengths)) {
    word_row[i] = plan.rows();
    row_word.push_back(words[i]);
    const std::size_t first = plan.ids.size();
    table.units.append_unit(bos_byte, plan.ids);
    table.units.append(table.word(words[i]), plan.ids);
    table.units.append_unit(eos_byte, plan.ids);
    append_visible(plan.visible, plan.ids, first, table);
    plan.offsets.push_back(std::ssize(plan.ids) / table.units.bytes());
  }
  if (!table.images.empty()) plan.images = group_images(table, row_word);
  return plan;
}

DecoderPlan plan_decoder(const Batch& batch, std::int64_t chunk_tokens, std::int64_t context) {
  std::vector<SpelledWord> words;
  for (std::int64_t slot = 0; slot < std::ssize(batch.label); ++slot)
    if (batch.label[slot] >= 0)
      words.push_back({.slot = slot, .word = batch.label[slot], .latents = latents_before(batch, slot, context)});
  return plan_spelling(batch.table, words, chunk_tokens);
}

DecoderPlan plan_spelling(const WordTable& table, const std::vector<SpelledWord>& words, std::int64_t chunk_tokens) {
  DecoderPlan plan;
  std::vector<std::int64_t> lengths;
  for (const SpelledWord& spelled : words) {
    const std::span<const std::uint8_t> word = table.word(spelled.word);
    lengths.push_back(spelled.latents + 1 + table.units.count(word));
    plan.text_bytes += std::ssize(word) - (table.nul_is_padding ? std::ranges::count(word, pad_byte) : 0);
  }
  for (const std::int64_t i : order_by_length(lengths)) {
    const auto& [slot, word, latents] = words[i];
    append_row(plan.chunk_for(lengths[i], chunk_tokens), latents, table.word(word), table);
    for (std::int64_t before = latents - 1; before >= 0; --before) plan.positions.push_back(slot - before);
  }
  return plan;
}

StepPlan plan_step(const Batch& batch, std::int64_t chunk_tokens, std::int64_t context) {
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
  plan.decoder = plan_decoder(batch, chunk_tokens, context);
  return plan;
}

}  // namespace welt
