// What the verbs of `welt text` share: the embedding that is meant, texts from arguments, files, folders or standard
// input, and the answers to lines of JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/similarity/duplicates.h"
#include "core/similarity/kmeans.h"
#include "core/similarity/near_duplicates.h"
#include "core/similarity/splitter.h"
#include "core/similarity/static_embedding.h"
#include "core/similarity/windows.h"

namespace welt {

struct TextOptions {
  std::string model, tokenizer;
  std::int64_t dim = 0;  // 0: all
  bool binary = false, as_jsonl = false, reference_compatible = false, whole_files = false;
  int threads = 0;
  std::vector<std::string> arguments, files;
  std::string query, other, out;
  std::int64_t top = 3, k = 8;
  double threshold = 0.3;
  bool indices = false, near = false, choose_k = false;
  double recall = 0.999;
  std::size_t most_k = 20, mini_batch = 0;  // 0: none
  std::optional<similarity::Unit> by;       // of split
  std::int64_t overlap = 0;
  similarity::DuplicateOptions duplicates;
  similarity::KMeansOptions kmeans;
  similarity::SplitOptions split;
};

// The embedding of --model, --tokenizer and --dim.
similarity::StaticEmbedding load_embedding(const TextOptions& options);

// Texts of the arguments and of --file (lines; whole files with --whole; of folders every file); with neither, the
// lines of standard input.
std::vector<std::string> texts_of(const TextOptions& options);
// The same one by one. `take` gets each text once.
void each_text(const TextOptions& options, const std::function<void(std::string text)>& take);
std::vector<std::string_view> views_of(const std::vector<std::string>& texts);
// Their vectors; of many, with progress on a terminal.
similarity::Matrix vectors_of(const similarity::StaticEmbedding& embedding, const std::vector<std::string>& texts,
                              int threads);

// Texts as vectors of either kind, compared with each other.
class Compared {
 public:
  // `as_key`: as key() of the package, which normalizes before it takes the bits. What has no length is not a number
  // then, and has every bit set.
  Compared(const similarity::StaticEmbedding& embedding, const std::vector<std::string>& texts, bool binary,
           int threads, bool as_key = false);
  std::vector<float> scores(std::string_view query) const;
  // Takes the vectors: there may be a million.
  std::vector<std::size_t> duplicates(const similarity::DuplicateOptions& options) &&;
  std::vector<std::size_t> near_duplicates(const similarity::NearOptions& options) &&;

 private:
  similarity::BitMatrix bits_of(const similarity::Matrix& rows) const;

  const similarity::StaticEmbedding& embedding_;
  bool binary_, as_key_;
  similarity::Matrix dense_;
  similarity::BitMatrix bits_;
};

// The score of two texts.
float text_similarity(const similarity::StaticEmbedding& embedding, std::string_view a, std::string_view b,
                      bool binary);

enum class TextVerb { tokenize, embed, similarity, rank, topk, filter, dedup, cluster, split, key };
// The answer to one line, with the options where the line is silent. Throws Error.
nlohmann::json answer_text(TextVerb verb, const TextOptions& options, const similarity::StaticEmbedding& embedding,
                           const nlohmann::json& request);

// What --by and the key "by" may say.
const std::map<std::string, similarity::Unit>& text_units();

// A float as the shortest decimal that reads back as it.
double shortest(float value);

}  // namespace welt
