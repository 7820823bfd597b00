// See line_reader.h.
#include "core/data/line_reader.h"

#include <optional>
#include <utility>

#include "core/base/error.h"

namespace welt {

LineReader LineReader::of_file_or_stdin(const std::string& file) {
  return LineReader(file == "-" ? TextStream::standard_input() : TextStream(file));
}

bool LineReader::next(std::string_view& line, std::uint64_t& offset) {
  std::size_t from = at_, end;
  std::optional<std::uint64_t> packed;  // before the line, but for a block
  while ((end = buffer_.find('\n', from)) == std::string::npos) {
    buffer_.erase(0, at_);
    start_ += std::exchange(at_, 0);
    from = buffer_.size();
    if (!packed) packed = text_.packed_bytes();
    if (from > limits_.line)
      fail({text_.name(), fmt::format("the line at byte {} is longer than {} bytes", start_, limits_.line),
            "shorter lines", "A text of one document is read with the format \"text\""},
           ErrorCode::resource_exhausted);
    check_packed(from, *packed);
    if (!text_.more(buffer_)) break;
  }
  if (at_ == buffer_.size()) return false;
  const bool ended = end != std::string::npos;
  offset = start_ + at_;
  line = std::string_view(buffer_).substr(at_, ended ? end - at_ : end);
  at_ = ended ? end + 1 : buffer_.size();
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

// Of text that is compressed, since `packed` bytes of the file.
void LineReader::check_packed(std::size_t size, std::uint64_t packed) const {
  if (size <= limits_.suspicious || !text_.is_compressed()) return;
  const std::uint64_t taken = text_.packed_bytes() - packed;
  if (size / limits_.ratio <= taken) return;
  fail({text_.name(), fmt::format("{} compressed bytes have become {} bytes of one line or document", taken, size),
        fmt::format("text, which never shrinks to a {}th", limits_.ratio),
        "If it is meant so, decompress the file and name the result"},
       ErrorCode::resource_exhausted);
}

std::string_view LineReader::rest() {
  const std::uint64_t packed = text_.packed_bytes();
  const std::size_t known = buffer_.size();
  while (text_.more(buffer_)) check_packed(buffer_.size() - known, packed);
  return std::string_view(buffer_).substr(std::exchange(at_, buffer_.size()));
}

}  // namespace welt
