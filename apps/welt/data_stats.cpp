// welt data stats: what a corpus is made of. Reads everything once, in bounded memory.
#include "apps/welt/data_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/welt/data_words.h"
#include "apps/welt/recipe_options.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/source_files.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/model/byte_lm.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/prepare/corpus_stats.h"
#include "core/train/recipe_sources.h"
#include "core/train/recipe_text.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  std::vector<std::string> sources, overrides;
  std::string recipe, segmenter = "words", html;
  SourceOptions source;
  CorpusStatsOptions stats;
  bool json = false;
  std::function<bool(const char* option)> given;  // on the command line
};

// What cuts words: a segmenter of its own, or that of a recipe's model.
struct Words {
  std::optional<DataWords> own;
  std::optional<WeltModel> model;
  std::optional<TextFrontEnd> text;
  SplitFunction split() const {
    if (own) return own->split();
    return [this](std::string_view t, std::vector<std::uint64_t>& ends) { text->segmenter().split(t, ends); };
  }
};

// Where no SOURCE is named: the recipe's own text, of which a mixture has several.
void use_recipe(Options& options, Words& words, const std::vector<fs::path>& files, std::vector<SourceOptions>& texts) {
  const Recipe recipe = load_recipe(find_recipe(options.recipe), options.overrides);
  if (is_byte_lm(recipe))
    fail({recipe.path().string(), "model.kind = \"byte_lm\", which has no words to tell of",
          "a word-level model's recipe", "Name the files and leave --recipe out: words are then those of --segmenter"},
         ErrorCode::unimplemented);
  words.model.emplace(WeltModel::outline(WeltSpec::from_recipe(recipe)));
  words.text.emplace(*words.model);
  options.stats.batch = recipe.integer("train.batch");
  options.stats.words = recipe.integer("train.words");
  options.stats.packing = recipe.string("data.packing");
  options.stats.max_bytes = words.model->spec().segmenter.max_bytes;
  if (!files.empty()) return;
  for (const DatasetSource& source : recipe_sources(recipe)) texts.push_back(source.text);
  if (texts.empty()) texts.push_back(source_options(recipe, "data.train", training_text(recipe)));
  // What the command line says counts.
  const SourceOptions& said = options.source;
  for (SourceOptions& text : texts) {
    if (options.given("--format")) text.format = said.format;
    if (options.given("--field")) text.field = said.field;
    if (options.given("--on_invalid")) text.on_invalid = said.on_invalid;
    if (!said.text_template.empty()) text.text_template = said.text_template;
    if (!said.language.empty()) text.language = said.language;
  }
}

void run(Options& options) {
  if (options.sources.empty() && options.recipe.empty())
    throw CLI::ValidationError("name at least one SOURCE, or a recipe with --recipe");
  Words words;
  const std::vector<fs::path> named = source_files(options.sources);
  std::vector<SourceOptions> texts;
  if (options.recipe.empty())
    words.own.emplace(options.segmenter, options.stats.max_bytes, false);
  else
    use_recipe(options, words, named, texts);
  if (texts.empty()) {
    texts.push_back(options.source);
    texts.back().files = expand_files(named, "SOURCE");
    texts.back().name = "SOURCE";
  }
  CorpusStats stats(options.stats, words.split());
  SourceCounts counts;
  {
    Progress progress("stats", 0);
    for (SourceOptions& text : texts) {
      text.reads_language = true;
      if (const std::int64_t most = options.source.limit; most > 0) {  // of all texts together
        if (counts.documents >= most) break;
        text.limit = std::min(text.limit > 0 ? text.limit : most, most - counts.documents);
      }
      const SourceCounts of_text = read_documents(text, [&](const SourceDocument& document) {
        stats.add(document);
        progress.update(stats.documents(),
                        fmt::format("documents, {:.1f} MB", static_cast<double>(stats.bytes()) / 1e6));
      });
      counts.files += of_text.files;
      counts.documents += of_text.documents;
      counts.skipped += of_text.skipped;
      counts.replaced += of_text.replaced;
    }
  }
  if (counts.documents == 0) fail({"SOURCE", "the files hold no text", "at least one document that is not empty"});
  ordered_json figures{
      {"source", options.sources.empty() ? options.recipe : fmt::format("{}", fmt::join(options.sources, ", "))},
      {"files", counts.files},
      {"skipped", counts.skipped},
      {"replaced", counts.replaced}};
  figures.update(stats.finish());
  if (!options.html.empty()) write_file(options.html, stats_page(figures));
  if (options.json)
    fmt::print("{}\n", json_text(figures));
  else
    fmt::print("{}", stats_text(figures));
}

}  // namespace

void add_data_stats(CLI::App& data) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = data.add_subcommand("stats", "Tell what a corpus is made of");
  verb->add_option("sources", options->sources, "Files, patterns, folders, or prepared folders")->type_name("SOURCE");
  const auto of_text = [](CLI::Option* option) { return option->group("Text"); };
  std::vector<std::string> formats;
  for (const DocumentFormat& format : document_formats()) formats.emplace_back(format.name);
  of_text(verb->add_option("--format", options->source.format, "What a document is"))
      ->check(CLI::IsMember(formats))
      ->capture_default_str();
  of_text(verb->add_option("--field,--text_column,--text-column", options->source.field, "Field that holds the text"))
      ->capture_default_str();
  of_text(verb->add_option("--text_template,--text-template", options->source.text_template,
                           "Text made of several fields: '{translation[en]}'"));
  of_text(verb->add_option("--language", options->source.language, "Only rows with this language tag"));
  of_text(verb->add_option("--limit", options->source.limit, "Documents at most; 0: all"))
      ->check(CLI::NonNegativeNumber);
  of_text(verb->add_option("--on_invalid,--on-invalid", options->source.on_invalid,
                           "Text that is not UTF-8, rows without a text: stop, replace the bytes, or skip"))
      ->check(CLI::IsMember(data_on_invalid()))
      ->capture_default_str();
  const auto of_rows = [](CLI::Option* option) { return option->group("Words and rows"); };
  auto* recipe = of_rows(verb->add_option("--recipe", options->recipe,
                                          "Segmenter, rows and, without a SOURCE, the training text of this recipe"));
  repeatable(verb->add_option("--set", options->overrides, "Override a key of the recipe")
                 ->type_name("KEY=VALUE")
                 ->needs(recipe)
                 ->group("Words and rows"));
  of_rows(verb->add_option("--segmenter", options->segmenter, "Segmenter, or the path of a plugin file"))
      ->capture_default_str()
      ->excludes(recipe);
  of_rows(verb->add_option("--max_bytes,--max-bytes", options->stats.max_bytes, "Longest word in bytes; 0: no limit"))
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->excludes(recipe);
  for (auto [name, value, help] : {std::tuple{"--words", &options->stats.words, "Words of a row"},
                                   std::tuple{"--batch", &options->stats.batch, "Rows of a batch"}})
    of_rows(verb->add_option(name, *value, help))
        ->check(CLI::Range(1, 1 << 30))
        ->capture_default_str()
        ->excludes(recipe);
  of_rows(verb->add_option("--packing", options->stats.packing, "How rows are made"))
      ->check(CLI::IsMember(data_packings()))
      ->capture_default_str()
      ->excludes(recipe);
  verb->add_option("--top", options->stats.top, "Longest and most frequent words that are told")->capture_default_str();
  verb->add_flag("--near", options->stats.near, "Also count documents that are nearly the same");
  verb->add_flag("--json", options->json, "All figures as one object");
  verb->add_option("--html", options->html, "Also write a page with plots")->type_name("FILE");
  verb->footer(
      "Memory is bounded, whatever the size of the corpus: above 4 million distinct words or documents their numbers\n"
      "are estimates from a sample, and say so.\n\nExamples:\n"
      "  welt data stats corpus/*.txt --format paragraphs\n"
      "  welt data stats prepared --html stats.html\n"
      "  welt data stats dump.jsonl.gz --field content --near --json\n"
      "  welt data stats --recipe mine.toml --set train.words=512");
  options->given = [verb](const char* option) { return verb->count(option) > 0; };
  verb->callback([options] { run(*options); });
}

}  // namespace welt
