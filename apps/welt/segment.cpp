// `welt segment`: the words that a segmenter makes of a text.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/component_config.h"
#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"
#include "core/plugin/registry.h"
#include "core/text/segmenter.h"
#include "core/text/word_stream.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::string file = "-", segmenter = "words";
  std::int64_t max_bytes = 0, max_characters = 0;
  std::vector<std::string> settings;
  bool reference_compatible = false, as_json = false, as_jsonl = false;
};

std::string input(const std::string& file) {
  LineReader reader = LineReader::of_file_or_stdin(file);
  std::string text(reader.rest());
  const std::size_t fault = find_invalid_utf8(text);
  if (fault != utf8_ok) {
    fail({.where = reader.text().name(),
          .found = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(text[fault])),
          .expected = "text in UTF-8",
          .mend = "Convert it (iconv)"},
         ErrorCode::data_loss);
  }
  return text;
}

std::int64_t characters_of(std::string_view text) {
  return std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

// Words, which of them are complete (a digit each), the spans of scripts: [name, code points] each, and the ids of the
// text in the segmenter's vocabulary, if it has one.
json answer(const Segmenter& segmenter, const std::string& text) {
  std::vector<std::uint64_t> ends;
  std::vector<std::uint32_t> engines;
  segmenter.split(text, ends, &engines);
  json words = json::array(), spans = json::array();
  std::string complete;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::string word = text.substr(begin, ends[i] - begin);
    begin = ends[i];
    complete += segmenter.is_complete(word) ? '1' : '0';
    if (i == 0 || engines[i] != engines[i - 1]) spans.push_back({segmenter.engine_name(engines[i]), 0});
    spans.back()[1] = spans.back()[1].get<std::int64_t>() + characters_of(word);
    words.push_back(word);
  }
  const bool is_mixed = std::ranges::any_of(engines, [&](std::uint32_t engine) { return engine != engines.front(); });
  json object = {{"words", std::move(words)},
                 {"complete", complete},
                 {"engine", is_mixed        ? json("mixed")
                            : spans.empty() ? json("default")
                                            : spans[0][0]},
                 {"spans", std::move(spans)}};
  if (std::vector<std::int64_t> ids; segmenter.encode(text, ids)) object["ids"] = std::move(ids);
  return object;
}

// A word a line, in bounded memory.
void print_words(const Segmenter& segmenter, const std::string& file) {
  TextStream text = file == "-" ? TextStream::standard_input() : TextStream(file);
  WordStream words(segmenter, [](std::string_view word) { fmt::print("{}\n", json_text(json(word))); });
  for (std::string piece; text.more(piece); piece.clear()) with_context(text.name(), [&] { words.feed(piece); });
  with_context(text.name(), [&] { words.finish(); });
}

void run(const Options& options) {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, options.segmenter);
  json settings = component_settings(options.settings);
  if (options.reference_compatible) settings["reference_compatible"] = true;
  const ConfigView config(type, settings, true, "segment");
  const Component component(type, config, WELT_INIT_NONE);
  if (options.as_jsonl) {
    return answer_lines([&](const json& request) {
      const json limits = options_field(request, {"max_bytes", "max_characters"});
      const Segmenter segmenter(component, integer_field(limits, "max_bytes", options.max_bytes),
                                integer_field(limits, "max_characters", options.max_characters));
      return answer(segmenter, text_field(request, "text"));
    });
  }
  const Segmenter segmenter(component, options.max_bytes, options.max_characters);
  if (!options.as_json) return print_words(segmenter, options.file);
  json object = answer(segmenter, input(options.file));
  object["fingerprint"] = segmenter.fingerprint();
  fmt::print("{}\n", json_text(object));
}

void add_limits(CLI::App& verb, Options& options) {
  auto* bytes = verb.add_option("--max-bytes", options.max_bytes, "Longest word in bytes; 0: no limit")
                    ->check(CLI::NonNegativeNumber)
                    ->capture_default_str()
                    ->group("Segmenter");
  verb.add_option("--max-characters", options.max_characters, "Longest word in code points; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->excludes(bytes)
      ->group("Segmenter");
}

}  // namespace

void add_segment(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("segment", "Show the words that a segmenter makes of a text");
  verb->add_option("FILE", options->file, "Text in UTF-8; - is standard input")->type_name("")->capture_default_str();
  verb->add_option("--segmenter,--plugin", options->segmenter, "Segmenter, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Segmenter");
  add_limits(*verb, *options);
  verb->add_flag("--reference-compatible", options->reference_compatible,
                 "Scripts, spans and completeness as the Python package has them: --set reference_compatible=true")
      ->group("Segmenter");
  add_component_settings(*verb, options->settings, "A key of the segmenter: --set thai=icu")->group("Segmenter");
  auto* as_json =
      verb->add_flag("--json", options->as_json,
                     "One object: words, which of them are complete (a digit each), the spans of scripts, the ids of a "
                     "segmenter with a vocabulary, dictionaries")
          ->group("Output");
  verb->add_flag("--jsonl", options->as_jsonl,
                 "Answer each line {text, options: {max_bytes, max_characters}} of standard input by such an object")
      ->excludes(as_json)
      ->group("Output");
  verb->footer(
      "Without --json: a word a line, as a JSON string.\n\nExamples:\n  echo 'hello  world' | welt segment\n"
      "  welt segment --max-bytes 30 --json book.txt\n"
      "  welt segment --segmenter graphemes book.txt\n"
      "  welt segment --segmenter bpe --set tokenizer=pythia/tokenizer.json --jsonl < texts.jsonl\n"
      "  welt segment --reference-compatible --jsonl < texts.jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
