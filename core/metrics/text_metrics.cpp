// See text_metrics.h.
#include "core/metrics/text_metrics.h"

namespace welt {
namespace {

double bleu(const TextSums& sums) { return sums.bleu.score().bleu; }
// A text may be shorter than four words.
double sentence_bleu(const TextSums& sums) { return sums.bleu.score(/*effective_order=*/true).bleu; }
double chrf(const TextSums& sums) { return sums.chrf.chrf2(); }
double chrf_plus_plus(const TextSums& sums) { return sums.chrf.chrf_plus_plus(); }
double wer(const TextSums& sums) { return sums.words.rate(); }
double cer(const TextSums& sums) { return sums.characters.rate(); }
double exact_match(const TextSums& sums) {
  return sums.pairs > 0 ? static_cast<double>(sums.exact) / static_cast<double>(sums.pairs) : 0;
}

}  // namespace

const std::vector<TextMetric>& text_metrics() {
  static const std::vector<TextMetric> all{
      {"sacrebleu", "BLEU of 13a tokens, 0 to 100", true, bleu, sentence_bleu},
      {"chrf", "F of character n-grams, 0 to 100", true, chrf, chrf},
      {"chrf++", "the same with words and pairs of words", true, chrf_plus_plus, chrf_plus_plus},
      {"wer", "word errors over the words of the reference", false, wer, wer},
      {"cer", "character errors over its characters", false, cer, cer},
      {"exact_match", "share of texts that are the reference, byte by byte", true, exact_match, exact_match}};
  return all;
}

}  // namespace welt
