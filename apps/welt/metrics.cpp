// `welt metrics`: BLEU, chrF and error rates of texts against references.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/welt/jsonl.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"
#include "core/metrics/text_scores.h"
#include "core/metrics/tokenizer_13a.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::string reference, hypothesis;
  bool as_json = false, as_jsonl = false;
};

json rate_of(const EditSums& sums) { return sums.is_count() ? json(sums.edits) : json(sums.rate()); }

json scores_of(const TextSums& sums) {
  const BleuScore score = sums.bleu.score();
  return {{"bleu", score.bleu},
          {"bleu_counts", sums.bleu.matches},
          {"bleu_totals", sums.bleu.totals},
          {"bleu_precisions", score.precisions},
          {"bleu_bp", score.brevity_penalty},
          {"hyp_len", sums.bleu.hypothesis_tokens},
          {"ref_len", sums.bleu.reference_tokens},
          {"chrf2", sums.chrf.chrf2()},
          {"chrfpp", sums.chrf.chrf_plus_plus()},
          {"wer", rate_of(sums.words)},
          {"cer", rate_of(sums.characters)}};
}

// "pair", "corpus" or "signature"; empty when the request does not say.
std::string kind_of(const json& request) {
  if (!request.contains("kind") || request["kind"].is_null()) return {};
  std::string kind = text_field(request, "kind");
  if (kind == "pair" || kind == "corpus" || kind == "signature") return kind;
  fail({"the field \"kind\"", fmt::format("\"{:.60}\"", kind), "\"pair\", \"corpus\" or \"signature\""});
}

json answer(TextScorer& scorer, const json& request) {
  const std::string kind = kind_of(request);
  if (kind == "signature") return {{"bleu", bleu_signature()}, {"chrfpp", chrf_plus_plus_signature()}};
  const auto hypotheses = texts_field(request, "hyp"), references = texts_field(request, "ref");
  const bool pair = kind == "pair" || (kind.empty() && hypotheses.size() == 1);
  if (hypotheses.size() != references.size() || hypotheses.empty() || (pair && hypotheses.size() != 1)) {
    fail({.where = "the fields \"hyp\" and \"ref\"",
          .found = fmt::format("{} and {} texts", hypotheses.size(), references.size()),
          .expected = pair ? "one of each" : "equally many, and at least one"});
  }
  TextSums sums;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) sums += scorer.count(hypotheses[i], references[i]);
  json scores = scores_of(sums);
  if (pair) {
    scores["sentence_bleu_effective_order"] = sums.bleu.score(/*effective_order=*/true).bleu;
    scores["tokens_13a_hyp"] = tokenize_13a(hypotheses[0]);
    scores["tokens_13a_ref"] = tokenize_13a(references[0]);
  }
  return scores;
}

void check_line(const std::string& file, std::int64_t number, std::string_view line) {
  const std::size_t fault = find_invalid_utf8(line);
  if (fault == utf8_ok) return;
  fail({.where = fmt::format("{}: line {}", file, number),
        .found = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(line[fault])),
        .expected = "text in UTF-8",
        .mend = "Convert it (iconv)"},
       ErrorCode::data_loss);
}

// Line by line: a corpus may be larger than memory.
TextSums sums_of_files(const Options& options) {
  LineReader hypotheses(options.hypothesis), references(options.reference);
  TextScorer scorer;
  TextSums sums;
  std::string_view hypothesis, reference;
  std::uint64_t offset = 0;
  for (;;) {
    const bool more = hypotheses.next(hypothesis, offset), more_reference = references.next(reference, offset);
    if (more != more_reference) {
      fail({.where = fmt::format("{} and {}", options.hypothesis, options.reference),
            .found = fmt::format("{} has {} lines, the other more", more ? options.reference : options.hypothesis,
                                 sums.pairs),
            .expected = "a line of one for each line of the other"});
    }
    if (!more) break;
    check_line(options.hypothesis, sums.pairs + 1, hypothesis);
    check_line(options.reference, sums.pairs + 1, reference);
    sums += scorer.count(hypothesis, reference);
  }
  if (sums.pairs == 0) {
    fail({fmt::format("{} and {}", options.hypothesis, options.reference), "no line", "at least one text in each"});
  }
  return sums;
}

std::vector<std::string> error_row(const char* name, const EditSums& sums, const char* unit) {
  const std::string score = sums.is_count() ? fmt::format("{} edits", sums.edits) : fmt::format("{:.4f}", sums.rate());
  return {name, score, fmt::format("{} edits, {} {} of reference", sums.edits, sums.reference, unit), ""};
}

void print_table(const TextSums& sums) {
  const BleuScore bleu = sums.bleu.score();
  const auto& p = bleu.precisions;
  const double ratio = sums.bleu.reference_tokens > 0 ? static_cast<double>(sums.bleu.hypothesis_tokens) /
                                                            static_cast<double>(sums.bleu.reference_tokens)
                                                      : 0;
  fmt::print(
      "{} pairs\n\n{}", sums.pairs,
      format_table({{"metric", "score", "", "signature"},
                    {"BLEU", fmt::format("{:.2f}", bleu.bleu),
                     fmt::format("{:.1f}/{:.1f}/{:.1f}/{:.1f} (BP = {:.3f} ratio = {:.3f} hyp_len = {} ref_len = {})",
                                 p[0], p[1], p[2], p[3], bleu.brevity_penalty, ratio, sums.bleu.hypothesis_tokens,
                                 sums.bleu.reference_tokens),
                     bleu_signature()},
                    {"chrF2", fmt::format("{:.2f}", sums.chrf.chrf2()), "", chrf_signature()},
                    {"chrF2++", fmt::format("{:.2f}", sums.chrf.chrf_plus_plus()), "", chrf_plus_plus_signature()},
                    error_row("WER", sums.words, "words"),
                    error_row("CER", sums.characters, "characters")}));
}

void run(const Options& options) {
  if (options.as_jsonl) {
    TextScorer scorer;
    return answer_lines([&](const json& request) { return answer(scorer, request); });
  }
  if (options.reference.empty() || options.hypothesis.empty())
    throw CLI::RequiredError("--reference and --hypothesis, or --jsonl,");
  const TextSums sums = sums_of_files(options);
  if (!options.as_json) return print_table(sums);
  json out = scores_of(sums);
  out["pairs"] = sums.pairs;
  out["signatures"] = {{"bleu", bleu_signature()}, {"chrf2", chrf_signature()}, {"chrfpp", chrf_plus_plus_signature()}};
  fmt::print("{}\n", json_text(out, 2));
}

}  // namespace

void add_metrics(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("metrics", "Score texts against references: BLEU, chrF, chrF++, WER, CER");
  verb->add_option("--reference", options->reference, "Text of the references, one a line; gzip is understood")
      ->type_name("FILE");
  verb->add_option("--hypothesis", options->hypothesis, "Text to be scored, a line for each reference")
      ->type_name("FILE");
  auto* as_json = verb->add_flag("--json", options->as_json, "One object instead of a table")->group("Output");
  verb->add_flag(
          "--jsonl", options->as_jsonl,
          "Answer each line {kind, hyp, ref} of standard input by its scores: kind \"pair\" or \"corpus\", hyp and "
          "ref lists of texts; kind \"signature\" asks for the settings")
      ->excludes(as_json, "--reference", "--hypothesis")
      ->group("Output");
  verb->footer(
      "Scores equal sacreBLEU's and jiwer's.\n\nExamples:\n"
      "  welt metrics --reference test.ref --hypothesis test.out\n"
      "  echo '{\"kind\": \"pair\", \"hyp\": [\"a cat\"], \"ref\": [\"the cat\"]}' | welt metrics --jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
