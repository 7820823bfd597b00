// welt embed: vectors of texts, of each word or one a text, into a file.
#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/welt/encoder_switch.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/checkpoint/model_files.h"
#include "core/data/line_reader.h"
#include "core/generate/embed.h"
#include "core/generate/embedding_file.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

// Of a batch: texts are added until it has as many words.
constexpr std::size_t batch_words = 4096;

struct Options {
  std::string model, file, out, dtype;
  std::vector<std::string> texts, without;
  EmbedOptions embed;
};

using TextCallback = std::function<void(std::string_view text, const std::string& where)>;

void each_line(const std::string& file, const TextCallback& take) {
  LineReader reader = LineReader::of_file_or_stdin(file);
  std::int64_t number = 0;
  std::string_view line;
  for (std::uint64_t offset = 0; reader.next(line, offset);)
    take(line, fmt::format("{}, line {}", reader.text().name(), ++number));
}

void each_text(const Options& options, const TextCallback& take) {
  for (std::size_t i = 0; i < options.texts.size(); ++i) take(options.texts[i], fmt::format("text {}", i + 1));
  if (!options.file.empty()) each_line(options.file, take);
}

void embed(const Options& options) {
  if (options.texts.empty() && options.file.empty())
    fail({"welt embed", "no text", "--text TEXT, as often as wanted, or --file FILE, a text a line", {}});
  const bool converts = !options.dtype.empty();
  const at::ScalarType dtype = converts ? parse_float_dtype(options.dtype, "--dtype") : at::kFloat;
  WeltModel model = load_newest_model(options.model, switched_off(options.without));
  if (converts) model.to(model.device(), dtype);
  TextEmbedder embedder(model);
  EmbeddingFile out(options.out, options.embed, embedder.width(), dtype);

  std::vector<std::vector<std::string>> batch;
  std::size_t words = 0;
  Progress progress("embed", static_cast<std::int64_t>(options.file.empty() ? options.texts.size() : 0));
  progress.update(0);
  const auto flush = [&] {
    if (batch.empty()) return;
    out.append(embedder.embed(std::exchange(batch, {}), options.embed));
    words = 0;
    progress.update(out.texts(), fmt::format("texts  {} words", out.words()));
  };
  each_text(options, [&](std::string_view text, const std::string& where) {
    batch.push_back(embedder.words(text, where, options.embed.level));
    words += batch.back().size();
    if (words >= batch_words) flush();
  });
  flush();
  out.finish();
  fmt::print("{} texts, {} words (the start of each text included): {} vectors of {} values in {}\n", out.texts(),
             out.words(), options.embed.pool == EmbedPool::none ? out.words() : out.texts(), out.width(), options.out);
}

void add_what(CLI::App& verb, Options& options) {
  verb.add_option("--level", options.embed.level,
                  "words: what the latent transformer reads; latents: its hidden states, which know the words before")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, EmbedLevel>{{"words", EmbedLevel::words}, {"latents", EmbedLevel::latents}}))
      ->default_str("words")
      ->option_text("words|latents")
      ->group("Vectors");
  verb.add_option("--pool", options.embed.pool, "none: a vector a word; last, mean: one a text, of its words")
      ->transform(CLI::CheckedTransformer(std::map<std::string, EmbedPool>{
          {"none", EmbedPool::none}, {"last", EmbedPool::last}, {"mean", EmbedPool::mean}}))
      ->default_str("none")
      ->option_text("none|last|mean")
      ->group("Vectors");
  verb.add_option("--dtype", options.dtype,
                  "Type of weights, arithmetic and vectors; default: the checkpoint's, and float32 vectors")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->option_text("float32|float64")
      ->group("Vectors");
}

constexpr const char* footer =
    R"(A text's first word is the character BOS (U+0002), as in training; it has a vector, and counts in the mean.
FILE.safetensors: `vectors` [rows, D]; with --pool none also `offsets` [texts + 1], the rows of text t being offsets[t]
to offsets[t+1], and metadata "words", a JSON list of each text's words. FILE.npy: the vectors alone.
--level latents: every text must fit the latent transformer's positions.

Examples:
  welt embed runs/quickstart --text 'In the beginning' --out words.safetensors
  welt embed runs/quickstart --file sentences.txt --level latents --pool mean --out sentences.npy
  zcat corpus.gz | welt embed runs/quickstart --file - --pool mean --without image_encoder --out corpus.safetensors)";

}  // namespace

void add_embed(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("embed", "Vectors of texts from a trained model: word vectors or latents");
  verb->add_option("model", options->model, "Run folder (its newest checkpoint) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  repeatable(verb->add_option("--text", options->texts, "A text; may be repeated")->type_name("TEXT")->group("Texts"));
  verb->add_option("--file", options->file,
                   "A text a line, from a file (also gzip), behind those of --text; - is standard input")
      ->type_name("FILE")
      ->group("Texts");
  verb->add_option("--out", options->out, "FILE.safetensors or FILE.npy; replaced as a whole or not at all")
      ->required()
      ->type_name("FILE")
      ->group("Vectors");
  add_what(*verb, *options);
  add_encoder_switch(*verb, options->without);
  verb->footer(footer);
  verb->callback([options] { embed(*options); });
}

}  // namespace welt
