// See bench_data.h. What is timed is the first stage of training's data: files to documents, on the one thread that
// reads.
#include "apps/welt/bench_data.h"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/source_files.h"
#include "apps/welt/spread.h"
#include "core/base/json.h"
#include "core/base/resources.h"
#include "core/base/stopwatch.h"
#include "core/data/source.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> sources;
  std::string format = "auto", field = "text";
  std::int64_t repeats = 3;
  bool json = false;
};

json measure(const Options& options) {
  const SourceOptions source{
      .files = source_files(options.sources), .name = "bench data", .format = options.format, .field = options.field};
  std::int64_t bytes = 0;
  SourceCounts counts;
  std::vector<double> seconds;
  for (std::int64_t repeat = 0; repeat < options.repeats; ++repeat) {
    bytes = 0;
    const Clock::time_point begin = Clock::now();
    counts = read_documents(source, [&](const SourceDocument& document) { bytes += std::ssize(document.text); });
    seconds.push_back(seconds_since(begin));
  }
  return {{"files", counts.files},
          {"documents", counts.documents},
          {"bytes", bytes},
          {"seconds", spread(seconds)},
          {"peak_memory_bytes", peak_memory()}};
}

void bench(const Options& options) {
  const json found = measure(options);
  if (options.json) return fmt::print("{}\n", json_text(found));
  const double seconds = found["seconds"]["median"].get<double>(), bytes = found["bytes"].get<double>();
  fmt::print(
      "{} files, {} documents, {:.1f} MB of text: {:.3f} s ({:.3f} to {:.3f}), {:.0f} MB/s, peak memory {:.0f} MB\n",
      found["files"].get<std::int64_t>(), found["documents"].get<std::int64_t>(), bytes / 1e6, seconds,
      found["seconds"]["min"].get<double>(), found["seconds"]["max"].get<double>(), bytes / 1e6 / seconds,
      found["peak_memory_bytes"].get<double>() / 1e6);
}

}  // namespace

void add_data_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("data", "Time the reading of training text: unpacking, JSON, UTF-8; no words");
  auto options = std::make_shared<Options>();
  verb->add_option("sources", options->sources, "Files, patterns, folders, or prepared folders")
      ->required()
      ->type_name("SOURCE");
  std::vector<std::string> formats;
  for (const DocumentFormat& format : document_formats()) formats.emplace_back(format.name);
  verb->add_option("--format", options->format, "What a document is")
      ->check(CLI::IsMember(formats))
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Text");
  verb->add_option("--field", options->field, "As data.field")->capture_default_str()->type_name("NAME")->group("Text");
  verb->add_option("--repeats", options->repeats, "Readings, of which the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->group("Measurement");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer("Examples:\n  welt bench data prepared\n  welt bench data 'shards/*.jsonl.gz' --repeats 5 --json");
  verb->callback([options] { bench(*options); });
}

}  // namespace welt
