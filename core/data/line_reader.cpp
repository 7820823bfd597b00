// See line_reader.h.
#include "core/data/line_reader.h"

#include <utility>

#include "core/base/error.h"

namespace welt {

LineReader LineReader::of_file_or_stdin(const std::string& file) {
  return LineReader(file == "-" ? TextStream::standard_input() : TextStream(file));
}

bool LineReader::next(std::string_view& line, std::uint64_t& offset) {
  std::size_t from = at_, end;
  while ((end = buffer_.find('\n', from)) == std::string::npos) {
    buffer_.erase(0, at_);
    start_ += std::exchange(at_, 0);
    from = buffer_.size();
    constexpr std::size_t longest = std::size_t{1} << 30;
    if (from > longest)
      fail({text_.name(), fmt::format("the line at byte {} is longer than {} bytes", start_, longest), "shorter lines",
            "A text of one document is read with the format \"text\""},
           ErrorCode::resource_exhausted);
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

std::string_view LineReader::rest() {
  while (text_.more(buffer_)) continue;
  return std::string_view(buffer_).substr(std::exchange(at_, buffer_.size()));
}

}  // namespace welt
