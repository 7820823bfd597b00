// See word_encoder.h.
#include "core/generate/word_encoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <set>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/bytes.h"
#include "core/text/control.h"
#include "core/text/word_drawer.h"

namespace welt {
namespace {

constexpr std::size_t image_cache_bytes = std::size_t{64} << 20;

}  // namespace

WordEncoder::WordEncoder(WeltModel& model, std::size_t cache_words)
    : model_(model),
      segmenter_component_(model.open_segmenter()),
      segmenter_(segmenter_component_, model.spec().segmenter.max_bytes),
      drawer_(model.make_drawer(image_cache_bytes)),
      cache_words_(cache_words) {
  model_.set_training(false);
}

WordEncoder::~WordEncoder() = default;

std::vector<std::string> WordEncoder::words(std::string_view text, std::string_view where) const {
  if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
    const auto byte = static_cast<std::uint8_t>(text[fault]);
    const bool cut =
        byte >= 0xC2 && byte <= 0xF4 && find_invalid_utf8(text.substr(0, fault)) == utf8_ok && text.size() - fault < 4;
    fail({std::string(where),
          fmt::format("byte {} ({:02X}) {}", fault, byte, cut ? "begins a character that is cut off" : "is not UTF-8"),
          "text in UTF-8 that ends behind a whole character",
          {}},
         ErrorCode::data_loss);
  }
  std::vector<std::string> words = segmenter_.words(std::string(1, static_cast<char>(bos_byte)) + std::string(text));
  const auto limit = static_cast<std::size_t>(model_.spec().segmenter.max_bytes);
  for (std::string& word : words)
    if (word.size() > limit) word = truncate_utf8(word, limit);
  return words;
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
  const auto limit = static_cast<std::size_t>(model_.spec().segmenter.max_bytes);
  WordTable table{.units = model_.units()};
  std::vector<std::int64_t> numbers, row;
  for (const std::string& word : missing) {
    const std::string_view text = truncate_utf8(word, limit);
    numbers.push_back(table.size());
    table.add(text);
    if (drawer_) table.images.push_back(drawer_->draw(text));
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
