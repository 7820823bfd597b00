// `welt process`: the columns that training makes of texts, laid out as the Python WeLT's processor lays them out.
// (What the program does to its own process at its start is in process_setup.cpp.)
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/data/batch_builder.h"
#include "core/data/dense_view.h"
#include "core/plugin/registry.h"
#include "core/plugin/schema.h"
#include "core/text/control.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

using nlohmann::json;

// About the bytes that an answer may take as it is made, twice over; a row of 10,000 words of 32 bytes does fit. A
// place of a mask takes one, an id of the tables of a slot 40.
constexpr std::size_t most_bytes = std::size_t{1} << 28, slot_bytes = 40;

struct Options {
  std::string segmenter = "words";
  bool reference_compatible = false, as_jsonl = false;
};

struct Limits {
  std::int64_t max_bytes = 0, max_characters = 0, max_word_length = 32;
  Encoding encoding = Encoding::utf8;
};

// A row to be: words one behind the other, and how many each document has.
struct Row {
  std::string text;                 // of all its words
  std::vector<std::uint64_t> ends;  // of each word in it
  std::vector<std::int64_t> lengths;

  void add(std::string_view word) {
    text += word;
    ends.push_back(text.size());
  }
  std::size_t size() const { return ends.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::uint64_t begin = i > 0 ? ends[i - 1] : 0;
    return std::string_view(text).substr(begin, ends[i] - begin);
  }
};

Encoding encoding_of(const json& options) {
  if (!options.contains("encoding") || options["encoding"].is_null()) return Encoding::utf8;
  const std::string name = text_field(options, "encoding");
  if (const auto encoding = find_encoding(name)) return *encoding;
  fail({"the option \"encoding\"", fmt::format("\"{:.60}\"", name), "\"utf-8\", \"utf-16\" or \"utf-32\""});
}

Limits limits_of(const json& request, bool reference_compatible) {
  const json options = options_field(request, {"max_bytes", "max_characters", "max_word_length", "encoding"});
  Limits limits{.encoding = encoding_of(options)};
  limits.max_word_length = integer_field(options, "max_word_length", limits.max_word_length);
  if (limits.max_word_length < 2) {
    if (!reference_compatible || limits.max_word_length < 0) {
      fail({"the option \"max_word_length\"", std::to_string(limits.max_word_length), "at least 2: BOS and EOS count"});
    }
    limits.max_word_length = 0;  // no room for BOS and EOS: the reference cuts nothing
  }
  limits.max_characters = integer_field(options, "max_characters", 0);
  const bool says_bytes = options.contains("max_bytes") || limits.max_characters > 0;
  limits.max_bytes =
      says_bytes ? integer_field(options, "max_bytes", 0) : std::max<std::int64_t>(limits.max_word_length - 2, 0);
  return limits;
}

std::vector<std::int64_t> lengths_of(const json& input, std::size_t words) {
  if (!input.contains("seq_lengths") || input["seq_lengths"].is_null()) return {static_cast<std::int64_t>(words)};
  const json& value = input["seq_lengths"];
  std::vector<std::int64_t> lengths;
  std::uint64_t sum = 0;
  const bool fits = value.is_array() && std::ranges::all_of(value, [&](const json& length) {
                      if (!length.is_number_unsigned() || length.get<std::uint64_t>() > words) return false;
                      lengths.push_back(length.get<std::int64_t>());
                      sum += static_cast<std::uint64_t>(lengths.back());
                      return lengths.back() > 0;
                    });
  if (!fits || sum != words) {
    fail({.where = "the field \"seq_lengths\"",
          .found = fmt::format("{:.60}", json_text(value)),
          .expected = fmt::format("the words of each document: positive numbers that add up to {}", words)});
  }
  return lengths;
}

// BOS and the text's words.
Row row_of_text(const std::string& text, const Segmenter& segmenter) {
  Row row;
  const std::string whole = static_cast<char>(bos_byte) + text;
  segmenter.split(whole, row.ends);
  row.text = whole;
  row.lengths = {static_cast<std::int64_t>(row.size())};
  return row;
}

std::vector<Row> rows_of(const json& request, const Segmenter& segmenter) {
  const auto input = request.find("input");
  if (input == request.end() || !input->is_object() || input->contains("texts") == input->contains("words")) {
    fail({.where = "the field \"input\"",
          .found = input == request.end() ? "nothing" : fmt::format("{} ({:.60})", input->type_name(), input->dump()),
          .expected = "an object with texts, or with words and seq_lengths"});
  }
  std::vector<Row> rows;
  if (input->contains("texts")) {
    for (const std::string& text : texts_field(*input, "texts")) rows.push_back(row_of_text(text, segmenter));
  } else {
    const auto words = texts_field(*input, "words");
    Row row{.lengths = lengths_of(*input, words.size())};
    for (const std::string& word : words) row.add(word);
    rows.push_back(std::move(row));
  }
  if (rows.empty() || rows[0].size() == 0) fail({"the field \"input\"", "no text and no word", "at least one"});
  return rows;
}

// What the Python processor warns of: it pairs SO and SI over the whole row, and does so twice.
void add_warnings(const Row& row, json& warnings) {
  std::vector<std::string> names;
  std::vector<Block> blocks;
  find_blocks(
      0, row.size(), [&](std::uint64_t i) { return row[i]; }, blocks,
      [&](BlockFault fault) {
        names.emplace_back(fault == BlockFault::nested     ? "nested_so"
                           : fault == BlockFault::unclosed ? "unclosed_so"
                                                           : "si_without_so");
      });
  for (int scan = 0; scan < 2; ++scan)
    for (const std::string& name : names) warnings.push_back(name);
}

// The way of training: corpus, a plan of one row, batch. Words are cut to max_word_length as they enter the corpus, but
// where the unit is no byte, or the reference's cut is asked for: then as the columns are made.
DenseExample example_of(const Row& row, const Limits& limits, bool reference_compatible, BlockFaults& faults) {
  Corpus corpus;
  const bool cut_early = limits.encoding == Encoding::utf8 && !reference_compatible;
  std::size_t first = 0;
  std::uint64_t begin = 0;
  for (const std::int64_t length : row.lengths) {
    std::vector<std::uint64_t> ends(row.ends.begin() + static_cast<std::ptrdiff_t>(first),
                                    row.ends.begin() + static_cast<std::ptrdiff_t>(first) + length);
    const std::uint64_t end = ends.back();
    for (std::uint64_t& at : ends) at -= begin;
    corpus.add(std::string_view(row.text).substr(begin, end - begin), ends, cut_early ? limits.max_word_length - 2 : 0,
               /*with_bos=*/false);
    first += static_cast<std::size_t>(length);
    begin = end;
  }
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < corpus.size(); ++i)
    pieces.push_back({corpus.documents[i], corpus.documents[i + 1], corpus.documents[i], true});
  faults.nested += corpus.faults.nested;
  faults.unclosed += corpus.faults.unclosed;
  faults.without_start += corpus.faults.without_start;
  const std::span<const Piece> plan = pieces;
  const bool as_reference = reference_compatible;
  const Batch batch = build_batch(corpus, {&plan, 1}, static_cast<std::int64_t>(row.size()),
                                  {.blocks_cross_documents = as_reference,
                                   .pad_words = as_reference,
                                   .cut_words_end_text = as_reference,
                                   .nul_is_padding = as_reference},
                                  Units(limits.encoding));
  return dense_example(batch, 0, {.max_length = limits.max_word_length, .cut_characters = as_reference});
}

json bits(const DenseExample::Mask& mask) {
  json rows = json::array();
  for (const auto& row : mask) {
    std::string text(row.size(), '0');
    for (std::size_t i = 0; i < row.size(); ++i) text[i] = row[i] != 0 ? '1' : '0';
    rows.push_back(std::move(text));
  }
  return rows;
}

json columns(const DenseExample& example) {
  return {{"input_ids", example.input_ids},
          {"input_attention_mask", bits(example.input_attention_mask)},
          {"attention_mask", bits(example.attention_mask)},
          {"position_ids", example.position_ids},
          {"labels_input", example.labels_input},
          {"labels_attention_mask", bits(example.labels_attention_mask)},
          {"labels_output", example.labels_output}};
}

// The words as they are before any cut, and the word that each is to be followed by.
void add_words(const Row& row, json& example) {
  json words = json::array(), labels = json::array();
  std::size_t slot = 0;
  for (const std::int64_t length : row.lengths) {
    for (std::int64_t i = 0; i < length; ++i, ++slot) {
      words.push_back(row[slot]);
      labels.push_back(i + 1 < length ? row[slot + 1] : std::string_view());
    }
  }
  example["words"] = std::move(words);
  example["labels"] = std::move(labels);
  example["seq_lengths"] = row.lengths;
}

void check_size(const std::vector<Row>& rows, const Limits& limits) {
  std::size_t words = 0, longest = 0;
  for (const Row& row : rows) {
    words = std::max(words, row.size());
    for (std::size_t i = 0; i < row.size(); ++i) longest = std::max(longest, row[i].size());
  }
  if (limits.max_word_length > 0) longest = std::min(longest, static_cast<std::size_t>(limits.max_word_length));
  if (words + slot_bytes * (longest + 2) <= most_bytes / words / rows.size()) return;
  fail({.where = "the field \"input\"",
        .found = fmt::format("{} rows of up to {} words of up to {} bytes", rows.size(), words, longest),
        .expected = fmt::format("tables of at most {} bytes in all", most_bytes),
        .mend = "Give shorter or fewer texts to a line, or a smaller max_word_length"},
       ErrorCode::resource_exhausted);
}

json collated_columns(std::vector<DenseExample>& examples, json& shapes) {
  const DenseShape shape = collate(examples);
  const std::size_t rows = examples.size();
  const auto of_inputs = {rows, shape.words, shape.input_width}, of_labels = {rows, shape.words, shape.label_width};
  shapes = {{"input_ids", of_inputs},
            {"input_attention_mask", of_inputs},
            {"attention_mask", {rows, std::size_t{1}, shape.words, shape.words}},
            {"position_ids", {rows, shape.words}},
            {"labels_input", of_labels},
            {"labels_attention_mask", of_labels},
            {"labels_output", of_labels}};
  json collated = json::object();
  for (const DenseExample& example : examples) {
    const json own = columns(example);
    for (const auto& [name, table] : own.items()) collated[name].push_back(table);
  }
  return collated;
}

json answer(const Component& component, const Options& options, const json& request) {
  const Limits limits = limits_of(request, options.reference_compatible);
  const std::vector<Row> rows = rows_of(request, Segmenter(component, limits.max_bytes, limits.max_characters));
  check_size(rows, limits);
  json warnings = json::array(), out = json::array();
  std::vector<DenseExample> examples;
  BlockFaults faults;
  for (const Row& row : rows) {
    add_warnings(row, warnings);
    examples.push_back(example_of(row, limits, options.reference_compatible, faults));
    json example = columns(examples.back());
    add_words(row, example);
    out.push_back(std::move(example));
  }
  json shapes, collated = collated_columns(examples, shapes);
  return {{"warnings", std::move(warnings)},
          {"examples", std::move(out)},
          {"collated", std::move(collated)},
          {"collated_shapes", std::move(shapes)},
          {"block_faults",
           {{"nested", faults.nested}, {"unclosed", faults.unclosed}, {"without_start", faults.without_start}}}};
}

void run(const Options& options) {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, options.segmenter);
  json config = json::object();
  const auto keys = schema_keys(type);
  if (std::ranges::any_of(keys, [](const SchemaKey& key) { return key.name == "reference_compatible"; }))
    config["reference_compatible"] = options.reference_compatible;
  const ConfigView view(type, config, true, "process");
  const Component component(type, view, WELT_INIT_NONE);
  answer_lines([&](const json& request) { return answer(component, options, request); });
}

}  // namespace

void add_process(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("process", "Show the columns that training makes of texts");
  verb->add_option("--segmenter", options->segmenter, "Segmenter, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME");
  verb->add_flag("--reference-compatible", options->reference_compatible,
                 "The Python WeLT's columns where they differ: blocks over the borders of documents, words cut inside "
                 "a character, NUL masked, labels for padding");
  verb->add_flag("--jsonl", options->as_jsonl,
                 "Answer each line {input, options} of standard input by {examples, collated, …}. input: {texts}, or "
                 "{words, seq_lengths}; options: max_bytes or max_characters, max_word_length, encoding")
      ->required()
      ->group("Output");
  verb->footer(
      "Examples:\n  echo '{\"input\": {\"texts\": [\"red sky\"]}, \"options\": {\"max_bytes\": 30}}' | welt process "
      "--jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
