// See text_vectors.h.
#include "apps/welt/text_vectors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/npy.h"
#include "core/base/progress.h"
#include "core/base/safetensors.h"
#include "core/base/spool_file.h"
#include "core/base/utf8.h"
#include "core/similarity/ranking.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using similarity::BitMatrix;
using similarity::Matrix;

constexpr std::size_t batch_texts = 1024;

// The rows as lines of numbers.
template <typename Rows>
std::string lines_of(const Rows& rows, std::size_t width) {
  std::string out;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const auto* row = rows.row(i);
    out += fmt::format("{}\n", fmt::join(row, row + width, ","));
  }
  return out;
}

// Where the rows go, batch by batch.
class VectorFile {
 public:
  VectorFile(const std::string& path, std::size_t width, bool binary)
      : path_(path), ending_(path_.extension().string()), width_(width), binary_(binary) {
    if (path.empty()) return;
    if (ending_ != ".npy" && ending_ != ".safetensors" && ending_ != ".csv") {
      fail({path, fmt::format("a name that ends in \"{}\"", ending_), "FILE.npy, FILE.safetensors or FILE.csv",
            "The ending decides the format"});
    }
    if (fs::is_directory(path_)) fail({path, "a folder", "the name of a file"});
    if (ending_ == ".csv")
      text_.emplace(path_);
    else
      spool_.emplace(path_);
  }

  template <typename Rows>
  void append(const Rows& rows) {
    rows_ += rows.rows;
    if (spool_) return spool_->append(rows.values.data(), rows.values.size() * sizeof(rows.values[0]));
    const std::string lines = lines_of(rows, width_);
    if (text_)
      text_->write(lines.data(), lines.size());
    else
      std::fwrite(lines.data(), 1, lines.size(), stdout);
  }

  void finish() {
    if (text_) return text_->commit();
    if (!spool_) return;
    const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(rows_), static_cast<std::int64_t>(width_)};
    if (ending_ == ".npy") return write_npy(path_, shape, binary_ ? "<u8" : "<f4", *spool_);
    write_safetensors(path_, {{"vectors", binary_ ? "I64" : "F32", {shape[0], shape[1]}, spool_->map().data()}});
  }

 private:
  fs::path path_;
  std::string ending_;
  std::size_t width_, rows_ = 0;
  bool binary_;
  std::optional<SpoolFile> spool_;
  std::optional<AtomicFile> text_;
};

}  // namespace

void write_vectors(const TextOptions& options, const similarity::StaticEmbedding& embedding) {
  if (options.binary) similarity::binarized(Matrix(0, embedding.dim()));  // refuses dimensions that do not fit
  VectorFile out(options.out, options.binary ? embedding.dim() / 64 : embedding.dim(), options.binary);
  Progress progress("embed", 0);
  std::vector<std::string> batch;
  std::int64_t done = 0;
  const auto flush = [&] {
    const Matrix vectors = embedding.embed(views_of(batch), options.threads);
    if (options.binary)
      out.append(similarity::binarized(vectors));
    else
      out.append(vectors);
    done += std::ssize(batch);
    batch.clear();
    progress.update(done, "texts");
  };
  each_text(options, [&](std::string text) {
    if (const std::size_t fault = find_invalid_utf8(text); fault != utf8_ok) {
      fail({fmt::format("text {}", done + std::ssize(batch) + 1), fmt::format("byte {} is not UTF-8", fault),
            "text in UTF-8"},
           ErrorCode::data_loss);
    }
    batch.push_back(std::move(text));
    if (batch.size() == batch_texts) flush();
  });
  flush();
  out.finish();
}

}  // namespace welt
