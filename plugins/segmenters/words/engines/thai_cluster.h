// Thai character clusters: the groups of consonants, vowels and marks that no word border may split.
//
// Rules: Theeramunkong et al. 2000 (doi 10.1145/355214.355225) as the Python package PyThaiNLP 5.4.0 has them for its
// word cutter newmm (tokenize/tcc_p.py).
#pragma once

#include <cstddef>

namespace welt::words {

// ko kai to ho nokhuk
inline bool is_thai_consonant(char32_t c) { return c >= 0x0E01 && c <= 0x0E2E; }

// Where the cluster that starts at text[at] ends, at < size. text[size] to text[size + 7] must be there and 0.
std::size_t thai_cluster_end(const char32_t* text, std::size_t at, std::size_t size);

}  // namespace welt::words
