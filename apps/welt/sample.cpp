// welt sample: what the rules of generation make of given scores, for comparing them with other programs'.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/generate/generation_config.h"

namespace welt {
namespace {

using nlohmann::json;

constexpr double barred = -std::numeric_limits<double>::infinity();

std::vector<double> scores_of(const json& request) {
  const auto at = request.find("logits");
  const bool list = at != request.end() && at->is_array() && at->size() == 256;
  std::vector<double> scores;
  for (std::size_t i = 0; list && i < at->size(); ++i) {
    const json& value = (*at)[i];
    if (!value.is_null() && !value.is_number()) break;
    scores.push_back(value.is_null() ? barred : value.get<double>());
  }
  if (scores.size() != 256)
    fail({"the field \"logits\"",
          at == request.end() ? "nothing"
          : list              ? "a value that is no number"
                              : "another value",
          "a list of 256 numbers, null for minus infinity",
          {}});
  return scores;
}

std::string before_of(const json& request) {
  std::string bytes;
  const json& before = request.at("before");
  bool fits = before.is_array();
  for (const json& byte : fits ? before : json::array()) {
    fits = fits && byte.is_number_integer() && byte >= 0 && byte <= 255;
    if (fits) bytes.push_back(static_cast<char>(byte.get<int>()));
  }
  if (!fits) fail({"the field \"before\"", "another value", "a list of bytes, 0 to 255", {}});
  return bytes;
}

json number_of(double score) { return score == barred ? json() : json(score); }

// Scores behind the bytes of a word so far.
json step(const std::vector<double>& logits, const std::string& before, const GenerateOptions& options) {
  std::vector<double> scores = logits;
  const std::int64_t room = options.max_bytes > 0 ? options.max_bytes - std::ssize(before) : 0;
  // Here nothing is counted beside the bytes: neither latent nor BOS.
  options.rules.apply(scores, before, /*given=*/-2, room);
  filter_scores(scores, options.sampling);
  if (options.rules.renormalise) log_softmax(scores);
  json all = json::array();
  for (const double score : scores) all.push_back(number_of(score));
  return {{"scores", all}};
}

json filtered(std::vector<double> scores, const GenerateOptions& options) {
  filter_scores(scores, options.sampling);
  log_softmax(scores);
  json allowed = json::array(), probabilities = json::array();
  for (std::size_t byte = 0; byte < scores.size(); ++byte) {
    if (scores[byte] == barred) continue;
    allowed.push_back(byte);
    probabilities.push_back(std::exp(scores[byte]));
  }
  return {{"allowed", allowed}, {"probabilities", probabilities}};
}

json answer(const json& request) {
  const auto at = request.find("options");
  GenerateOptions options = step_config(at == request.end() || at->is_null() ? json::object() : *at);
  options.sampling.min_keep = integer_field(request, "min_tokens_to_keep", 1);
  options.sampling.check();
  const std::vector<double> scores = scores_of(request);
  if (request.contains("before") && !request["before"].is_null()) return step(scores, before_of(request), options);
  return filtered(scores, options);
}

}  // namespace

void add_sample(CLI::App& app) {
  auto jsonl = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("sample", "What sampling filters and rules make of scores that are given");
  verb->add_flag("--jsonl", *jsonl,
                 "Answer each line {logits, options, min_tokens_to_keep} of standard input by the bytes that may be "
                 "drawn and their probabilities, and each that has \"before\", the bytes of the word so far, by all "
                 "256 scores")
      ->required();
  verb->footer(
      "logits: 256 numbers, null for minus infinity. options: names of transformers' GenerationConfig. There is no\n"
      "rule on UTF-8 here. Other keys are ignored; a line that fails is answered by {\"error\": ...}.\n\nExamples:\n"
      "  welt sample --jsonl < filters.jsonl\n"
      "  python3 -c 'import json; print(json.dumps({\"logits\": list(range(256)), \"options\": {\"top_k\": 3}}))' |\n"
      "      welt sample --jsonl");
  verb->callback([] { answer_every_line(answer); });
}

}  // namespace welt
