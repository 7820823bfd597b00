// See bench_render.h.
#include "apps/welt/bench_render.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/welt/bench_text.h"
#include "apps/welt/component_config.h"
#include "apps/welt/machine.h"
#include "apps/welt/renderers.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/spread.h"
#include "core/base/json.h"
#include "core/base/stopwatch.h"
#include "core/data/batch_builder.h"
#include "core/data/packing.h"
#include "core/model/pixels.h"
#include "core/model/step_plan.h"
#include "core/text/bytes.h"
#include "core/text/image_cache.h"
#include "core/text/segmenter.h"
#include "core/text/word_drawer.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> texts, settings;
  std::string renderer = "freetype";
  std::int64_t rows = 16, words = 128, max_bytes = 30, repeats = 5;
  bool as_json = false;
};

constexpr std::size_t cache_bytes = std::size_t{1} << 30;  // all images of the texts: what is measured is not its size
constexpr std::int64_t decoder_chunk_tokens = 4096;

// The words of a text as training has them: a line is a document.
Corpus corpus_of(const TextSample& sample, std::int64_t max_bytes) {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, "words");
  const Component component(type, ConfigView(type, json::object(), true, "bench render"), WELT_INIT_NONE);
  const Segmenter segmenter(component, max_bytes);
  Corpus corpus;
  std::vector<std::uint64_t> ends;
  for (const std::string_view line : sample.lines) {
    segmenter.split(line, ends);
    corpus.add(line, ends, max_bytes);
  }
  return corpus;
}

// One text with everything that is timed about it. Each measurement is one pass over all words, or all distinct ones.
class Measured {
 public:
  Measured(const TextSample& sample, const Options& options)
      : options_(options),
        corpus_(corpus_of(sample, options.max_bytes)),
        plan_(pack_documents(corpus_, options.words)),
        type_(Registry::instance().find(WELT_RENDERER_INTERFACE, options.renderer)),
        config_(component_settings(options.settings)) {}

  // Words a second of every row, each a list with a value a repeat.
  json rows() {
    std::map<std::string, std::vector<double>> found;
    for (std::int64_t repeat = 0; repeat < options_.repeats; ++repeat) {
      const OpenRenderer fresh(type_, config_);  // no glyph has been drawn yet
      found["distinct"].push_back(draw_distinct(fresh.renderer));
      found["distinct_again"].push_back(draw_distinct(fresh.renderer));
      ImageCache cache(fresh.renderer, cache_bytes);
      found["first_pass"].push_back(draw_all(cache));
      found["cached"].push_back(draw_all(cache));
      statistics_ = cache.statistics();
      WordDrawer drawer(type_, config_, "bench render", cache_bytes);
      found["batches_first_pass"].push_back(make_batches(drawer));
      found["batches"].push_back(make_batches(drawer));
    }
    json out = json::object();
    for (auto& [name, values] : found) out[name] = spread(values);
    return out;
  }

  // {words, distinct_words, images, bytes} and the bytes of grey that become float a second.
  json facts() {
    std::vector<double> grey_bytes;
    for (std::int64_t repeat = 0; repeat < options_.repeats; ++repeat) grey_bytes.push_back(normalise_distinct());
    return {{"words", words()},
            {"distinct_words", distinct()},
            {"cache", {{"images", statistics_.images}, {"bytes", statistics_.bytes}}},
            {"grey_to_float_bytes_per_second", spread(grey_bytes)}};
  }

 private:
  std::int64_t words() const { return std::ssize(corpus_.words); }
  static constexpr std::uint32_t first_word = Corpus::nul_word + 1;
  std::int64_t distinct() const { return corpus_.store.size() - first_word; }

  double draw_distinct(const Renderer& renderer) const {
    const Clock::time_point begin = Clock::now();
    for (auto id = first_word; id < corpus_.store.size(); ++id) renderer.render(as_text(corpus_.store.word(id)));
    return static_cast<double>(distinct()) / seconds_since(begin);
  }

  double draw_all(ImageCache& cache) const {
    const Clock::time_point begin = Clock::now();
    for (const std::uint32_t id : corpus_.words) cache.get(as_text(corpus_.store.word(id)));
    return static_cast<double>(words()) / seconds_since(begin);
  }

  // As training: batch, images, step plan, normalised pixels of three channels. Only real words count.
  double make_batches(WordDrawer& drawer) const {
    const Clock::time_point begin = Clock::now();
    std::int64_t made = 0;
    for (std::int64_t first = 0; first < plan_.size(); first += options_.rows) {
      std::vector<std::span<const Piece>> rows;
      for (std::int64_t row = first; row < std::min(first + options_.rows, plan_.size()); ++row)
        rows.push_back(plan_.row(row));
      Batch batch = build_batch(corpus_, rows, options_.words);
      draw_words(batch, drawer);
      const StepPlan step = plan_step(batch, decoder_chunk_tokens);
      for (const ImageGroup& group : step.words.images) normalise_images(group, vit, 3, at::kFloat);
      made += batch.real_words;
    }
    return static_cast<double>(made) / seconds_since(begin);
  }

  // The images of all distinct words, by size, in groups as a batch has them.
  double normalise_distinct() const {
    constexpr std::size_t group_size = 128;
    const OpenRenderer opened(type_, config_);
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<ImageGroup>> groups;
    std::size_t bytes = 0;
    for (auto id = first_word; id < corpus_.store.size(); ++id) {
      const GreyImage image = opened.renderer.render(as_text(corpus_.store.word(id)));
      auto& of_size = groups[{image.height, image.width}];
      if (of_size.empty() || of_size.back().rows.size() == group_size)
        of_size.push_back({image.height, image.width, {}, {}});
      of_size.back().rows.push_back(id);
      of_size.back().grey.insert(of_size.back().grey.end(), image.pixels.begin(), image.pixels.end());
      bytes += image.pixels.size();
    }
    const Clock::time_point begin = Clock::now();
    for (const auto& [size, of_size] : groups) {
      for (const ImageGroup& group : of_size) normalise_images(group, vit, 3, at::kFloat);
    }
    return static_cast<double>(bytes) / seconds_since(begin);
  }

  static inline const PixelNormalisation vit{.mean = {0.5}, .deviation = {0.5}};

  const Options& options_;
  Corpus corpus_;
  PackedRows plan_;
  const ComponentType& type_;
  json config_;
  ImageCache::Statistics statistics_{};
};

struct RowText {
  const char *name, *what;
};
constexpr RowText row_texts[] = {{"distinct", "each distinct word once, no glyph known"},
                                 {"distinct_again", "each once more, glyphs known"},
                                 {"first_pass", "all words, image cache empty"},
                                 {"cached", "all words again"},
                                 {"batches_first_pass", "batches with normalised images, cache empty"},
                                 {"batches", "batches again"}};

void print_table(const json& result) {
  for (const auto& [name, text] : result["texts"].items()) {
    fmt::print("{}: {} words, {} distinct ({})\n", name, text["words"].get<std::int64_t>(),
               text["distinct_words"].get<std::int64_t>(), text["file"].get<std::string>());
    for (const RowText& row : row_texts) {
      const json& speed = text["words_per_second"][row.name];
      fmt::print("  {:<44} {:>11.0f} words/s ({:.0f} to {:.0f})\n", row.what, speed["median"].get<double>(),
                 speed["min"].get<double>(), speed["max"].get<double>());
    }
    fmt::print("  {:<44} {:>11.0f} MB/s of grey\n", "grey to three planes of float",
               text["grey_to_float_bytes_per_second"]["median"].get<double>() / 1e6);
    fmt::print("  {:<44} {:>11.1f} MB, {} images\n", "image cache, full", text["cache"]["bytes"].get<double>() / 1e6,
               text["cache"]["images"].get<std::int64_t>());
  }
}

void run(const Options& options) {
  at::set_num_threads(1);
  json result{{"bench", "render"},
              {"threads", 1},
              {"cpu", inspect_machine().cpu},
              {"renderer", options.renderer},
              {"texts", json::object()}};
  for (const TextSample& sample : text_samples(options.texts)) {
    Measured measured(sample, options);
    json speeds = measured.rows();
    json& text = result["texts"][sample.name];
    text = measured.facts();
    text["file"] = sample.file;
    text["words_per_second"] = std::move(speeds);
  }
  if (options.as_json) return fmt::print("{}\n", json_text(result));
  print_table(result);
}

void add_count(CLI::App& verb, const char* name, std::int64_t& value, int most, const char* help) {
  verb.add_option(name, value, help)
      ->capture_default_str()
      ->check(CLI::Range(1, most).description(fmt::format("1..{}", most)))
      ->type_name("N")
      ->group("Measurement");
}

}  // namespace

void add_render_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("render", "Time drawing words on one thread: distinct, cached, in batches");
  auto options = std::make_shared<Options>();
  repeatable(verb->add_option("--text", options->texts,
                              "A text in UTF-8; default: the quick start's, and a mixture of 57 languages")
                 ->type_name("NAME=FILE")
                 ->group("Measurement"));
  verb->add_option("--renderer", options->renderer, "Renderer, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Measurement");
  add_component_settings(*verb, options->settings, "A key of the renderer: --set block=32")->group("Measurement");
  add_count(*verb, "--rows", options->rows, 4096, "Rows of a batch");
  add_count(*verb, "--words", options->words, 65536, "Words of a row");
  add_count(*verb, "--max-bytes", options->max_bytes, 1 << 20, "Longest word in bytes");
  add_count(*verb, "--repeats", options->repeats, 1000, "Measurements of each row; the median is shown");
  verb->add_flag("--json", options->as_json, "Print one JSON object")->group("Output");
  verb->footer("Examples:\n  welt bench render\n  welt bench render --text kjv=kjv.txt --set block=32 --json");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
