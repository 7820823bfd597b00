// `welt tokenize`: texts to ids of a tokenizer, and back.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"
#include "core/text/tokenizer.h"

namespace welt {
namespace {

using nlohmann::json;

// Of the command line; a line of JSON may say otherwise.
struct Options {
  std::vector<std::string> arguments;
  std::string encoding = "utf-8";
  std::int64_t max_length = -1;
  bool truncation = false, padding = false, no_special = false, decode = false, reference_compatible = false;
  bool as_jsonl = false;
};

Encoding encoding_of(const std::string& name) {
  const auto encoding = find_encoding(name);
  if (!encoding) fail({"encoding", fmt::format("\"{}\"", name), "utf-8, utf-16 or utf-32"});
  return *encoding;
}

json ids_and_masks(const auto& rows) {
  json ids = json::array(), masks = json::array();
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    ids.push_back(rows.row(i));
    masks.push_back(rows.row_mask(i));
  }
  return {{"input_ids", std::move(ids)}, {"attention_mask", std::move(masks)}};
}

template <typename Unit>
json tokenized(const std::vector<std::string_view>& texts, const TokenizeOptions& options) {
  TokenRows<Unit> rows;
  tokenize(texts, options, rows);
  return ids_and_masks(rows);
}

json tokenized(const std::vector<std::string>& texts, Encoding encoding, const TokenizeOptions& options) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  switch (encoding) {
    case Encoding::utf8:
      return tokenized<std::uint8_t>(views, options);
    case Encoding::utf16:
      return tokenized<std::uint16_t>(views, options);
    case Encoding::utf32:
      break;
  }
  return tokenized<std::uint32_t>(views, options);
}

TokenizeOptions tokenize_options(const Options& options, const json& given) {
  TokenizeOptions result;
  result.special = flag_field(given, "add_special_tokens", !options.no_special);
  result.padding = flag_field(given, "padding", options.padding);
  result.reference_compatible = options.reference_compatible;
  const std::int64_t limit = integer_field(given, "max_length", options.max_length);
  if (limit < 0 && given.contains("max_length") && !given["max_length"].is_null())
    fail({"the field \"max_length\"", fmt::format("{}", limit), "0 or more"});
  // A limit alone cuts nothing, and truncation without a limit neither: as in the reference.
  if (flag_field(given, "truncation", options.truncation) && limit >= 0) result.max_length = limit;
  return result;
}

std::vector<std::uint32_t> ids_field(const json& request) {
  const json list = request.value("ids", json());
  std::vector<std::uint32_t> ids;
  const auto refuse = [&](const json& found) {
    fail({.where = "the field \"ids\"",
          .found = fmt::format("{} ({:.60})", found.type_name(), json_text(found)),
          .expected = "a list of integers, 0 or more, of 32 bits"});
  };
  if (!list.is_array()) refuse(list);
  for (const json& id : list) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > UINT32_MAX) refuse(id);
    ids.push_back(id.get<std::uint32_t>());
  }
  return ids;
}

json decoded(const json& request, Encoding encoding) {
  const std::vector<std::uint32_t> ids = ids_field(request);
  try {
    return {{"text", decode(ids, encoding, false)}, {"text_skip_special", decode(ids, encoding, true)}};
  } catch (const Error& error) {
    return {{"text", nullptr}, {"text_skip_special", nullptr}, {"error", error.what()}};
  }
}

json answer(const Options& options, const json& request) {
  const bool names = request.contains("encoding") && !request["encoding"].is_null();
  const Encoding encoding = encoding_of(names ? text_field(request, "encoding") : options.encoding);
  if (options.decode || request.contains("ids")) return decoded(request, encoding);
  const json given = options_field(request, {"add_special_tokens", "padding", "truncation", "max_length"});
  return tokenized(texts_field(request, "texts"), encoding, tokenize_options(options, given));
}

std::string standard_input() { return std::string(LineReader(TextStream::standard_input()).rest()); }

std::vector<std::string> lines_of_standard_input() {
  LineReader reader(TextStream::standard_input());
  std::vector<std::string> lines;
  std::string_view line;
  for (std::uint64_t offset = 0; reader.next(line, offset);) lines.emplace_back(line);
  return lines;
}

// Numbers between blanks or commas, in brackets or not: what `welt tokenize` writes.
std::vector<std::uint32_t> parse_ids(std::string_view text) {
  std::vector<std::uint32_t> ids;
  constexpr std::string_view between = " \t\r\n,[]";
  for (std::size_t at = 0; (at = text.find_first_not_of(between, at)) != std::string_view::npos;) {
    const std::string_view word = text.substr(at, text.find_first_of(between, at) - at);
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size())
      fail({"ids", fmt::format("\"{:.40}\"", replace_invalid_utf8(word)), "whole numbers of 32 bits"});
    ids.push_back(id);
    at += word.size();
  }
  return ids;
}

void check_utf8(const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t fault = find_invalid_utf8(texts[i]);
    if (fault != utf8_ok)
      fail({fmt::format("text {}", i + 1), fmt::format("byte {} is not UTF-8", fault), "text in UTF-8"},
           ErrorCode::data_loss);
  }
}

// In a line of JSON one without the other cuts nothing, as in the reference; a person means something by it.
void check_limit(const Options& options) {
  if (options.truncation == (options.max_length >= 0)) return;
  fail({.where = options.truncation ? "--truncation" : "--max-length",
        .found = options.truncation ? "no --max-length" : "no --truncation",
        .expected = "both, or neither"});
}

void run(const Options& options) {
  if (options.as_jsonl) return answer_lines([&](const json& request) { return answer(options, request); });
  const Encoding encoding = encoding_of(options.encoding);
  if (options.decode) {
    const std::string all =
        options.arguments.empty() ? standard_input() : fmt::format("{}", fmt::join(options.arguments, " "));
    fmt::print("{}\n", decode(parse_ids(all), encoding, options.no_special));
    return;
  }
  check_limit(options);
  const std::vector<std::string> texts = options.arguments.empty() ? lines_of_standard_input() : options.arguments;
  check_utf8(texts);
  const json rows = tokenized(texts, encoding, tokenize_options(options, json::object()));
  for (const json& row : rows["input_ids"]) fmt::print("{}\n", fmt::join(row.get<std::vector<std::int64_t>>(), " "));
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("tokenize", "Ids of texts in UTF-8, UTF-16 or UTF-32, and texts of ids");
  auto* arguments =
      verb->add_option("TEXT", options->arguments, "Texts; with --decode ids. Default: the lines of standard input")
          ->type_name("");
  verb->add_option("--encoding", options->encoding, "utf-8, utf-16 or utf-32")->capture_default_str()->type_name("E");
  verb->add_option("--max-length", options->max_length,
                   "Ids of a text at most, BOS and EOS included; with --truncation")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb->add_flag("--truncation", options->truncation, "Cut longer texts, between characters");
  verb->add_flag("--padding", options->padding, "Fill up with 0 to the longest");
  verb->add_flag("--no-special-tokens", options->no_special,
                 "Without BOS (2) and EOS (3); with --decode: leave 0, 2 and 3 out");
  verb->add_flag("--decode", options->decode, "Ids to text; what is ill-formed is left out");
  verb->add_flag("--reference-compatible", options->reference_compatible,
                 "As the Python reference: cut inside characters, mask a NUL of the text");
  verb->add_flag("--jsonl", options->as_jsonl,
                 "Answer each line {encoding, texts, options} of standard input by {input_ids, attention_mask}, each "
                 "{encoding, ids} by {text, text_skip_special}")
      ->excludes(arguments)
      ->group("Output");
  verb->footer(
      "With --jsonl the other options say what holds where a line is silent.\n\nExamples:\n"
      "  welt tokenize 'in the beginning'\n  welt tokenize --encoding utf-16 --max-length 8 --truncation < text.txt\n"
      "  welt tokenize --decode 2 104 105 3\n  welt tokenize --jsonl < texts.jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
