// NFC, NFD, NFKC and NFKD as the library tokenizers has them: by Unicode 9, whatever version ICU is of.
#pragma once

#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

#include <string_view>

#include "aligned_text.h"

namespace welt::tokenizers {

// Immutable, any thread. Throws Failure for a text of 2 GB and more.
class UnicodeForm {
 public:
  explicit UnicodeForm(std::string_view name);  // "NFC", …
  UnicodeForm(const UnicodeForm&) = delete;
  UnicodeForm& operator=(const UnicodeForm&) = delete;

  void apply(AlignedText& text) const;
  // Nothing before `c` has an influence on it or on what follows.
  bool has_border_before(char32_t c) const;

 private:
  void sort_long_runs(AlignedText& text) const;
  bool append_marks(char32_t c, icu::UnicodeString& marks) const;

  bool is_nfc_;
  icu::UnicodeSet known_;
  const icu::Normalizer2& decomposed_;
  icu::FilteredNormalizer2 form_;
};

}  // namespace welt::tokenizers
