// See bench_text.h.
#include "apps/welt/bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "apps/welt/component_config.h"
#include "apps/welt/machine.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/spread.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"
#include "core/plugin/registry.h"
#include "core/recipe/find.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

using nlohmann::json;

json measure_segmentation(const TextSample& sample, const TextBenchOptions& options) {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, options.segmenter);
  const ConfigView config(type, component_settings(options.settings), true, "bench text");
  const Component component(type, config, WELT_INIT_NONE);
  const Segmenter segmenter(component);
  std::vector<std::uint64_t> ends;
  json row = measure_items(sample.lines.size(), options, [&](std::size_t i) -> BenchWork {
    segmenter.split(sample.lines[i], ends);
    return {std::ssize(ends), std::ssize(sample.lines[i])};
  });
  row["segmenter"] = options.segmenter;
  row["fingerprint"] = segmenter.fingerprint();
  return row;
}

// The measurements, in the order of the output.
constexpr TextBenchRow rows[] = {{"segmentation", measure_segmentation},
                                 {"tokenizer_utf8", measure_utf8},
                                 {"tokenizer_utf16", measure_utf16},
                                 {"tokenizer_utf32", measure_utf32},
                                 {"row_columns", measure_row_columns},
                                 {"batch_columns", measure_batch_columns},
                                 {"training_batches", measure_training_batches},
                                 {"text_to_batches", measure_text_to_batches},
                                 {"metrics", measure_metrics}};

TextSample read_sample(std::string name, const std::filesystem::path& file) {
  TextSample sample{std::move(name), file.string(), std::string(LineReader(file).rest()), {}};
  if (const std::size_t fault = find_invalid_utf8(sample.text); fault != utf8_ok)
    fail({.where = sample.file, .found = fmt::format("byte {} is not UTF-8", fault), .expected = "text in UTF-8"},
         ErrorCode::data_loss);
  const std::string_view text = sample.text;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) sample.lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (sample.lines.empty()) fail({.where = sample.file, .found = "no text", .expected = "lines of text"});
  return sample;
}

}  // namespace

std::vector<TextSample> text_samples(const std::vector<std::string>& texts) {
  std::vector<TextSample> samples;
  for (const std::string& text : texts) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0)
      fail({.where = fmt::format("--text {}", text), .found = "no name", .expected = "NAME=FILE"});
    samples.push_back(read_sample(text.substr(0, sign), text.substr(sign + 1)));
  }
  if (samples.empty()) {
    samples.push_back(read_sample("english", shared_folder() / "data" / "quickstart" / "train.txt"));
    samples.push_back(read_sample("mixture", shared_folder() / "data" / "bench" / "mixture.txt"));
  }
  return samples;
}

namespace {

void run(const TextBenchOptions& options) {
  json result{{"bench", "text"}, {"threads", 1}, {"cpu", inspect_machine().cpu}, {"texts", json::object()}};
  for (const TextSample& sample : text_samples(options.texts)) {
    json& text = result["texts"][sample.name];
    text = {{"file", sample.file}, {"bytes", sample.text.size()}, {"lines", sample.lines.size()}};
    for (const TextBenchRow& row : rows) text[row.name] = row.measure(sample, options);
  }
  if (options.json) return fmt::print("{}\n", json_text(result));
  for (const auto& [name, text] : result["texts"].items()) {
    fmt::print("{}: {} lines, {:.2f} MB ({})\n", name, text["lines"].get<std::int64_t>(),
               text["bytes"].get<double>() / 1e6, text["file"].get<std::string>());
    for (const TextBenchRow& row : rows) {
      const json& speed = text[row.name];
      fmt::print("  {:<17} {:>9.1f} MB/s ({:.1f} to {:.1f}) {:>9.2f} M units/s\n", row.name,
                 speed["bytes_per_second"]["median"].get<double>() / 1e6,
                 speed["bytes_per_second"]["min"].get<double>() / 1e6,
                 speed["bytes_per_second"]["max"].get<double>() / 1e6,
                 speed["units_per_second"]["median"].get<double>() / 1e6);
    }
  }
}

}  // namespace

json measure_items(std::size_t count, const TextBenchOptions& options,
                   const std::function<BenchWork(std::size_t item)>& work) {
  using Clock = std::chrono::steady_clock;
  for (std::size_t item = 0; item < count; ++item) work(item);  // dictionaries, buffers and caches are warm
  std::vector<double> units, bytes;
  std::size_t next = 0;
  for (std::int64_t repeat = 0; repeat < options.repeats; ++repeat) {
    BenchWork done{0, 0};
    double seconds = 0;
    for (const auto begin = Clock::now(); seconds < options.seconds;) {
      for (int i = 0; i < 8; ++i) {
        const BenchWork one = work(next);
        done = {done.units + one.units, done.bytes + one.bytes};
        next = next + 1 == count ? 0 : next + 1;
      }
      seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    units.push_back(static_cast<double>(done.units) / seconds);
    bytes.push_back(static_cast<double>(done.bytes) / seconds);
  }
  return {{"units_per_second", spread(units)}, {"bytes_per_second", spread(bytes)}};
}

void add_text_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("text", "Time the text front-end on one thread, line by line");
  auto options = std::make_shared<TextBenchOptions>();
  repeatable(verb->add_option("--text", options->texts,
                              "A text in UTF-8; default: the quick start's, and a mixture of 57 languages")
                 ->type_name("NAME=FILE")
                 ->group("Measurement"));
  verb->add_option("--segmenter", options->segmenter, "Segmenter, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Measurement");
  add_component_settings(*verb, options->settings, "A key of the segmenter: --set thai=icu")->group("Measurement");
  verb->add_option("--repeats", options->repeats, "Measurements of each row")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->group("Measurement");
  verb->add_option("--seconds", options->seconds, "Time of a measurement")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0))
      ->type_name("S")
      ->group("Measurement");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer("Examples:\n  welt bench text\n  welt bench text --text kjv=kjv.txt --text multi=multi.txt --json");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
