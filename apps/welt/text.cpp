// welt text: token embeddings of large models as a small, fast text encoder: similarity, ranking, duplicates, clusters,
// chunks. The lines of JSON are answered in text_lines.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "apps/welt/jsonl.h"
#include "apps/welt/text_options.h"
#include "apps/welt/text_vectors.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/similarity/mini_batch.h"
#include "core/similarity/ranking.h"

namespace welt {
namespace {

using nlohmann::json;
using similarity::StaticEmbedding;

void print_scored(const std::vector<std::string>& texts, const std::vector<float>& scores, std::size_t place) {
  fmt::print("{}\t{}\n", shortest(scores[place]), texts[place]);
}

void tokenize(const TextOptions& options, const StaticEmbedding& embedding) {
  each_text(options, [&](const std::string& text) { fmt::print("{}\n", fmt::join(embedding.tokenize(text), " ")); });
}

void similarity_of(const TextOptions& options, const StaticEmbedding& embedding) {
  fmt::print("{}\n", shortest(text_similarity(embedding, options.query, options.other, options.binary)));
}

void rank(const TextOptions& options, const StaticEmbedding& embedding, std::size_t most) {
  const std::vector<std::string> texts = texts_of(options);
  const std::vector<float> scores = Compared(embedding, texts, options.binary, options.threads).scores(options.query);
  for (const std::size_t place : similarity::order_of(scores)) {
    if (most-- == 0) break;
    print_scored(texts, scores, place);
  }
}

void topk(const TextOptions& options, const StaticEmbedding& embedding) {
  if (options.top < 0) fail({.where = "--k", .found = fmt::format("{}", options.top), .expected = "0 or more"});
  rank(options, embedding, static_cast<std::size_t>(options.top));
}

void filter(const TextOptions& options, const StaticEmbedding& embedding) {
  const std::vector<std::string> texts = texts_of(options);
  const std::vector<float> scores = Compared(embedding, texts, options.binary, options.threads).scores(options.query);
  for (const std::size_t place : similarity::above(scores, options.threshold)) fmt::print("{}\n", texts[place]);
}

// Text by text: nothing is kept but the query, and a score is the same from either side.
void key(const TextOptions& options, const StaticEmbedding& embedding) {
  const Compared query(embedding, {options.query}, options.binary, 1, true);
  each_text(options, [&](const std::string& text) { fmt::print("{}\t{}\n", shortest(query.scores(text)[0]), text); });
}

std::vector<std::size_t> near_duplicates_of(Compared compared, const TextOptions& options) {
  if (options.duplicates.rule == similarity::DuplicateRule::reference) {
    fail({.where = "--near", .found = "--reference-compatible", .expected = "one of the two"});
  }
  std::optional<Progress> progress;
  return std::move(compared).near_duplicates({.threshold = options.duplicates.threshold,
                                              .recall = options.recall,
                                              .threads = options.threads,
                                              .progress = [&](std::size_t done, std::size_t all) {
                                                if (!progress)
                                                  progress.emplace("compare", static_cast<std::int64_t>(all));
                                                progress->update(static_cast<std::int64_t>(done), "hashes");
                                              }});
}

void dedup(const TextOptions& options, const StaticEmbedding& embedding) {
  similarity::DuplicateOptions duplicates = options.duplicates;
  duplicates.threads = options.threads;
  const std::vector<std::string> texts = texts_of(options);
  Compared compared(embedding, texts, options.binary, options.threads);
  const std::vector<std::size_t> dropped =
      options.near ? near_duplicates_of(std::move(compared), options) : std::move(compared).duplicates(duplicates);
  if (options.indices) {
    for (const std::size_t place : dropped) fmt::print("{}\n", place);
    return;
  }
  for (std::size_t i = 0, next = 0; i < texts.size(); ++i) {
    if (next < dropped.size() && dropped[next] == i)
      ++next;
    else
      fmt::print("{}\n", texts[i]);
  }
}

void cluster(const TextOptions& options, const StaticEmbedding& embedding) {
  if (options.binary) fail({.where = "--binary", .found = "clusters of it", .expected = "floating-point vectors"});
  if (options.k < 1) fail({.where = "--k", .found = fmt::format("{}", options.k), .expected = "1 or more"});
  const std::vector<std::string> texts = texts_of(options);
  similarity::Matrix rows = vectors_of(embedding, texts, options.threads);
  similarity::normalize(rows);
  similarity::KMeansOptions kmeans = options.kmeans;
  kmeans.k = static_cast<std::size_t>(options.k);
  kmeans.threads = options.threads;
  if (options.choose_k) {
    const similarity::ChosenK chosen = similarity::choose_k(rows, kmeans, options.most_k);
    kmeans.k = chosen.k;
    fmt::print(stderr, "welt: k {}, silhouette {:.4f}\n", chosen.k, chosen.score);
  }
  const similarity::Clusters found = options.mini_batch > 0
                                         ? similarity::mini_batch_kmeans(rows, kmeans, options.mini_batch)
                                         : similarity::kmeans(rows, kmeans);
  for (std::size_t i = 0; i < texts.size(); ++i) fmt::print("{}\t{}\n", found.labels[i], texts[i]);
  fmt::print(stderr, "welt: inertia {}\n", shortest(static_cast<float>(found.inertia)));
}

void print_chunk(std::size_t offset, std::string_view text) {
  fmt::print("{}\n", json_text(json{{"offset", offset}, {"bytes", text.size()}, {"text", text}}));
}

void split(const TextOptions& options, const StaticEmbedding& embedding) {
  if (options.binary) fail({.where = "--binary", .found = "splitting by it", .expected = "floating-point vectors"});
  if (!options.by && options.overlap != 0) {
    fail({.where = "--overlap",
          .found = "no --by",
          .expected = "--by tokens, characters or bytes: what it is counted in"});
  }
  TextOptions whole = options;
  whole.whole_files = true;
  similarity::SplitOptions split = options.split;
  split.threads = options.threads;
  each_text(whole, [&](const std::string& text) {
    if (options.reference_compatible) {
      for (const std::string& chunk : similarity::reference_split(embedding, text, split).chunks)
        fmt::print("{}\n", json_text(json{{"text", chunk}}));
      return;
    }
    if (options.by) {
      for (const similarity::Window& window :
           similarity::windows(embedding, text, {*options.by, split.target_size, options.overlap}))
        print_chunk(window.begin, std::string_view(text).substr(window.begin, window.end - window.begin));
      return;
    }
    std::size_t begin = 0;
    for (const std::size_t end : similarity::split_ends(embedding, text, split)) {
      print_chunk(begin, std::string_view(text).substr(begin, end - begin));
      begin = end;
    }
  });
}

// --- the command line

using Work = void (*)(const TextOptions&, const StaticEmbedding&);

struct Part {
  const char *name, *help, *examples;
  TextVerb verb;
  Work work;
};

CLI::App* add_part(CLI::App& parent, const std::shared_ptr<TextOptions>& options, const Part& part) {
  CLI::App* verb = parent.add_subcommand(part.name, part.help);
  add_embedding_options(*verb, *options);
  add_vector_options(*verb, *options);
  verb->add_flag("--jsonl", options->as_jsonl,
                 "Answer each line of standard input, a JSON object, by a line; docs/text-toolkit.md has the keys")
      ->group("Output");
  verb->footer(std::string("Examples:\n") + part.examples);
  verb->callback([options, work = part.work, kind = part.verb] {
    if (options->as_jsonl && !(options->arguments.empty() && options->files.empty() && options->query.empty())) {
      fail({.where = "--jsonl", .found = "texts among the arguments", .expected = "all of them in standard input"});
    }
    if (options->by && options->reference_compatible) {
      fail({.where = "--by", .found = "--reference-compatible", .expected = "one of the two"});
    }
    const StaticEmbedding embedding = load_embedding(*options);
    if (!options->as_jsonl) return work(*options, embedding);
    answer_lines([&](const json& request) { return answer_text(kind, *options, embedding, request); });
  });
  return verb;
}

CLI::Option* add_query(CLI::App& verb, TextOptions& options) {
  return verb.add_option("QUERY", options.query, "What is compared with every text")->type_name("");
}

void need_query(CLI::App* verb, const std::shared_ptr<TextOptions>& options, std::size_t count) {
  verb->parse_complete_callback([verb, options, count] {
    if (options->as_jsonl) return;
    const bool there = verb->count("QUERY") > 0 && (count == 1 || verb->count("OTHER") > 0);
    if (!there) throw CLI::RequiredError(count == 1 ? "QUERY" : "a pair of texts");
  });
}

// A query, and the texts that it is compared with.
void add_query_and_texts(CLI::App* verb, const std::shared_ptr<TextOptions>& options) {
  add_query(*verb, *options);
  add_text_inputs(*verb, *options, "Texts; default: the lines of standard input");
  need_query(verb, options, 1);
}

void add_comparing(CLI::App& text, const std::shared_ptr<TextOptions>& options) {
  CLI::App* verb = add_part(text, options,
                            {"similarity", "How near two texts are, −1 to 1",
                             "  welt text similarity 'i went to the car' 'i went to the pawn shop'\n"
                             "  welt text similarity --binary --dim 64 'a van' 'a truck'\n"
                             "  welt text similarity --jsonl < pairs.jsonl",
                             TextVerb::similarity, similarity_of});
  add_query(*verb, *options);
  verb->add_option("OTHER", options->other, "The other text")->type_name("");
  need_query(verb, options, 2);

  verb = add_part(text, options,
                  {"rank", "Texts with their scores, the nearest to a query first",
                   "  welt text rank 'i went to the car' 'i went to the park' 'i went to the shop'\n"
                   "  welt text rank 'engine noise' --file notes.txt",
                   TextVerb::rank, [](const TextOptions& given, const StaticEmbedding& embedding) {
                     rank(given, embedding, static_cast<std::size_t>(-1));
                   }});
  add_query_and_texts(verb, options);

  verb = add_part(
      text, options,
      {"topk", "The texts nearest to a query",
       "  welt text topk 'engine noise' --k 5 --file notes.txt\n  ls | welt text topk invoices", TextVerb::topk, topk});
  add_query_and_texts(verb, options);
  verb->add_option("--k", options->top, "How many")->capture_default_str()->type_name("K");

  verb = add_part(text, options,
                  {"filter", "Texts whose score is above a threshold, in their order",
                   "  welt text filter 'i went to the car' --threshold 0.3 < lines.txt", TextVerb::filter, filter});
  add_query_and_texts(verb, options);
  verb->add_option("--threshold", options->threshold, "Scores must be above it")->capture_default_str()->type_name("T");

  verb = add_part(text, options,
                  {"key", "The score of every text, as it comes: to sort by",
                   "  welt text key 'machine learning' < titles.txt | sort -rg | head", TextVerb::key, key});
  add_query_and_texts(verb, options);
}

void add_collecting(CLI::App& text, const std::shared_ptr<TextOptions>& options) {
  CLI::App* verb = add_part(text, options,
                            {"dedup", "Texts without those that repeat an earlier one",
                             "  welt text dedup --threshold 0.8 < lines.txt\n"
                             "  welt text dedup --near --file million.txt > fewer.txt\n"
                             "  welt text dedup --indices --file corpus/",
                             TextVerb::dedup, dedup});
  add_text_inputs(*verb, *options, "Texts; default: the lines of standard input");
  verb->add_option("--threshold", options->duplicates.threshold, "Repeats have a score above it")
      ->capture_default_str()
      ->type_name("T");
  verb->add_flag("--near", options->near,
                 "For millions of texts: compare those that share a hash. What it drops is right; --recall says how "
                 "much of it is found");
  verb->add_option("--recall", options->recall, "With --near: the share found of repeats right at the threshold")
      ->capture_default_str()
      ->type_name("R");
  verb->add_flag("--indices", options->indices, "Print the numbers of the texts to drop, from 0");
  verb->add_flag_callback(
      "--reference-compatible", [options] { options->duplicates.rule = similarity::DuplicateRule::reference; },
      "As the package wordllama: block by block, where what is found depends on --batch-size");
  verb->add_option("--batch-size", options->duplicates.block,
                   "Texts a block, with --reference-compatible; 0: 5000 or 500")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");

  verb = add_part(text, options,
                  {"cluster", "Groups of texts: k-means with the k-means++ start",
                   "  welt text cluster --k 5 < lines.txt\n  welt text cluster --k auto --file notes/\n"
                   "  welt text cluster --k 100 --mini-batch 4096 --file million.txt\n  welt text cluster --k 20 "
                   "--random-state 7 --file corpus/",
                   TextVerb::cluster, cluster});
  add_text_inputs(*verb, *options, "Texts; default: the lines of standard input");
  verb->add_option_function<std::string>(
          "--k",
          [options](const std::string& given) {
            options->choose_k = given == "auto";
            if (!options->choose_k && !CLI::detail::lexical_cast(given, options->k))
              throw CLI::ConversionError(given, "--k");
          },
          "How many groups; auto: what fits best by the silhouette")
      ->default_str("8")
      ->type_name("K|auto");
  verb->add_option("--k-max", options->most_k, "With --k auto: the largest number that is tried")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str()
      ->type_name("K");
  verb->add_option("--mini-batch", options->mini_batch,
                   "Move the groups by batches of N texts: for many texts; 0: all texts each time")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--random-state", options->kmeans.random_state, "Seed, as of numpy's RandomState")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--n-init", options->kmeans.runs, "Runs, of which the best counts")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--min-iterations", options->kmeans.min_iterations, "Iterations at least")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--max-iterations", options->kmeans.max_iterations, "Iterations at most")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--tolerance", options->kmeans.tolerance, "A change of the inertia below it ends a run")
      ->capture_default_str()
      ->type_name("T");

  verb = add_part(text, options,
                  {"split", "A text in chunks, cut where its subject changes",
                   "  welt text split --file book.txt --target-size 1000\n"
                   "  welt text split --file book.txt --by tokens --target-size 256 --overlap 32\n"
                   "  welt text split --reference-compatible < book.txt",
                   TextVerb::split, split});
  add_text_inputs(*verb, *options, "Texts; default: standard input, whole");
  verb->add_option("--target-size", options->split.target_size, "Characters of a chunk at most, or what --by says")
      ->capture_default_str();
  verb->add_option_function<std::string>(
          "--by", [options](const std::string& name) { options->by = text_units().at(name); },
          "Fill every chunk, counted in tokens, characters or bytes, wherever the subject changes")
      ->check(CLI::IsMember(std::vector<std::string>{"tokens", "characters", "bytes"}))
      ->option_text("tokens|characters|bytes");
  verb->add_option("--overlap", options->overlap, "With --by: what a chunk repeats of the one before at most")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--intermediate-size", options->split.intermediate_size, "Characters of the pieces compared")
      ->capture_default_str();
  verb->add_option("--cleanup-size", options->split.cleanup_size, "Smaller pieces go to the one before")
      ->capture_default_str();
  verb->add_option("--window-size", options->split.window_size, "Pieces whose similarities are averaged")
      ->capture_default_str();
  verb->add_option("--savgol-window", options->split.savgol_window, "Window of the filter that finds the minima")
      ->capture_default_str();
  verb->add_option("--poly-order", options->split.poly_order, "Order of that filter")->capture_default_str();
  verb->add_flag("--reference-compatible", options->reference_compatible,
                 "As the package wordllama: the size is no hard limit, and white space is not kept");
}

}  // namespace

void add_text(CLI::App& app) {
  CLI::App* text = app.add_subcommand("text", "Static embeddings of texts: similarity, ranking, duplicates, clusters");
  text->require_subcommand(1);
  const auto options = std::make_shared<TextOptions>();
  CLI::App* verb = add_part(*text, options,
                            {"tokenize", "Ids of the tokens of texts",
                             "  welt text tokenize 'in the beginning'\n  welt text tokenize --jsonl < texts.jsonl",
                             TextVerb::tokenize, tokenize});
  add_text_inputs(*verb, *options, "Texts; default: the lines of standard input");
  verb = add_part(*text, options,
                  {"embed", "Vectors of texts: numbers, or a file of them",
                   "  welt text embed 'the quick brown fox' 'and all that jazz' --dim 64\n"
                   "  welt text embed --file corpus/ --out vectors.npy\n"
                   "  welt text embed --jsonl < texts.jsonl",
                   TextVerb::embed, write_vectors});
  add_text_inputs(*verb, *options, "Texts; default: the lines of standard input");
  verb->add_option("--out", options->out,
                   "File to write: .npy, .safetensors or .csv; default: numbers on standard output")
      ->type_name("FILE");
  add_comparing(*text, options);
  add_collecting(*text, options);
  add_text_index(*text);
  add_text_map(*text);
  text->footer(
      "Examples:\n  welt text similarity 'i went to the car' 'i went to the pawn shop'\n"
      "  welt text dedup --threshold 0.8 < lines.txt\n"
      "  welt text index build notes.index --file notes/\n  welt text search notes.index 'engine noise'\n"
      "  welt text VERB --help");
}

}  // namespace welt
