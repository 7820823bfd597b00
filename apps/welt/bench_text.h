// `welt bench text`: what the text front-end does in a second on one thread. A row of its table is one measurement.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct TextSample {
  std::string name, file, text;
  std::vector<std::string_view> lines;  // views of `text`, without line ends, none empty
};

struct TextBenchOptions {
  std::vector<std::string> texts;  // NAME=FILE; none: what comes with the program
  std::string segmenter = "words";
  std::vector<std::string> settings;
  std::int64_t repeats = 5;
  double seconds = 1;
  bool json = false;
};

// What was done: units of the row (words, pairs of lines), and the bytes of text they were made of.
struct BenchWork {
  std::int64_t units, bytes;
};

// Runs `work` on item 0 … count − 1, over and over, `repeats` times for `seconds`. Gives {units_per_second,
// bytes_per_second}, each with median, min and max.
nlohmann::json measure_items(std::size_t count, const TextBenchOptions& options,
                             const std::function<BenchWork(std::size_t item)>& work);

// Those of "NAME=FILE" each; none: those that come with the program. Throws Error for what is no text in UTF-8.
std::vector<TextSample> text_samples(const std::vector<std::string>& texts);

// A row: its name, and what it says of a sample.
struct TextBenchRow {
  const char* name;
  nlohmann::json (*measure)(const TextSample& sample, const TextBenchOptions& options);
};

// Rows of bench_text_rows.cpp. Words are units, of metrics pairs of lines.
nlohmann::json measure_utf8(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_utf16(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_utf32(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_row_columns(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_batch_columns(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_training_batches(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_text_to_batches(const TextSample& sample, const TextBenchOptions& options);
nlohmann::json measure_metrics(const TextSample& sample, const TextBenchOptions& options);

void add_text_bench(CLI::App& group);

}  // namespace welt
