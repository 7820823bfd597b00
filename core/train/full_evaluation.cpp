// See full_evaluation.h.
#include "core/train/full_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "core/base/printable.h"
#include "core/base/table.h"
#include "core/generate/settings.h"
#include "core/kernels/step_weights.h"
#include "core/text/control.h"
#include "core/text/units.h"
#include "core/train/evaluation.h"

namespace welt {
namespace {

using Json = nlohmann::json;

// Of the words that are predicted.
std::int64_t characters_of(const std::vector<Batch>& batches) {
  constexpr Units code_points(Encoding::utf32);
  std::int64_t count = 0;
  for (const Batch& batch : batches)
    for (const std::int64_t word : batch.label) {
      if (word < 0) continue;
      const auto bytes = batch.table.word(word);
      count += code_points.count(bytes) - (batch.table.nul_is_padding ? std::ranges::count(bytes, pad_byte) : 0);
    }
  return count;
}

Json figures_json(const TextFigures& figures) {
  Json json = evaluation_json(figures.sums);
  json["bits_per_character"] = figures.bits_per_character();
  json["characters"] = figures.characters;
  return json;
}

std::string score_text(const std::string& name, double value) { return fmt::format("{} {:.4g}", name, value); }

}  // namespace

double TextFigures::bits_per_character() const {
  return characters > 0 ? sums.nats / std::numbers::ln2 / static_cast<double>(characters) : 0;
}

Evaluation evaluate_fully(Session& session, const Recipe& recipe) {
  const auto losses = [&](const std::vector<Batch>& batches) {
    return TextFigures{.sums = evaluate(session.model, batches, session.chunk_tokens, session.amp),
                       .characters = characters_of(batches)};
  };
  Evaluation out{.all = losses(session.validation_batches), .groups = {}, .texts = {}};
  for (const auto& [name, batches] : session.held_out.groups) out.groups.emplace(name, losses(batches));
  if (session.held_out.rows.empty()) return out;
  TextEvaluationOptions options{.metrics = text_metrics_of(recipe),
                                .generate = generate_options(recipe),
                                .batch = recipe.integer("train.batch"),
                                .samples = recipe.integer("evaluate.samples"),
                                .by_group = !recipe.string("evaluate.group_by").empty()};
  options.generate.sampling.seed = static_cast<std::uint64_t>(recipe.integer("seed"));
  const kernels::StepWeightsScope weights(recipe.string("generate.weights"));
  out.texts = evaluate_texts(session.model, session.text, session.held_out.rows, options);
  return out;
}

Json evaluation_json(const Evaluation& evaluation) {
  Json json = figures_json(evaluation.all);
  for (const auto& [name, figures] : evaluation.groups) json["groups"][name] = figures_json(figures);
  if (!evaluation.texts) return json;
  const TextEvaluation& texts = *evaluation.texts;
  json.update(texts.scores(texts.all));
  json["texts"] = texts.all.pairs;
  for (const auto& [name, sums] : texts.groups) {
    json["groups"][name].update(texts.scores(sums));
    json["groups"][name]["texts"] = sums.pairs;
  }
  return json;
}

std::vector<Json> sample_lines(const Evaluation& evaluation) {
  std::vector<Json> lines;
  if (!evaluation.texts) return lines;
  for (const ScoredText& sample : evaluation.texts->samples) {
    lines.push_back({{"prefix", sample.row.prefix},
                     {"text", sample.text},
                     {"completion", sample.row.completion},
                     {"scores", evaluation.texts->scores_of_one(sample.sums)}});
    if (!sample.row.group.empty()) lines.back()["group"] = sample.row.group;
  }
  return lines;
}

std::string metric_lines(const Evaluation& evaluation) {
  if (!evaluation.texts) return {};
  std::string text;
  const TextEvaluation& texts = *evaluation.texts;
  for (const TextMetric* metric : texts.metrics)
    text +=
        fmt::format("  {:<15} {:.4f} ({} texts written)\n", metric->name, metric->value(texts.all), texts.all.pairs);
  return text;
}

std::string group_table(const Evaluation& evaluation, const std::string& field) {
  if (evaluation.groups.empty()) return {};
  const bool byte_lm = evaluation.all.sums.words == 0;
  std::vector<std::vector<std::string>> rows{
      {field, byte_lm ? "bytes" : "words", "bits/byte", "bits/char", "loss", "perplexity", "bytes right"}};
  if (!byte_lm) rows.front().emplace_back("words right");
  if (evaluation.texts) {
    rows.front().emplace_back("texts");
    for (const TextMetric* metric : evaluation.texts->metrics) rows.front().emplace_back(metric->name);
  }
  const auto add = [&](const std::string& name, const TextFigures& figures, const TextSums* texts) {
    const LossSums& sums = figures.sums;
    rows.push_back({printable(name), std::to_string(byte_lm ? sums.text_bytes : sums.words),
                    fmt::format("{:.4f}", sums.bits_per_byte()), fmt::format("{:.4f}", figures.bits_per_character()),
                    fmt::format("{:.4f}", sums.loss()), fmt::format("{:.3f}", sums.perplexity()),
                    fmt::format("{:.2f} %", 100 * sums.byte_accuracy())});
    if (!byte_lm) rows.back().push_back(fmt::format("{:.2f} %", 100 * sums.word_accuracy()));
    if (!evaluation.texts) return;
    rows.back().push_back(std::to_string(texts != nullptr ? texts->pairs : 0));
    for (const TextMetric* metric : evaluation.texts->metrics)
      rows.back().push_back(texts != nullptr ? fmt::format("{:.4f}", metric->value(*texts)) : "");
  };
  for (const auto& [name, figures] : evaluation.groups) {
    const TextSums* texts = nullptr;
    if (evaluation.texts)
      if (const auto at = evaluation.texts->groups.find(name); at != evaluation.texts->groups.end())
        texts = &at->second;
    add(name, figures, texts);
  }
  add("all", evaluation.all, evaluation.texts ? &evaluation.texts->all : nullptr);
  return "\n" + format_table(rows);
}

std::string sample_text(const Evaluation& evaluation) {
  std::string text;
  for (const Json& line : sample_lines(evaluation)) {
    std::string scores;
    for (const auto& [name, value] : line.at("scores").items())
      scores += (scores.empty() ? "" : ", ") + score_text(name, value.get<double>());
    const auto part = [&](const char* key) { return printable(line.at(key).get<std::string>()); };
    text +=
        fmt::format("  {}| {}\n    expected: {}\n    {}\n", part("prefix"), part("text"), part("completion"), scores);
  }
  return text.empty() ? text : "\nSamples (prefix | what the model wrote)\n" + text;
}

}  // namespace welt
