// See bench_text_embedding.h. Each row is a piece of work from its beginning to its end, in seconds; scripts/
// bench_wordllama.py does the same in Python, in turns with this.
#include "apps/welt/bench_text_embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "apps/welt/text_task.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/resources.h"
#include "core/base/stopwatch.h"
#include "core/base/table.h"
#include "core/base/utf8.h"
#include "core/recipe/find.h"
#include "core/similarity/kernels.h"
#include "core/similarity/ranking.h"

namespace welt {
namespace {

using similarity::Matrix;
using similarity::StaticEmbedding;

struct BenchOptions {
  std::string file;
  std::int64_t repeats = 3;
  int threads = 2;
  bool json = false;
};

// Texts of `words` words, one behind the other; the file is read anew where it ends.
std::vector<std::string> texts_of_words(const std::vector<std::string_view>& words, std::size_t count,
                                        std::size_t each) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t k = 0; k < each; ++k, ++at) {
      if (k > 0) text += ' ';
      text += words[at % words.size()];
    }
    out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  constexpr std::string_view space = " \t\r\n";
  for (std::size_t at = 0; (at = text.find_first_not_of(space, at)) != std::string_view::npos;) {
    out.push_back(text.substr(at, text.find_first_of(space, at) - at));
    at += out.back().size();
  }
  return out;
}

double median_seconds(std::int64_t repeats, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    work();
    seconds.push_back(seconds_since(start));
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

nlohmann::json measure(const BenchOptions& options) {
  const std::string file =
      options.file.empty() ? (shared_folder() / "data/quickstart/train.txt").string() : options.file;
  const std::string text = read_file(file);
  if (find_invalid_utf8(text) != utf8_ok) fail({file, "what is not UTF-8", "a text"}, ErrorCode::data_loss);
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) fail({file, "no words", "a text"});
  const std::vector<std::string> short_texts = texts_of_words(words, 8192, 12),
                                 long_texts = texts_of_words(words, 512, 400);
  std::string book = text;
  while (book.size() < 1'000'000) book += text;
  book.resize(1'000'000);
  while (find_invalid_utf8(book) != utf8_ok) book.pop_back();

  const TextOptions model;
  const auto time = [&](const std::function<void()>& work) { return median_seconds(options.repeats, work); };
  nlohmann::json out;
  nlohmann::json& seconds = out["seconds"];
  seconds["load"] = time([&] { load_embedding(model); });
  seconds["embed 8192 short texts, cold"] =
      time([&] { load_embedding(model).embed(views_of(short_texts), options.threads); });
  seconds["embed 512 long texts, cold"] =
      time([&] { load_embedding(model).embed(views_of(long_texts), options.threads); });
  const StaticEmbedding embedding = load_embedding(model);
  seconds["dedup 8192"] = time([&] {
    Compared(embedding, short_texts, false, options.threads).duplicates({.threshold = 0.9, .threads = options.threads});
  });
  seconds["cluster 2000 into 10"] = time([&] {
    const std::vector<std::string> some(short_texts.begin(), short_texts.begin() + 2000);
    Matrix rows = embedding.embed(views_of(some), options.threads);
    similarity::normalize(rows);
    similarity::kmeans(rows, {.k = 10, .random_state = 42, .threads = options.threads});
  });
  const similarity::SplitOptions split{.threads = options.threads};
  seconds["split 1 MB"] = time([&] { similarity::reference_split(embedding, book, split); });
  seconds["split 1 MB, keeping the text"] = time([&] { similarity::split_ends(embedding, book, split); });
  Matrix rows = embedding.embed(views_of({short_texts.begin(), short_texts.begin() + 5000}), options.threads);
  similarity::normalize(rows);
  const similarity::BitMatrix bits = similarity::binarized(rows);
  std::vector<float> scores(rows.rows * rows.rows);
  seconds["similarity 5000 × 5000"] = time([&] { score_matrix(rows, rows, scores, options.threads); });
  seconds["similarity 5000 × 5000, binary"] = time([&] { score_matrix(bits, bits, scores, options.threads); });
  out["threads"] = options.threads;
  out["instructions"] = similarity::kernels().name;
  out["peak_memory_bytes"] = peak_memory();
  out["file"] = file;
  return out;
}

void bench(const BenchOptions& options) {
  const nlohmann::json result = measure(options);
  if (options.json) {
    fmt::print("{}\n", json_text(result));
    return;
  }
  std::vector<std::vector<std::string>> rows{{"work", "seconds"}};
  for (const auto& [name, value] : result["seconds"].items())
    rows.push_back({name, fmt::format("{:.4f}", value.get<double>())});
  fmt::print("{}{} threads, {}, peak memory {:.0f} MB\n", format_table(rows), options.threads,
             result["instructions"].get<std::string>(), result["peak_memory_bytes"].get<double>() / 1e6);
}

}  // namespace

void add_text_embedding_bench(CLI::App& group) {
  CLI::App* verb = group.add_subcommand("text-embedding", "Time the work of `welt text` on this machine");
  auto options = std::make_shared<BenchOptions>();
  verb->add_option("--file", options->file, "Text that the texts are made of; default: that of the quick start")
      ->type_name("FILE");
  verb->add_option("--repeats", options->repeats, "Measurements, of which the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--threads", options->threads, "Threads")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->type_name("N");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Examples:\n  welt bench text-embedding\n  welt bench text-embedding --threads 8 --file corpus.txt --json");
  verb->callback([options] { bench(*options); });
}

}  // namespace welt
