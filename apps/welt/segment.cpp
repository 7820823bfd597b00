// `welt segment`: the words that a segmenter makes of a text.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::string file = "-", plugin = "words";
  std::int64_t max_bytes = 0, max_characters = 0;
  bool as_json = false;
};

std::string input(const std::string& file) {
  std::string text = file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(file);
  const std::size_t fault = find_invalid_utf8(text);
  if (fault != utf8_ok) {
    fail({.where = file == "-" ? "standard input" : file,
          .found = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(text[fault])),
          .expected = "text in UTF-8",
          .mend = "Convert it (iconv)"},
         ErrorCode::data_loss);
  }
  return text;
}

void run(const Options& options) {
  const ComponentType& type = Registry::instance().find(WELT_SEGMENTER_INTERFACE, options.plugin);
  const ConfigView config(type, json::object(), true, "segment");
  const Component component(type, config, WELT_INIT_NONE);
  const Segmenter segmenter(component, options.max_bytes, options.max_characters);
  const auto words = segmenter.words(input(options.file));
  if (!options.as_json) {
    for (const std::string& word : words) fmt::print("{}\n", json(word).dump());
    return;
  }
  std::string complete;
  for (const std::string& word : words) complete += segmenter.is_complete(word) ? '1' : '0';
  fmt::print("{}\n", json{{"words", words}, {"complete", complete}}.dump());
}

}  // namespace

void add_segment(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("segment", "Show the words that a segmenter makes of a text");
  verb->add_option("FILE", options->file, "Text in UTF-8; - is standard input")->type_name("")->capture_default_str();
  verb->add_option("--plugin", options->plugin, "Segmenter, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Segmenter");
  auto* bytes = verb->add_option("--max-bytes", options->max_bytes, "Longest word in bytes; 0: no limit")
                    ->check(CLI::NonNegativeNumber)
                    ->capture_default_str()
                    ->group("Segmenter");
  verb->add_option("--max-characters", options->max_characters, "Longest word in code points; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->excludes(bytes)
      ->group("Segmenter");
  verb->add_flag("--json", options->as_json, "One object: words, and which of them are complete (a digit each)")
      ->group("Output");
  verb->footer(
      "Without --json: a word a line, as a JSON string.\n\nExamples:\n  echo 'hello  world' | welt segment\n"
      "  welt segment --max-bytes 30 --json book.txt");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
