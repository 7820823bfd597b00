// Byte n-gram baselines, for a yardstick on the same held-out text: unigram and interpolated trigram.
//
// Both code the bytes of each document and its end (a 257th symbol), as the model does with the empty word; the figure
// is bits over bytes of text. The trigram is Jelinek–Mercer interpolation of the 3-, 2- and 1-gram estimates and the
// uniform distribution, with weights per frequency class of the context, fitted by expectation maximisation on
// documents that are held out of the *training* text while fitting and counted again afterwards.
#pragma once

#include <string_view>
#include <vector>

namespace welt {

struct NgramBaseline {
  double unigram_bits_per_byte = 0, trigram_bits_per_byte = 0;
};

// `train` and `test` are lists of documents. Either without any byte: both figures are 0.
NgramBaseline ngram_baseline(const std::vector<std::string_view>& train, const std::vector<std::string_view>& test);

}  // namespace welt
