// See line_reader.h.
#include "core/data/line_reader.h"

#include <zlib.h>

#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

class MappedLines : public LineReader {
 public:
  explicit MappedLines(const std::filesystem::path& path) : file_(MappedFile::open(path)), text_(file_->text()) {}

  bool next(std::string_view& line, std::uint64_t& offset) override {
    if (at_ >= text_.size()) return false;
    offset = at_;
    const std::size_t end = text_.find('\n', at_);
    line = without_return(text_.substr(at_, end == std::string_view::npos ? end : end - at_));
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    return true;
  }

  std::string_view rest() override { return text_.substr(std::exchange(at_, text_.size())); }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::string_view text_;
  std::size_t at_ = 0;
};

class GzipLines : public LineReader {
 public:
  explicit GzipLines(const std::filesystem::path& path) : path_(path) {
    check_head();
    file_.reset(gzopen(path.c_str(), "rb"));
    if (file_ == nullptr) fail({path_.string(), "cannot be opened"}, ErrorCode::not_found);
    gzbuffer(file_.get(), 1 << 17);
  }

  bool next(std::string_view& line, std::uint64_t& offset) override {
    buffer_.erase(0, used_);
    start_ += used_;
    std::size_t from = 0, end;
    while ((end = buffer_.find('\n', from)) == std::string::npos) {
      from = buffer_.size();
      if (!fill()) break;
    }
    used_ = end == std::string::npos ? buffer_.size() : end + 1;
    offset = start_;
    line = without_return(std::string_view(buffer_).substr(0, end == std::string::npos ? buffer_.size() : end));
    return used_ > 0;
  }

  std::string_view rest() override {
    while (fill()) continue;
    const std::size_t from = std::exchange(used_, buffer_.size());
    return std::string_view(buffer_).substr(from);
  }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose_r(file); }
  };

  // zlib hands over what is not compressed as it is; here that is a mistake of the user.
  void check_head() const {
    const auto file = MappedFile::open(path_);
    if (!file->text().starts_with("\x1F\x8B")) {
      fail({path_.string(), "is not compressed with gzip", "the bytes 1F 8B at its start", "Rename it, without .gz"},
           ErrorCode::data_loss);
    }
  }

  bool fill() {
    constexpr std::size_t block = 1 << 18;
    const std::size_t known = buffer_.size();
    buffer_.resize(known + block);
    const int count = gzread(file_.get(), buffer_.data() + known, block);
    buffer_.resize(known + static_cast<std::size_t>(count > 0 ? count : 0));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      const bool cut = code == Z_BUF_ERROR;
      fail({path_.string(),
            cut ? fmt::format("the compressed data ends too early, after {} bytes of text", start_ + buffer_.size())
                : fmt::format("the compressed data is damaged after {} bytes of text: {}", start_ + buffer_.size(),
                              message),
            "", "Copy or download it again"},
           ErrorCode::data_loss);
    }
    return count > 0;
  }

  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::string buffer_;
  std::size_t used_ = 0;     // of buffer_, by the last line
  std::uint64_t start_ = 0;  // offset of buffer_ in the text
};

}  // namespace

std::unique_ptr<LineReader> LineReader::open(const std::filesystem::path& path) {
  if (path.extension() == ".gz") return std::make_unique<GzipLines>(path);
  return std::make_unique<MappedLines>(path);
}

}  // namespace welt
