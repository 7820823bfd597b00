// The rows of `welt bench text` behind segmentation, each beside a figure of the Python packages: tokenizers on the
// words of a row, rows and batches in their own layout and as training has them, metrics.
#include <algorithm>
#include <utility>
#include <vector>

#include "apps/welt/bench_text.h"
#include "apps/welt/component_config.h"
#include "core/data/batch_builder.h"
#include "core/data/dense_view.h"
#include "core/metrics/text_scores.h"
#include "core/plugin/registry.h"
#include "core/text/bytes.h"
#include "core/text/segmenter.h"
#include "core/text/tokenizer.h"

namespace welt {
namespace {

using nlohmann::json;

// As in the Python benchmark: documents are lines, of which it takes so many.
constexpr std::int64_t row_words = 128, batch_rows = 8,
                       max_bytes = 30;  // the reference's words have 32 with BOS and EOS
constexpr std::size_t most_lines = 3000;

// The words of lines, each line a document: what training makes of them.
class LineReader {
 public:
  explicit LineReader(const TextBenchOptions& options)
      : type_(Registry::instance().find(WELT_SEGMENTER_INTERFACE, options.segmenter)),
        component_(type_, ConfigView(type_, component_settings(options.settings), true, "bench text"), WELT_INIT_NONE),
        segmenter_(component_, max_bytes) {}

  void read(std::string_view line, Corpus& corpus) {
    segmenter_.split(line, ends_);
    corpus.add(line, ends_, max_bytes);
  }

 private:
  const ComponentType& type_;
  Component component_;
  Segmenter segmenter_;
  std::vector<std::uint64_t> ends_;
};

// A sample in rows of row_words words, and how large each is.
struct PackedSample {
  Corpus corpus;
  PackedRows plan;

  PackedSample(const TextSample& sample, const TextBenchOptions& options) {
    LineReader reader(options);
    for (std::size_t i = 0; i < std::min(most_lines, sample.lines.size()); ++i) reader.read(sample.lines[i], corpus);
    plan = pack_documents(corpus, row_words);
  }

  std::vector<std::string_view> words_of(std::int64_t row) const {
    std::vector<std::string_view> words;
    for (const Piece& piece : plan.row(row))
      for (std::uint64_t i = piece.begin; i < piece.end; ++i)
        words.push_back(as_text(corpus.store.word(corpus.words[i])));
    return words;
  }

  // The rows of batch `index`, of `rows` each; the last may have fewer.
  std::vector<std::span<const Piece>> batch(std::size_t index, std::int64_t rows) const {
    std::vector<std::span<const Piece>> out;
    const std::int64_t first = static_cast<std::int64_t>(index) * rows;
    for (std::int64_t row = first; row < std::min(first + rows, plan.size()); ++row) out.push_back(plan.row(row));
    return out;
  }
  std::size_t batches(std::int64_t rows) const { return static_cast<std::size_t>((plan.size() + rows - 1) / rows); }
};

template <typename Unit>
json measure_tokenizer(const TextSample& sample, const TextBenchOptions& options) {
  const PackedSample packed(sample, options);
  std::vector<std::pair<std::vector<std::string_view>, std::int64_t>> rows;  // words, and their bytes
  for (std::int64_t i = 0; i < packed.plan.size(); ++i) {
    rows.emplace_back(packed.words_of(i), 0);
    for (const std::string_view word : rows.back().first) rows.back().second += std::ssize(word);
  }
  TokenRows<Unit> ids;
  return measure_items(rows.size(), options, [&](std::size_t i) -> BenchWork {
    tokenize<Unit>(rows[i].first, {.padding = true}, ids);
    return {std::ssize(rows[i].first), rows[i].second};
  });
}

// Batches of `rows` rows with their labels, positions, documents and prefix blocks; `view` does more with them.
template <typename View>
json measure_batches(const TextSample& sample, const TextBenchOptions& options, std::int64_t rows, const View& view) {
  const PackedSample packed(sample, options);
  return measure_items(packed.batches(rows), options, [&](std::size_t i) -> BenchWork {
    const Batch batch = build_batch(packed.corpus, packed.batch(i, rows), row_words);
    view(batch);
    return {batch.real_words, batch.real_bytes};
  });
}

void as_columns(const Batch& batch) {
  std::vector<DenseExample> examples;
  for (std::int64_t row = 0; row < batch.rows; ++row) examples.push_back(dense_example(batch, row));
  collate(examples);
}

}  // namespace

json measure_utf8(const TextSample& sample, const TextBenchOptions& options) {
  return measure_tokenizer<std::uint8_t>(sample, options);
}
json measure_utf16(const TextSample& sample, const TextBenchOptions& options) {
  return measure_tokenizer<std::uint16_t>(sample, options);
}
json measure_utf32(const TextSample& sample, const TextBenchOptions& options) {
  return measure_tokenizer<std::uint32_t>(sample, options);
}

json measure_row_columns(const TextSample& sample, const TextBenchOptions& options) {
  return measure_batches(sample, options, 1, as_columns);
}
json measure_batch_columns(const TextSample& sample, const TextBenchOptions& options) {
  return measure_batches(sample, options, batch_rows, as_columns);
}
json measure_training_batches(const TextSample& sample, const TextBenchOptions& options) {
  return measure_batches(sample, options, batch_rows, [](const Batch&) {});
}

json measure_text_to_batches(const TextSample& sample, const TextBenchOptions& options) {
  constexpr std::size_t lines_at_once = 256;
  LineReader reader(options);
  const std::size_t count = (sample.lines.size() + lines_at_once - 1) / lines_at_once;
  return measure_items(count, options, [&](std::size_t i) -> BenchWork {
    Corpus corpus;
    std::int64_t bytes = 0;
    for (std::size_t at = i * lines_at_once; at < std::min((i + 1) * lines_at_once, sample.lines.size()); ++at) {
      reader.read(sample.lines[at], corpus);
      bytes += std::ssize(sample.lines[at]);
    }
    const PackedRows plan = pack_documents(corpus, row_words);
    std::vector<std::span<const Piece>> rows;
    for (std::int64_t row = 0; row < plan.size(); ++row) {
      rows.push_back(plan.row(row));
      if (std::ssize(rows) < batch_rows && row + 1 < plan.size()) continue;
      build_batch(corpus, rows, row_words);
      rows.clear();
    }
    return {std::ssize(corpus.words), bytes};
  });
}

json measure_metrics(const TextSample& sample, const TextBenchOptions& options) {
  TextScorer scorer;
  TextSums sums;
  const std::size_t count = std::min(most_lines, sample.lines.size());
  return measure_items(count, options, [&](std::size_t i) -> BenchWork {
    const std::string_view hypothesis = sample.lines[i], reference = sample.lines[(i + 1) % count];
    sums += scorer.count(hypothesis, reference);
    return {1, std::ssize(hypothesis) + std::ssize(reference)};
  });
}

}  // namespace welt
