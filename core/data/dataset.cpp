// See dataset.h.
#include "core/data/dataset.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/philox.h"
#include "core/data/batch_builder.h"
#include "core/data/evaluation_batches.h"
#include "core/data/packing.h"
#include "core/data/source.h"
#include "core/recipe/choices.h"
#include "core/text/bytes.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

// Coordinates that keep the uses of Philox apart.
constexpr std::uint64_t split_stream = 0x73706C6974;  // which documents are held out: the same for every seed
constexpr std::uint64_t shuffle_stream = 0x73687566666C65;

void check_choice(const DatasetOptions& options, std::string_view key, const std::string& value,
                  const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  const std::string near = nearest(value, known);
  fail({.where = options.name,
        .found = fmt::format("{} = \"{}\"", key, value),
        .expected = fmt::format("one of {}", fmt::join(known, ", ")),
        .mend = near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
}

void check_range(const DatasetOptions& options, std::string_view key, std::int64_t value, std::int64_t low) {
  constexpr std::int64_t high = std::int64_t{1} << 30;
  if (value >= low && value <= high) return;
  fail({.where = options.name,
        .found = fmt::format("{} = {}", key, value),
        .expected = fmt::format("a whole number from {} to {}", low, high)});
}

void check(const DatasetOptions& options) {
  check_choice(options, "format", options.format, names_of(document_formats()));
  check_choice(options, "on_invalid", options.on_invalid, data_on_invalid());
  check_choice(options, "packing", options.packing, data_packings());
  check_range(options, "batch", options.batch, 1);
  check_range(options, "words", options.words, 2);
  check_range(options, "max_bytes", options.max_bytes, 0);
  check_range(options, "prefetch", options.prefetch, 1);
  if (!(options.validation_fraction >= 0 && options.validation_fraction < 1)) {
    fail({.where = options.name,
          .found = fmt::format("validation_fraction = {}", options.validation_fraction),
          .expected = "at least 0 and below 1"});
  }
}

bool in_split(const DatasetOptions& options, std::int64_t document) {
  if (options.split == DataSplit::all) return true;
  const std::uint64_t bits = philox64(0, split_stream, static_cast<std::uint64_t>(document));
  const bool held_out = static_cast<double>(bits >> 11) * 0x1p-53 < options.validation_fraction;
  return held_out == (options.split == DataSplit::validation);
}

[[noreturn]] void fail_empty(const DatasetOptions& options, std::int64_t read) {
  if (read == 0) {
    fail({options.name, "the files hold no text", "at least one document that is not empty"});
  }
  fail({.where = options.name,
        .found = fmt::format("none of the {} documents is in the {} part", read,
                             options.split == DataSplit::validation ? "validation" : "training"),
        .expected = "enough documents for a split",
        .mend =
            "Name validation files of their own, choose a format with more documents (lines, paragraphs), or change "
            "data.validation.fraction"});
}

void warn_of_blocks(const DatasetOptions& options, const BlockFaults& faults) {
  const auto warn = [&](std::int64_t count, std::string_view what) {
    if (count > 0) log_warning("data", "{}: {} {}", options.name, count, what);
  };
  warn(faults.nested, "times SO (0E) inside an open SO…SI block: the later one counts");
  warn(faults.unclosed, "times SO (0E) without SI (0F) in its document: no block");
  warn(faults.without_start, "times SI (0F) without SO (0E) in its document: no block");
}

// Row numbers in the order of one epoch.
std::vector<std::uint32_t> epoch_order(const DatasetOptions& options, std::int64_t rows, std::uint64_t epoch) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0u);
  if (!options.shuffle) return order;
  const std::uint64_t key = philox64(options.seed, shuffle_stream, epoch);
  for (std::uint64_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[philox_below(philox64(key, 0, i), i)]);
  return order;
}

}  // namespace

std::vector<std::string> data_on_invalid() { return {"error", "replace", "skip"}; }
std::vector<std::string> data_packings() { return {"best_fit", "greedy"}; }

nlohmann::json IteratorState::to_json() const { return {{"epoch", epoch}, {"index", index}}; }

IteratorState IteratorState::from_json(const nlohmann::json& json) {
  const auto number = [&](const char* key) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_number_unsigned()) {
      fail({"data position", fmt::format("\"{}\" is missing or no whole number in {}", key, json.dump()),
            "{\"epoch\": …, \"index\": …}", "The checkpoint is damaged: resume from another one"},
           ErrorCode::data_loss);
    }
    return json[key].get<std::uint64_t>();
  };
  return {number("epoch"), number("index")};
}

struct Dataset::State {
  DatasetOptions options;
  DatasetStatistics statistics;
  Corpus corpus;
  PackedRows plan;
  std::shared_ptr<WordDrawer> drawer;  // null: no images

  // The order that is in use; a loader walks through one after the other.
  std::mutex mutex;
  std::uint64_t ordered_epoch = 0;
  std::shared_ptr<const std::vector<std::uint32_t>> order;

  std::shared_ptr<const std::vector<std::uint32_t>> order_of(std::uint64_t epoch) {
    const std::lock_guard lock(mutex);
    if (order == nullptr || ordered_epoch != epoch) {
      order = std::make_shared<const std::vector<std::uint32_t>>(epoch_order(options, plan.size(), epoch));
      ordered_epoch = epoch;
    }
    return order;
  }
};

Dataset::Dataset(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataset::~Dataset() = default;
const DatasetOptions& Dataset::options() const { return state_->options; }
const DatasetStatistics& Dataset::statistics() const { return state_->statistics; }

std::shared_ptr<const Dataset> Dataset::open(const DatasetOptions& options, const Component& segmenter,
                                             std::shared_ptr<WordDrawer> drawer) {
  check(options);
  const Segmenter cutter(segmenter, options.max_bytes);
  return open(
      options, [&](std::string_view text, std::vector<std::uint64_t>& ends) { cutter.split(text, ends); },
      std::move(drawer));
}

std::shared_ptr<const Dataset> Dataset::open(const DatasetOptions& options, const SplitFunction& split,
                                             std::shared_ptr<WordDrawer> drawer) {
  check(options);
  auto state = std::make_unique<State>();
  state->options = options;
  state->drawer = std::move(drawer);
  Corpus& corpus = state->corpus;
  std::int64_t read = 0;
  std::vector<std::uint64_t> ends;
  const SourceCounts counts = read_documents(options, [&](const SourceDocument& document) {
    const std::string_view text = document.text;
    if (!in_split(options, read++)) return;
    split(text, ends);
    corpus.add(text, ends, options.max_bytes);
  });
  if (corpus.size() == 0) fail_empty(options, read);
  warn_of_blocks(options, corpus.faults);
  corpus.words.shrink_to_fit();
  state->plan = options.packing == "greedy" ? fill_rows(corpus, options.words) : pack_documents(corpus, options.words);

  DatasetStatistics& s = state->statistics;
  s.files = counts.files;
  s.documents = corpus.size();
  s.words = static_cast<std::int64_t>(corpus.words.size()) - corpus.size();
  s.distinct_words = corpus.store.size() - 2;  // without the empty word and NUL
  s.bytes = corpus.bytes;
  s.rows = state->plan.size();
  s.empty_slots = s.rows * options.words - static_cast<std::int64_t>(corpus.words.size());
  s.skipped = counts.skipped;
  s.replaced = counts.replaced;
  s.truncated_words = corpus.truncated_words;
  s.prefix_blocks = std::ssize(corpus.blocks);
  if (options.compat.blocks_cross_documents)
    s.prefix_blocks += std::min(corpus.faults.unclosed, corpus.faults.without_start);
  return std::shared_ptr<const Dataset>(new Dataset(std::move(state)));
}

std::string Dataset::document_text(std::int64_t document) const {
  const Corpus& corpus = state_->corpus;
  if (document < 0 || document >= corpus.size()) {
    fail({options().name, fmt::format("document {}", document), fmt::format("0 to {}", corpus.size() - 1)},
         ErrorCode::out_of_range);
  }
  std::string text;
  for (std::uint64_t i = corpus.documents[document] + 1; i < corpus.documents[document + 1]; ++i)
    text += as_text(corpus.store.word(corpus.words[i]));
  return text;
}

BatchLoader Dataset::train_loader(IteratorState state) const { return {shared_from_this(), state}; }

Batch Dataset::make_batch(IteratorState& state) const {
  const auto rows = static_cast<std::uint64_t>(state_->plan.size());
  if (state.index > rows) {
    fail({options().name, fmt::format("the data position is row {} of an epoch of {} rows", state.index, rows),
          "a position of the same data", "Resume with the files and settings the run was started with"},
         ErrorCode::failed_precondition);
  }
  std::vector<std::span<const Piece>> chosen;
  while (chosen.size() < static_cast<std::size_t>(options().batch)) {
    if (state.index == rows) state = {state.epoch + 1, 0};
    const auto order = state_->order_of(state.epoch);
    const std::uint64_t end = std::min(rows, state.index + static_cast<std::uint64_t>(options().batch) - chosen.size());
    for (; state.index < end; ++state.index) chosen.push_back(state_->plan.row((*order)[state.index]));
  }
  return batch_of(chosen);
}

Batch Dataset::batch_of(const std::vector<std::span<const Piece>>& rows) const {
  Batch batch = build_batch(state_->corpus, rows, options().words, options().compat, options().units);
  if (state_->drawer) draw_words(batch, *state_->drawer);
  return batch;
}

std::vector<Batch> Dataset::evaluation_batches(std::int64_t max_rows, std::int64_t context) const {
  return welt::evaluation_batches(state_->corpus, options(), state_->drawer.get(), max_rows, context);
}

}  // namespace welt
