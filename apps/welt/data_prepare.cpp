// welt data prepare: a data set into shards. The options are those of the Python tool, with _ or - between words.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "apps/welt/data_words.h"
#include "apps/welt/seed_option.h"
#include "apps/welt/verb.h"
#include "core/base/progress.h"
#include "core/base/table.h"
#include "core/prepare/prepare.h"

namespace welt {
namespace {

struct Options {
  PrepareOptions prepare;
  std::string segmenter = "words";
};

// "--max_seq_length,--max-seq-length"
std::string either(std::string name) {
  std::string dashed = name;
  std::ranges::replace(dashed, '_', '-');
  return dashed == name ? "--" + name : "--" + name + ",--" + dashed;
}

void print(const PrepareOptions& options, const PrepareReport& report) {
  std::vector<std::vector<std::string>> table{{"split", "examples", options.unit_type, "shards"}};
  for (const PrepareReport::Split& split : report.splits)
    table.push_back(
        {split.name, std::to_string(split.examples), std::to_string(split.units), std::to_string(split.shards)});
  fmt::print("{}", format_table(table));
  fmt::print("{} rows: {} without text, {} left out as invalid, {} as duplicates; {} examples fitted no split\n",
             report.rows, report.empty, report.invalid, report.duplicates, report.passed_over);
  if (report.resumed_rows > 0) fmt::print("The first {} rows were done before.\n", report.resumed_rows);
  if (report.splits.empty()) fmt::print("Nothing was written: no example fits the limits.\n");
  fmt::print("{}\n", options.dry_run        ? "A dry run: no file was written."
                     : report.reached_limit ? "The limits are reached."
                                            : "All rows were read.");
}

void run(Options& options) {
  PrepareOptions& prepare = options.prepare;
  if (prepare.train_split_units <= 0 && prepare.validation_split_units <= 0)
    throw CLI::ValidationError("one of --train_split_units and --validation_split_units has to be above 0");
  const std::int64_t limit = prepare.train_split_units + prepare.validation_split_units;
  const DataWords words(options.segmenter, std::max<std::int64_t>(prepare.max_bytes_per_word, 0),
                        prepare.reference_compatible);
  PrepareReport report;
  {
    Progress progress("prepare", limit);
    report = prepare_data(prepare, words.split(), [&](std::int64_t units, std::int64_t rows) {
      progress.update(units, fmt::format("{} of {} rows", prepare.unit_type, rows));
    });
  }
  print(prepare, report);
}

void add_source(CLI::App& verb, PrepareOptions& options) {
  const auto group = [](CLI::Option* option) { return option->group("Data set"); };
  group(verb.add_option(either("dataset_name"), options.dataset_name,
                        "A folder, a file or pattern, - for standard input, or org/name of the Hugging Face cache"))
      ->required();
  group(verb.add_option(either("dataset_config"), options.dataset_config, "Configuration that the card names"));
  group(verb.add_option(either("dataset_split"), options.dataset_split, "Split to read"))->capture_default_str();
  group(verb.add_option(either("text_column"), options.text_column, "Column that holds the text"))
      ->capture_default_str();
  group(verb.add_option(either("text_template"), options.text_template,
                        "Text made of several columns, as Python formats it: '<en> {translation[en]}'"));
  group(verb.add_option(either("id_column"), options.id_column, "Column to keep as \"id\""));
  group(verb.add_option("--language", options.language, "Language tag of every example: eng_Latn"))->required();
}

void add_amounts(CLI::App& verb, PrepareOptions& options) {
  const auto group = [](CLI::Option* option) { return option->group("Amounts"); };
  group(verb.add_option(either("unit_type"), options.unit_type, "What is counted: words, or chars (code points)"))
      ->check(CLI::IsMember({"words", "chars"}))
      ->capture_default_str();
  group(verb.add_option(either("train_split_units"), options.train_split_units, "Units of the split train"))
      ->capture_default_str();
  group(verb.add_option(either("validation_split_units"), options.validation_split_units,
                        "Units of the split validation, which is filled first"))
      ->capture_default_str();
  group(verb.add_option(either("num_units_per_file"), options.num_units_per_file,
                        "A shard ends once it has as many units; default: one shard"));
  group(verb.add_option(either("max_seq_length"), options.max_seq_length, "Cut documents every so many words"));
  group(verb.add_flag(either("drop_remainder"), options.drop_remainder, "Leave out a document's last, shorter piece"));
  group(verb.add_option(either("max_bytes_per_word"), options.max_bytes_per_word,
                        "Longest word; what a training calls max_word_length, less 2"))
      ->capture_default_str();
  group(add_seed(verb, options.seed, "Of the shuffle"));
  group(verb.add_option(either("shuffle_buffer_size"), options.shuffle_buffer_size, "Rows that are shuffled at a time"))
      ->capture_default_str();
}

void add_run(CLI::App& verb, Options& options) {
  PrepareOptions& prepare = options.prepare;
  const auto group = [](CLI::Option* option) { return option->group("Run"); };
  group(verb.add_option(either("output_path"), prepare.output_path, "Folder for the shards"))->required();
  prepare.workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  group(verb.add_option("--workers", prepare.workers, "Threads; the files do not depend on them"))
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  group(verb.add_option("--dedup", prepare.dedup, "Leave out texts that were there before: the same, or nearly so"))
      ->check(CLI::IsMember(prepare_dedups()))
      ->capture_default_str();
  group(verb.add_option(either("on_invalid"), prepare.on_invalid,
                        "Rows without a text: stop, skip them, or skip them with a warning each"))
      ->check(CLI::IsMember(prepare_on_invalid()))
      ->capture_default_str();
  group(verb.add_option("--segmenter", options.segmenter, "Segmenter, or the path of a plugin file"))
      ->capture_default_str();
  auto* resume = group(verb.add_flag("--resume", prepare.resume, "Go on behind the last whole shard of a broken run"));
  group(verb.add_flag("--overwrite", prepare.overwrite, "Replace what an earlier run left"))->excludes(resume);
  group(verb.add_flag(either("dry_run"), prepare.dry_run, "Read and count, write nothing"));
  group(verb.add_flag(either("reference_compatible"), prepare.reference_compatible,
                      "The Python tool's files where it loses data: docs/data.md"));
}

}  // namespace

void add_data_prepare(CLI::App& data) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = data.add_subcommand("prepare", "Write a data set as shards of JSON lines");
  add_source(*verb, options->prepare);
  add_amounts(*verb, options->prepare);
  add_run(*verb, *options);
  verb->footer(
      "Examples:\n"
      "  welt data prepare --dataset_name corpus --language eng_Latn --train_split_units 1000000 \\\n"
      "    --validation_split_units 20000 --num_units_per_file 100000 --max_seq_length 512 --output_path out\n"
      "  welt data prepare --dataset_name opus --dataset_config en-he --language heb_Hebr \\\n"
      "    --text_template '<en> {translation[en]} <he> {translation[he]}' --train_split_units 1000000 "
      "--output_path out\n"
      "  zcat dump.jsonl.gz | welt data prepare --dataset_name - --language deu_Latn --train_split_units 1000000 "
      "--output_path out");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
