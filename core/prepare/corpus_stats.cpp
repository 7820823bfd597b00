// See corpus_stats.h.
#include "core/prepare/corpus_stats.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <bit>

#include "core/base/utf8.h"
#include "core/data/packing.h"
#include "core/text/bytes.h"

namespace welt {
namespace {

using nlohmann::ordered_json;

// The lowest size of the step that `size` is in.
std::uint64_t step_of(std::uint64_t size) {
  if (size < 64) return size;
  const int shift = std::bit_width(size) - 5;  // 16 steps between powers of two
  return size >> shift << shift;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// A JSON list of {name: key, …} of the largest first.
template <typename Entry>
std::vector<Entry> largest_first(std::vector<Entry> entries, std::size_t most) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (entries.size() > most) entries.resize(most);
  return entries;
}

}  // namespace

void SizeCounts::add(std::uint64_t size) {
  ++counts_[step_of(size)];
  ++count_;
  sum_ += size;
  largest_ = std::max(largest_, size);
}

std::uint64_t SizeCounts::quantile(double wanted) const {
  std::uint64_t below = 0;
  for (const auto& [size, count] : counts_) {
    below += count;
    if (static_cast<double>(below) >= wanted * static_cast<double>(count_)) return size;
  }
  return largest_;
}

std::vector<SizeCounts::Bar> SizeCounts::bars() const {
  std::vector<Bar> out;
  for (const auto& [size, count] : counts_) {
    const std::uint64_t from = std::bit_floor(size);  // 0 of 0
    if (out.empty() || out.back().from != from) out.push_back({from, from == 0 ? 1 : from * 2, 0});
    out.back().count += count;
  }
  return out;
}

ordered_json SizeCounts::to_json() const {
  ordered_json bars = ordered_json::array();
  for (const Bar& bar : this->bars()) bars.push_back({{"from", bar.from}, {"below", bar.to}, {"count", bar.count}});
  return {{"mean", mean()},        {"median", quantile(0.5)}, {"p95", quantile(0.95)},
          {"p99", quantile(0.99)}, {"max", largest()},        {"histogram", bars}};
}

CorpusStats::CorpusStats(const CorpusStatsOptions& options, SplitFunction split)
    : options_(options),
      split_(std::move(split)),
      scripts_(static_cast<std::size_t>(u_getIntPropertyMaxValue(UCHAR_SCRIPT)) + 1),
      words_seen_(options.most_hashes),
      texts_seen_(options.most_hashes) {}

void CorpusStats::count_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode_utf8(text, at);
    UErrorCode error = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &error);
    ++scripts_[static_cast<std::size_t>(U_FAILURE(error) ? USCRIPT_UNKNOWN : script)];
    ++characters_;
  }
}

void CorpusStats::note_long(std::string_view word) {
  const auto is_longer = [](std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  };
  if (longest_.size() == options_.top && !(options_.top > 0 && is_longer(word, longest_.back()))) return;
  const auto place = std::lower_bound(longest_.begin(), longest_.end(), word, is_longer);
  if (place != longest_.end() && *place == word) return;
  longest_.emplace(place, word);
  if (longest_.size() > options_.top) longest_.pop_back();
}

// At each 1, 1.25, 1.5, 1.75, 2 … times a power of two.
void CorpusStats::note_growth() {
  growth_.emplace_back(words_, words_seen_.distinct());
  const auto size = static_cast<std::uint64_t>(words_);
  next_point_ = words_ + static_cast<std::int64_t>(std::max<std::uint64_t>(1, std::bit_floor(size) / 4));
}

void CorpusStats::count_words(std::string_view text) {
  std::uint64_t start = 0;
  for (const std::uint64_t end : ends_) {
    word_bytes_.add(end - start);
    note_long(text.substr(start, end - start));
    start = end;
  }
  document_words_.add(ends_.size());
  const std::size_t first = window_.words.size() + 1;  // behind BOS
  window_.add(text, ends_, options_.max_bytes);
  for (std::size_t i = first; i < window_.words.size(); ++i) {
    const std::uint32_t id = window_.words[i];
    if (id >= window_counts_.size()) window_counts_.resize(id + 1);
    if (window_counts_[id]++ == 0) words_seen_.add(hash_text(as_text(window_.store.word(id))).low);
    if (++words_ == next_point_) note_growth();
  }
}

void CorpusStats::add(const SourceDocument& document) {
  ++documents_;
  bytes_ += static_cast<std::int64_t>(document.text.size());
  count_characters(document.text);
  split_(document.text, ends_);
  count_words(document.text);
  const auto words = static_cast<std::int64_t>(ends_.size());
  if (!document.language.empty()) {
    constexpr std::size_t most_languages = 10000;  // the field may hold anything
    const std::string_view tag = languages_.size() < most_languages || languages_.contains(document.language)
                                     ? document.language
                                     : std::string_view("(others)");
    auto language = languages_.find(tag);
    if (language == languages_.end()) language = languages_.emplace(tag, std::pair{0, 0}).first;
    ++language->second.first;
    language->second.second += words;
  }
  texts_seen_.add(hash_text(document.text).low);
  if (options_.near) {
    const Sketch sketch = sketch_text(document.text, ends_);
    ++near_asked_;
    if (near_.contains(sketch)) {
      ++near_duplicates_;
    } else if (static_cast<std::size_t>(near_kept_) < options_.most_sketches) {
      near_.add(sketch);
      ++near_kept_;
    }
  }
  const std::int64_t row = std::min(words + 1, options_.words);  // with BOS
  cut_documents_ += words + 1 > options_.words ? 1 : 0;
  batch_longest_ = std::max(batch_longest_, row);
  batch_filled_ += row;
  if (++in_batch_ == options_.batch) {
    single_slots_ += in_batch_ * batch_longest_;
    single_filled_ += batch_filled_;
    in_batch_ = batch_longest_ = batch_filled_ = 0;
  }
  if (window_.words.size() >= options_.window) close_window();
}

void CorpusStats::merge_words() {
  for (std::uint32_t id = 0; id < window_counts_.size(); ++id)
    if (window_counts_[id] > 0) counts_[std::string(as_text(window_.store.word(id)))] += window_counts_[id];
  // Which words are rare among so many: the median count, and all that are not above it.
  while (counts_.size() > options_.most_words) {
    std::vector<std::uint64_t> sizes;
    sizes.reserve(counts_.size());
    for (const auto& [word, count] : counts_) sizes.push_back(count);
    const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    const std::uint64_t rare = *middle;
    std::erase_if(counts_, [&](const auto& entry) { return entry.second <= rare; });
    dropped_ += rare;
  }
}

void CorpusStats::close_window() {
  if (window_.size() == 0) return;
  const PackedRows plan =
      options_.packing == "greedy" ? fill_rows(window_, options_.words) : pack_documents(window_, options_.words);
  rows_ += plan.size();
  filled_ += std::ssize(window_.words);
  merge_words();
  window_ = Corpus();
  window_counts_.clear();
}

ordered_json CorpusStats::padding() const {
  const std::int64_t slots = rows_ * options_.words;
  const std::int64_t single_slots = single_slots_ + in_batch_ * batch_longest_;
  const std::int64_t single_filled = single_filled_ + batch_filled_;
  return {{"batch", options_.batch},
          {"words", options_.words},
          {"packing", options_.packing},
          {"rows", rows_},
          {"empty_slots", slots - filled_},
          {"empty_share", share(slots - filled_, slots)},
          {"cut_documents", cut_documents_},
          {"a_document_a_row", {{"empty_share", share(single_slots - single_filled, single_slots)}}}};
}

ordered_json CorpusStats::words_json() const {
  ordered_json longest = ordered_json::array(), frequent = ordered_json::array(), growth = ordered_json::array();
  for (const std::string& word : longest_) longest.push_back({{"word", word}, {"bytes", word.size()}});
  std::vector<std::pair<std::string, std::uint64_t>> all(counts_.begin(), counts_.end());
  for (const auto& [word, count] : largest_first(std::move(all), options_.top))
    frequent.push_back({{"word", word}, {"count", count}});
  for (const auto& [words, distinct] : growth_) growth.push_back({{"words", words}, {"distinct", distinct}});
  return {{"distinct",
           {{"words", words_seen_.distinct()},
            {"is_exact", words_seen_.is_exact()},
            {"relative_error", words_seen_.error()}}},
          {"frequent", frequent},
          {"frequent_counts_miss_at_most", dropped_},
          {"longest", longest},
          {"growth", growth}};
}

ordered_json CorpusStats::finish() {
  close_window();
  if (growth_.empty() || growth_.back().first != words_) note_growth();
  std::vector<std::pair<std::string, std::int64_t>> found;
  for (std::size_t i = 0; i < scripts_.size(); ++i)
    if (scripts_[i] > 0) found.emplace_back(uscript_getName(static_cast<UScriptCode>(i)), scripts_[i]);
  ordered_json scripts = ordered_json::array(), languages = ordered_json::array();
  for (const auto& [name, count] : largest_first(found, found.size()))
    scripts.push_back({{"script", name}, {"characters", count}, {"share", share(count, characters_)}});
  std::int64_t tagged = 0;
  std::vector<std::pair<std::string, std::pair<std::int64_t, std::int64_t>>> tags(languages_.begin(), languages_.end());
  for (const auto& [name, counts] : largest_first(tags, tags.size())) {
    languages.push_back({{"language", name}, {"documents", counts.first}, {"words", counts.second}});
    tagged += counts.first;
  }
  ordered_json duplicates{{"exact", texts_seen_.repeated()},
                          {"is_exact", texts_seen_.is_exact()},
                          {"share", share(texts_seen_.repeated(), documents_)}};
  if (options_.near)
    duplicates["near"] = {{"documents", near_duplicates_}, {"looked_at", near_asked_}, {"compared_with", near_kept_}};
  return {{"documents", documents_},
          {"bytes", bytes_},
          {"characters", characters_},
          {"words", words_},
          {"word_bytes", word_bytes_.to_json()},
          {"document_words", document_words_.to_json()},
          {"vocabulary", words_json()},
          {"scripts", scripts},
          {"languages", languages},
          {"untagged_documents", documents_ - tagged},
          {"duplicates", duplicates},
          {"padding", padding()}};
}

}  // namespace welt
