// See word_encoder.h.
#include "core/generate/word_encoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <set>

#include "core/text/bytes.h"

namespace welt {
WordEncoder::WordEncoder(WeltModel& model, std::shared_ptr<const TextFrontEnd> text, std::size_t cache_words)
    : model_(model), text_(std::move(text)), cache_words_(cache_words) {
  model_.set_training(false);
}

at::Tensor WordEncoder::encode(std::span<const std::string> words) {
  std::set<std::string_view> seen;
  std::vector<std::string> missing;
  for (const std::string& word : words)
    if (!index_.contains(word) && seen.insert(word).second) missing.push_back(word);
  if (!missing.empty()) encode_missing(missing);
  std::vector<at::Tensor> vectors;
  vectors.reserve(words.size());
  for (const std::string& word : words) {
    const auto entry = index_.at(word);
    entries_.splice(entries_.begin(), entries_, entry);
    vectors.push_back(entry->vector);
  }
  while (entries_.size() > cache_words_) {
    index_.erase(entries_.back().word);
    entries_.pop_back();
  }
  return at::stack(vectors);
}

void WordEncoder::encode_missing(const std::vector<std::string>& missing) {
  const at::NoGradGuard no_grad;
  WordTable table{.units = model_.units()};
  std::vector<std::int64_t> numbers, row;
  for (const std::string& word : missing) {
    const std::string_view text = truncate_utf8(word, text_->max_bytes());
    numbers.push_back(table.size());
    table.add(text);
    if (text_->drawer()) table.images.push_back(text_->drawer()->draw(text));
  }
  const WordPlan plan = plan_words(table, numbers, row);
  const at::Tensor vectors =
      model_.encode_words(upload(plan, model_.device()), model_.normalise(plan.images), model_.modalities()).vectors;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    entries_.push_front({missing[i], vectors[row[i]].clone()});
    index_.emplace(entries_.front().word, entries_.begin());
  }
}

}  // namespace welt
