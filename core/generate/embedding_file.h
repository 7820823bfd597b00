// The file of `welt embed`: vectors of texts as they come, batch by batch, in a .safetensors or .npy file. Memory holds
// a batch; with a vector per word also the words.
//
//   .safetensors  `vectors` [rows, D]; with a vector per word also `offsets` I64 [texts + 1]: text t has rows
//                 offsets[t] … offsets[t + 1] − 1. Metadata: "level", "pool", "begins_with" (the word every text has
//                 first), "texts", and with a vector per word "words", a JSON list of each text's words
//   .npy          the vectors
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/spool_file.h"
#include "core/generate/embed.h"

namespace welt {

class EmbeddingFile {
 public:
  // Throws Error for a name that ends otherwise, and where no file can be written. `dtype`: at::kFloat or at::kDouble.
  EmbeddingFile(const std::filesystem::path& path, const EmbedOptions& options, std::int64_t width,
                at::ScalarType dtype);

  void append(const Embedded& batch);
  void finish();  // the file appears, whole

  std::int64_t texts() const { return texts_; }
  std::int64_t words() const { return words_; }  // of all texts
  std::int64_t width() const { return width_; }

 private:
  void write_tensors(const void* vectors, std::int64_t rows);

  std::filesystem::path path_;
  EmbedOptions options_;
  std::int64_t width_;
  at::ScalarType dtype_;
  bool npy_;
  std::optional<SpoolFile> spool_;
  std::int64_t texts_ = 0, words_ = 0;
  std::vector<std::int64_t> offsets_{0};
  std::string word_lists_;  // JSON, without the brackets around all
};

}  // namespace welt
