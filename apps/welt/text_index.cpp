// welt text index, welt text search: a collection of texts with their vectors on the disk, added to and searched.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "apps/welt/jsonl.h"
#include "apps/welt/text_options.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/base/utf8.h"
#include "core/similarity/index_writer.h"
#include "core/similarity/ranking.h"
#include "core/similarity/text_index.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using similarity::IndexFacts;
using similarity::IndexHit;
using similarity::StaticEmbedding;
using similarity::TextIndex;

struct IndexOptions {
  TextOptions text;
  std::string folder;
  std::int64_t count = 3;
  bool exact = false;
};

// A path goes on meaning the same in another working directory.
std::string lasting_name(const std::string& name) {
  std::error_code error;
  return !name.empty() && fs::exists(name, error) ? fs::absolute(name).lexically_normal().string() : name;
}

// The embedding that an index was made with, unless another is named.
StaticEmbedding embedding_of(const IndexFacts& facts, TextOptions options) {
  if (options.model.empty()) {
    options.model = facts.model;
    if (options.tokenizer.empty()) options.tokenizer = facts.tokenizer;
  }
  options.dim = static_cast<std::int64_t>(facts.dim);
  return load_embedding(options);
}

void add_all(const TextOptions& options, const StaticEmbedding& embedding, similarity::IndexWriter& writer) {
  constexpr std::size_t batch_texts = 4096, batch_bytes = 16 << 20;
  Progress progress("index", 0);
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  std::int64_t done = 0;
  const auto flush = [&] {
    similarity::Matrix rows = embedding.embed(views_of(batch), options.threads);
    similarity::normalize(rows);
    writer.add(batch, rows);
    done += std::ssize(batch);
    batch.clear();
    bytes = 0;
    progress.update(done, "texts");
  };
  each_text(options, [&](std::string text) {
    if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
      fail({fmt::format("text {}", done + std::ssize(batch) + 1), fmt::format("byte {} is not UTF-8", fault),
            "text in UTF-8", "Nothing was added to the index"},
           ErrorCode::data_loss);
    }
    bytes += text.size();
    batch.push_back(std::move(text));
    if (batch.size() == batch_texts || bytes >= batch_bytes) flush();
  });
  flush();
  writer.commit();
  fmt::print("{} texts added, {} in the index\n", done, writer.texts());
}

void build(const IndexOptions& options) {
  const StaticEmbedding embedding = load_embedding(options.text);
  similarity::IndexWriter writer(options.folder, {.dim = embedding.dim(),
                                                  .model = lasting_name(options.text.model),
                                                  .tokenizer = lasting_name(options.text.tokenizer),
                                                  .fingerprint = similarity::fingerprint(embedding)});
  add_all(options.text, embedding, writer);
}

void add(const IndexOptions& options) {
  const StaticEmbedding embedding = embedding_of(similarity::read_manifest(options.folder).facts, options.text);
  TextIndex::open(options.folder).check(embedding);
  similarity::IndexWriter writer(options.folder);
  add_all(options.text, embedding, writer);
}

void info(const IndexOptions& options) {
  const TextIndex index = TextIndex::open(options.folder);
  std::size_t bytes = 0;
  for (const auto& each : fs::directory_iterator(options.folder))
    bytes += each.is_regular_file() ? each.file_size() : 0;
  fmt::print("{} texts in {} segments, {:.1f} MB; {} dimensions; model {}\n", index.texts(), index.segments(),
             static_cast<double>(bytes) / 1e6, index.facts().dim,
             index.facts().model.empty() ? "l2_supercat (the default)" : index.facts().model);
}

std::vector<IndexHit> found_in(const TextIndex& index, const StaticEmbedding& embedding, const IndexOptions& options,
                               std::string_view query, std::int64_t count) {
  if (count < 0) fail({.where = "k", .found = fmt::format("{}", count), .expected = "0 or more"});
  return index.search(
      embedding, query,
      {.count = static_cast<std::size_t>(count), .exact = options.exact, .threads = options.text.threads});
}

void search(const IndexOptions& options) {
  const TextIndex index = TextIndex::open(options.folder);
  const StaticEmbedding embedding = embedding_of(index.facts(), options.text);
  index.check(embedding);
  if (!options.text.as_jsonl) {
    for (const IndexHit& hit : found_in(index, embedding, options, options.text.query, options.count))
      fmt::print("{}\t{}\n", shortest(hit.score), index.text(hit.place));
    return;
  }
  answer_lines([&](const json& request) {
    json places = json::array(), scores = json::array(), texts = json::array();
    for (const IndexHit& hit : found_in(index, embedding, options, text_field(request, "query"),
                                        integer_field(request, "k", options.count))) {
      places.push_back(hit.place);
      scores.push_back(shortest(hit.score));
      texts.push_back(index.text(hit.place));
    }
    return json{{"index", places}, {"scores", scores}, {"texts", texts}};
  });
}

CLI::App* add_part(CLI::App& parent, const std::shared_ptr<IndexOptions>& options, const char* name, const char* help,
                   const char* examples, void (*work)(const IndexOptions&)) {
  CLI::App* verb = parent.add_subcommand(name, help);
  verb->add_option("INDEX", options->folder, "Folder of the index")->required()->type_name("");
  verb->footer(std::string("Examples:\n") + examples);
  verb->callback([options, work] { work(*options); });
  return verb;
}

}  // namespace

void add_text_index(CLI::App& text) {
  const auto options = std::make_shared<IndexOptions>();
  CLI::App* group = text.add_subcommand("index", "Texts with their vectors on the disk, for `welt text search`");
  group->require_subcommand(1);
  constexpr const char* inputs = "Texts; default: the lines of standard input";

  CLI::App* verb = add_part(*group, options, "build", "Make an index in a new folder",
                            "  welt text index build notes.index --file notes/\n"
                            "  welt text index build books.index --dim 64 < lines.txt",
                            build);
  add_text_inputs(*verb, options->text, inputs);
  add_embedding_options(*verb, options->text);
  verb->add_option("--dim", options->text.dim, "The first N dimensions (Matryoshka); 0: all")
      ->type_name("N")
      ->capture_default_str()
      ->group("Model");

  verb = add_part(*group, options, "add", "Add texts; all of them are there afterwards, or none",
                  "  welt text index add notes.index --file today.txt\n"
                  "  tail -n 100 log.txt | welt text index add notes.index",
                  add);
  add_text_inputs(*verb, options->text, inputs);
  add_embedding_options(*verb, options->text);

  add_part(*group, options, "info", "What an index holds", "  welt text index info notes.index", info);
  group->footer(
      "Examples:\n  welt text index build notes.index --file notes/\n"
      "  welt text index add notes.index --file today.txt\n  welt text search notes.index 'engine noise' --k 5");

  verb = add_part(text, options, "search", "The texts of an index nearest to a query",
                  "  welt text search notes.index 'engine noise' --k 5\n"
                  "  welt text search notes.index --jsonl < queries.jsonl",
                  search);
  verb->add_option("QUERY", options->text.query, "What is looked for")->type_name("");
  verb->add_option("--k", options->count, "How many")->capture_default_str()->type_name("K");
  verb->add_flag("--exact", options->exact, "Compare all texts, not only those that share many signs with the query");
  add_embedding_options(*verb, options->text);
  verb->add_flag("--jsonl", options->text.as_jsonl,
                 "Answer each line of standard input, {\"query\", \"k\"}, by a line: index, scores, texts")
      ->group("Output");
  verb->parse_complete_callback([verb, options] {
    if (!options->text.as_jsonl && verb->count("QUERY") == 0) throw CLI::RequiredError("QUERY");
    if (options->text.as_jsonl && verb->count("QUERY") > 0) {
      fail({.where = "--jsonl", .found = "a query among the arguments", .expected = "all of them in standard input"});
    }
  });
}

}  // namespace welt
