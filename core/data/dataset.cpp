// See dataset.h.
#include "core/data/dataset.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/philox.h"
#include "core/data/batch_builder.h"
#include "core/data/evaluation_batches.h"
#include "core/data/mixture.h"
#include "core/data/packing.h"
#include "core/data/row_order.h"
#include "core/data/source.h"
#include "core/data/word_cache.h"
#include "core/data/word_cache_place.h"
#include "core/recipe/choices.h"
#include "core/text/bytes.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

// A coordinate that keeps this use of Philox apart from others.
constexpr std::uint64_t split_stream = 0x73706C6974;  // which documents are held out: the same for every seed

void check_choice(const SourceOptions& options, std::string_view key, const std::string& value,
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
  const auto check_positive = [](const std::string& name, std::string_view key, double value) {
    if (!(value > 0 && value <= 1e9))
      fail({.where = name, .found = fmt::format("{} = {}", key, value), .expected = "above 0 and at most 1e9"});
  };
  check_positive(options.name, "temperature", options.temperature);
  for (const DatasetSource& source : options.sources) {
    check_choice(source.text, "format", source.text.format, names_of(document_formats()));
    check_choice(source.text, "on_invalid", source.text.on_invalid, data_on_invalid());
    check_positive(source.text.name, "repeat", source.repeat);
    if (source.weight != 0) check_positive(source.text.name, "weight", source.weight);
  }
}

bool in_split(const DatasetOptions& options, std::int64_t document) {
  if (options.split == DataSplit::all) return true;
  const std::uint64_t bits = philox64(0, split_stream, static_cast<std::uint64_t>(document));
  const bool held_out = static_cast<double>(bits >> 11) * 0x1p-53 < options.validation_fraction;
  return held_out == (options.split == DataSplit::validation);
}

[[noreturn]] void fail_empty(const DatasetOptions& options, const std::string& name, std::int64_t read) {
  if (read == 0) {
    fail({name, "the files hold no text", "at least one document that is not empty"});
  }
  fail({.where = name,
        .found = fmt::format("none of the {} documents is in the {} part", read,
                             options.split == DataSplit::validation ? "validation" : "training"),
        .expected = "enough documents for a split",
        .mend =
            "Name validation files of their own, choose a format with more documents (lines, paragraphs), or change "
            "data.validation.fraction"});
}

void warn_of_blocks(const std::string& name, const BlockFaults& faults) {
  const auto warn = [&](std::int64_t count, std::string_view what) {
    if (count > 0) log_warning("data", "{}: {} {}", name, count, what);
  };
  warn(faults.nested, "times SO (0E) inside an open SO…SI block: the later one counts");
  warn(faults.unclosed, "times SO (0E) without SI (0F) in its document: no block");
  warn(faults.without_start, "times SI (0F) without SO (0E) in its document: no block");
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

namespace {

// A window with its rows.
struct PackedWindow {
  WordWindow window;
  PackedRows plan;
};

// A source that has been read.
struct Part {
  std::vector<std::shared_ptr<const Corpus>> windows;  // in memory, or:
  std::shared_ptr<const WordCache> cache;
  std::size_t size() const { return cache != nullptr ? cache->size() : windows.size(); }
  std::size_t current = 0;                     // number of:
  std::shared_ptr<const PackedWindow> packed;  // the window that was asked for last
};

PackedRows pack(const DatasetOptions& options, const CorpusView& text) {
  return options.packing == "greedy" ? fill_rows(text, options.words) : pack_documents(text, options.words);
}

// The words that an earlier run has kept; null: there are none that are whole.
std::shared_ptr<const WordCache> kept_words(const std::string& name, const WordCachePlace& place,
                                            std::int64_t max_bytes) {
  try {
    auto cache = WordCache::open(place.file, place.key);
    for (std::size_t i = 0; i < cache->size(); ++i) {
      const WordWindow window = cache->window(i);
      for (std::int64_t word = 0; max_bytes > 0 && word < window.text.distinct(); ++word)
        if (std::ssize(window.text.word(static_cast<std::uint32_t>(word))) > max_bytes)
          fail({place.file.string(), fmt::format("a word of more than {} bytes", max_bytes)}, ErrorCode::data_loss);
    }
    log_info("data", "{}: its words are those kept in {}", name, place.file.string());
    return cache;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) log_warning("data", "{}: {} It is made anew.", name, error.what());
    return nullptr;
  }
}

}  // namespace

struct Dataset::State {
  DatasetOptions options;
  DatasetStatistics statistics;
  std::vector<Part> parts;
  struct Place {
    std::size_t part, window;
    std::int64_t documents;
  };
  std::vector<Place> windows;          // of all parts, in order
  std::shared_ptr<WordDrawer> drawer;  // null: no images
  std::unique_ptr<const RowOrder> order;
  std::int64_t documents_read = 0;  // in this part of the text or not
  std::mutex mutex;                 // of Part::packed

  static WordWindow open(const Part& part, std::size_t window) {
    if (part.cache != nullptr) return part.cache->window(window);
    return {*part.windows[window], part.windows[window]};
  }

  // The last window of each part stays.
  std::shared_ptr<const PackedWindow> packed(std::size_t part_number, std::size_t window) {
    const std::lock_guard lock(mutex);
    Part& part = parts[part_number];
    if (part.packed != nullptr && part.current == window) return part.packed;
    part.packed.reset();  // before the next one needs room
    WordWindow opened = open(part, window);
    PackedRows plan = pack(options, opened.text);
    part.packed = std::make_shared<const PackedWindow>(PackedWindow{std::move(opened), std::move(plan)});
    part.current = window;
    return part.packed;
  }

  bool add(const SourceOptions& source, const SplitFunction& split, const std::string& label);
  WordFigures write(const SourceOptions& source, const SplitFunction& split, Part& part,
                    const WordCachePlace& place) const;
  WordFigures read(const SourceOptions& source, const SplitFunction& split, Part& part, WordCacheWriter* writer) const;
  void finish();
};

// Reads a source into windows, in memory or in a file.
WordFigures Dataset::State::read(const SourceOptions& source, const SplitFunction& split, Part& part,
                                 WordCacheWriter* writer) const {
  WordFigures figures;
  std::int64_t seen = 0;
  auto corpus = std::make_shared<Corpus>();
  const auto close_window = [&] {
    if (corpus->size() == 0) return;
    figures.add(*corpus);
    if (writer != nullptr) {
      writer->add(*corpus);
    } else {
      corpus->words.shrink_to_fit();
      part.windows.push_back(corpus);
    }
    corpus = std::make_shared<Corpus>();
  };
  std::vector<std::uint64_t> ends;
  figures.source = read_documents(source, [&](const SourceDocument& document) {
    const std::string_view text = document.text;
    if (!in_split(options, seen++)) return;
    split(text, ends);
    corpus->add(text, ends, options.max_bytes);
    if (options.window_words > 0 && std::ssize(corpus->words) >= options.window_words) close_window();
  });
  close_window();
  // Of a mixture's held-out share a small source may have nothing.
  const bool may_be_empty = seen > 0 && options.split == DataSplit::validation && !options.sources.empty();
  if (figures.documents == 0 && !may_be_empty) fail_empty(options, source.name, seen);
  return figures;
}

// Reads a source into the file, or into memory where the disk does not take what nobody asked to keep.
WordFigures Dataset::State::write(const SourceOptions& source, const SplitFunction& split, Part& part,
                                  const WordCachePlace& place) const {
  std::optional<WordCacheWriter> writer;
  try {
    writer.emplace(place.file, place.key);
    const WordFigures figures = read(source, split, part, &*writer);
    if (figures.documents == 0) return figures;
    // Else the file would have words of another text than its name says.
    const std::optional<WordCachePlace> after = find_word_cache(options, source);
    if (!after || after->key != place.key)
      fail({source.name, "a file was changed while it was read", "text that stays as it is", "Start again"},
           ErrorCode::failed_precondition);
    writer->commit(figures);
    part.cache = WordCache::open(place.file, place.key);
    log_info("data", "{}: its words are kept in {} (data.cache)", source.name, place.file.string());
    return figures;
  } catch (const Error& error) {
    if ((writer && !writer->failed()) || options.cache != "auto") throw;
    log_warning("data", "{}: words are not kept: {}", source.name, error.what());
  }
  writer.reset();  // and what it has written
  return read(source, split, part, nullptr);
}

// A source's windows and figures. False: it has no document in this part of the text.
bool Dataset::State::add(const SourceOptions& source, const SplitFunction& split, const std::string& label) {
  Part part;
  const std::optional<WordCachePlace> place = find_word_cache(options, source);
  if (place) part.cache = kept_words(source.name, *place, options.max_bytes);
  const bool was_kept = part.cache != nullptr;
  const WordFigures figures = was_kept ? part.cache->figures()
                              : place  ? write(source, split, part, *place)
                                       : read(source, split, part, nullptr);
  if (was_kept) warn_of_invalid(source, figures.source);
  documents_read += figures.source.documents;
  if (figures.documents == 0) {
    log_warning("data", "{}: none of its documents is held out", source.name);
    return false;
  }
  warn_of_blocks(source.name, figures.faults);
  DatasetStatistics& s = statistics;
  s.files += figures.source.files;
  s.skipped += figures.source.skipped;
  s.replaced += figures.source.replaced;
  s.distinct_words += figures.distinct;
  s.truncated_words += figures.truncated;
  s.prefix_blocks += figures.blocks;
  if (options.compat.blocks_cross_documents)
    s.prefix_blocks += std::min(figures.faults.unclosed, figures.faults.without_start);
  s.sources.push_back({.label = label, .documents = figures.documents, .words = figures.words, .bytes = figures.bytes});
  parts.push_back(std::move(part));
  return true;
}

// Counts the rows, and lays down their order.
void Dataset::State::finish() {
  DatasetStatistics& s = statistics;
  std::vector<RowsOfSource> rows(parts.size());
  std::int64_t slots = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t w = 0; w < parts[i].size(); ++w) {
      const std::shared_ptr<const PackedWindow> window = packed(i, w);
      windows.push_back({i, w, window->window.text.size()});
      rows[i].windows.push_back(static_cast<std::uint64_t>(window->plan.size()));
    }
    SourceStatistics& own = s.sources[i];
    own.rows = static_cast<std::int64_t>(rows[i].rows());
    s.documents += own.documents;
    s.words += own.words;
    s.bytes += own.bytes;
    s.rows += own.rows;
    slots += own.words + own.documents;
  }
  s.windows = std::ssize(windows);
  s.empty_slots = s.rows * options.words - slots;
  set_shares(options, s.sources);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    rows[i].per_epoch = static_cast<std::uint64_t>(s.sources[i].rows_per_epoch);
    s.rows_per_epoch += s.sources[i].rows_per_epoch;
  }
  order = std::make_unique<const RowOrder>(std::move(rows), options.seed, options.shuffle);
}

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
  if (options.sources.empty()) state->add(options, split, options.name);
  std::vector<DatasetSource> there;
  for (const DatasetSource& source : options.sources)
    if (state->add(source.text, split, source.label)) there.push_back(source);
  if (state->parts.empty()) fail_empty(options, options.name, state->documents_read);
  state->options.sources = std::move(there);
  state->finish();
  return std::shared_ptr<const Dataset>(new Dataset(std::move(state)));
}

std::string Dataset::document_text(std::int64_t document) const {
  if (document < 0 || document >= statistics().documents) {
    fail({options().name, fmt::format("document {}", document), fmt::format("0 to {}", statistics().documents - 1)},
         ErrorCode::out_of_range);
  }
  for (const auto& [part, window, documents] : state_->windows) {
    if (document >= documents) {
      document -= documents;
      continue;
    }
    const std::shared_ptr<const PackedWindow> packed = state_->packed(part, window);
    const CorpusView& corpus = packed->window.text;
    std::string text;
    for (std::uint64_t i = corpus.documents[document] + 1; i < corpus.documents[document + 1]; ++i)
      text += as_text(corpus.word(corpus.words[i]));
    return text;
  }
  return {};  // not reached: the windows have all documents
}

BatchLoader Dataset::train_loader(IteratorState state) const { return {shared_from_this(), state}; }

Batch Dataset::make_batch(IteratorState& state) const {
  const std::uint64_t rows = state_->order->rows();
  if (state.index > rows) {
    fail({options().name, fmt::format("the data position is row {} of an epoch of {} rows", state.index, rows),
          "a position of the same data", "Resume with the files and settings the run was started with"},
         ErrorCode::failed_precondition);
  }
  std::vector<BatchRow> chosen;
  std::vector<std::shared_ptr<const PackedWindow>> kept;
  while (chosen.size() < static_cast<std::size_t>(options().batch)) {
    if (state.index == rows) state = {state.epoch + 1, 0};
    const RowOrder::Place place = state_->order->at(state.epoch, state.index++);
    kept.push_back(state_->packed(place.source, place.window));
    chosen.push_back({&kept.back()->window.text, kept.back()->plan.row(static_cast<std::int64_t>(place.row))});
  }
  Batch batch = build_batch(chosen, options().words, options().compat, options().units);
  if (state_->drawer) draw_words(batch, *state_->drawer);
  return batch;
}

std::vector<Batch> Dataset::evaluation_batches(std::int64_t max_rows, std::int64_t context) const {
  const auto open = [&](std::size_t i) {
    const auto& [part, window, ignored] = state_->windows[i];
    return State::open(state_->parts[part], window);
  };
  return welt::evaluation_batches(state_->windows.size(), open, options(), state_->drawer.get(), max_rows, context);
}

}  // namespace welt
