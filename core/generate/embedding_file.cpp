// See embedding_file.h.
#include "core/generate/embedding_file.h"

#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/npy.h"
#include "core/base/safetensors.h"
#include "core/base/safetensors_header.h"
#include "core/data/batch.h"
#include "core/tensor/tensor_io.h"
#include "core/text/control.h"

namespace welt {
namespace {

const char* name_of(EmbedLevel level) { return level == EmbedLevel::words ? "words" : "latents"; }

const char* name_of(EmbedPool pool) {
  if (pool == EmbedPool::none) return "none";
  return pool == EmbedPool::last ? "last" : "mean";
}

}  // namespace

EmbeddingFile::EmbeddingFile(const std::filesystem::path& path, const EmbedOptions& options, std::int64_t width,
                             at::ScalarType dtype)
    : path_(path), options_(options), width_(width), dtype_(dtype), npy_(path.extension() == ".npy") {
  if (!npy_ && path.extension() != ".safetensors")
    fail({path.string(), fmt::format("a name that ends in \"{}\"", path.extension().string()),
          "FILE.safetensors or FILE.npy", "The ending decides the format"});
  if (std::filesystem::is_directory(path)) fail({path.string(), "a folder", "the name of a file", {}});
  spool_.emplace(path);
}

void EmbeddingFile::append(const Embedded& batch) {
  const at::Tensor vectors = batch.vectors.to(dtype_).contiguous();
  spool_->append(vectors.const_data_ptr(), vectors.nbytes());
  for (const std::vector<std::string>& words : batch.words) {
    ++texts_;
    words_ += std::ssize(words);
    if (npy_ || options_.pool != EmbedPool::none) continue;
    offsets_.push_back(words_);
    word_lists_ += (word_lists_.empty() ? "" : ",") + json_text(nlohmann::json(words));
    // The list is text inside a JSON header, so its quotation marks are escaped once more: it may double.
    if (2 * word_lists_.size() > safetensors_maximum_header)
      fail({path_.string(), fmt::format("the words of {} texts take {} bytes", texts_, word_lists_.size()),
            fmt::format("a file whose header stays within {} bytes", safetensors_maximum_header),
            "Give fewer texts at once, take --pool last or mean, or write FILE.npy, which has no words"},
           ErrorCode::resource_exhausted);
  }
}

void EmbeddingFile::write_tensors(const void* vectors, std::int64_t rows) {
  std::vector<SafetensorsTensor> tensors{{"vectors", std::string(safetensors_dtype(dtype_)), {rows, width_}, vectors}};
  std::map<std::string, std::string> metadata{{"format", "pt"},
                                              {"level", name_of(options_.level)},
                                              {"pool", name_of(options_.pool)},
                                              {"texts", std::to_string(texts_)},
                                              {"begins_with", std::string(1, static_cast<char>(bos_byte))}};
  if (options_.pool == EmbedPool::none) {
    tensors.push_back({"offsets", "I64", {std::ssize(offsets_)}, offsets_.data()});
    metadata["words"] = "[" + word_lists_ + "]";
  }
  write_safetensors(path_, tensors, metadata);
}

void EmbeddingFile::finish() {
  const std::int64_t rows = options_.pool == EmbedPool::none ? words_ : texts_;
  if (npy_)
    write_npy(path_, {rows, width_}, dtype_ == at::kDouble ? "<f8" : "<f4", *spool_);
  else
    write_tensors(spool_->map().data(), rows);
}

}  // namespace welt
