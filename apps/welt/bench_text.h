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

// Runs `work` on one sample line after the other, over and over, `repeats` times for `seconds`. It returns how many
// units of the row (words, ids, images) it made of a line. Gives {units_per_second, bytes_per_second}, each with
// median, min and max; bytes are those of the lines.
nlohmann::json measure_lines(const TextSample& sample, const TextBenchOptions& options,
                             const std::function<std::int64_t(std::string_view line)>& work);

// Those of "NAME=FILE" each; none: those that come with the program. Throws Error for what is no text in UTF-8.
std::vector<TextSample> text_samples(const std::vector<std::string>& texts);

// A row: its name, and what it says of a sample.
struct TextBenchRow {
  const char* name;
  nlohmann::json (*measure)(const TextSample& sample, const TextBenchOptions& options);
};

void add_text_bench(CLI::App& group);

}  // namespace welt
