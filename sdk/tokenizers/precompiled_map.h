// The normalizer Precompiled: SentencePiece's table of replacements, a double-array trie and the texts behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aligned_text.h"
#include "json_reader.h"

namespace welt::tokenizers {

// Immutable, any thread. Reference: spm_precompiled, which the library tokenizers uses; Darts (Kudo) for the trie.
class PrecompiledMap {
 public:
  // The table in base64. Throws Failure naming the JSON path.
  explicit PrecompiledMap(const JsonNode& node);
  // Cluster by cluster, and where a cluster is not in the table character by character.
  void apply(AlignedText& text) const;

 private:
  std::optional<std::string_view> replacement(std::string_view part) const;

  std::vector<std::uint32_t> units_;
  std::string texts_;  // each ends with a NUL byte
};

}  // namespace welt::tokenizers
