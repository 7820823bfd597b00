// `welt control`: control characters made visible.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/data/line_reader.h"
#include "core/text/control_pictures.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  bool keep_white_space = false, as_jsonl = false;
};

json answer(const json& request) {
  const std::string text = text_field(request, "text");
  return {{"no_whitespace", control_pictures(text, WhiteSpace::keep)},
          {"with_whitespace", control_pictures(text, WhiteSpace::show)}};
}

void run(const Options& options) {
  if (options.as_jsonl) return answer_lines(answer);
  LineReader reader(TextStream::standard_input());
  const std::string_view text = reader.rest();
  fmt::print("{}", control_pictures(text, options.keep_white_space ? WhiteSpace::keep : WhiteSpace::show));
}

}  // namespace

void add_control(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("control", "Show control characters as pictures");
  auto* keep = verb->add_flag("--keep-white-space", options->keep_white_space,
                              "Leave tabs and line ends as they are; default: these are shown too");
  verb->add_flag("--jsonl", options->as_jsonl,
                 "Answer each line {text} of standard input by {no_whitespace, with_whitespace}")
      ->excludes(keep)
      ->group("Output");
  verb->footer(
      "Reads standard input.\n\nExamples:\n  printf '\\016a b\\017\\n' | welt control --keep-white-space\n"
      "  welt control --jsonl < texts.jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
