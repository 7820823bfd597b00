// Word and character error rate as jiwer counts them: edits (Levenshtein) over the length of the reference.
//
//   ErrorCounter counter;  EditSums words;
//   for (…) words += counter.words(hypothesis, reference);
//   words.rate()
//
// Words are separated by the blank alone, or by two or more characters of white space: a single tab, line end or
// no-break space belongs to its word. Characters are code points. White space at both ends never counts, for
// characters that within does.
#pragma once

#include "core/metrics/edit_distance.h"
#include "core/metrics/ngram_matcher.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace welt {

// The sum over the pairs of a corpus.
struct EditSums {
  std::int64_t edits = 0, reference = 0;

  EditSums& operator+=(const EditSums& other) {
    edits += other.edits;
    reference += other.reference;
    return *this;
  }
  // Edits over the reference's words (characters): 0 … 1 and above. Without any, the number of insertions: see
  // is_count().
  double rate() const { return static_cast<double>(edits) / static_cast<double>(is_count() ? 1 : reference); }
  bool is_count() const { return reference == 0; }
};

// Keeps its tables between calls: one object per thread. Texts are well-formed UTF-8. Throws what EditDistance throws.
class ErrorCounter {
 public:
  EditSums words(std::string_view hypothesis, std::string_view reference);
  EditSums characters(std::string_view hypothesis, std::string_view reference);

 private:
  EditSums count();
  EditDistance distance_;
  WordNumbers numbers_;
  std::vector<std::string_view> words_;
  std::vector<std::uint32_t> hypothesis_, reference_;
};

}  // namespace welt
