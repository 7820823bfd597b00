// See shard_lines.h.
#include "core/prepare/shard_lines.h"

#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/data/unpack.h"

namespace welt {
namespace {

constexpr std::size_t block = std::size_t{1} << 18, longest_line = std::size_t{1} << 30;

// Hands out the whole lines of `text` and leaves the rest.
void take_lines(std::string& text, std::uint64_t& number, const std::string& name,
                const std::function<void(std::string_view)>& take) {
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    if (const std::size_t fault = find_invalid_utf8(line); fault != utf8_ok)
      fail({fmt::format("{}:{}", name, number),
            fmt::format("byte {} of the line ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(line[fault])),
            "text in UTF-8"},
           ErrorCode::data_loss);
    take(line);
  }
  text.erase(0, begin);
  if (text.size() > longest_line)
    fail({fmt::format("{}:{}", name, number + 1), fmt::format("a line of more than {} bytes", longest_line),
          "a document a line"},
         ErrorCode::resource_exhausted);
}

}  // namespace

void each_shard_line(const std::filesystem::path& path, const std::function<void(std::string_view line)>& take) {
  InputFile file(path);
  const std::unique_ptr<Unpacker> unpacker = compressions().front().open();
  std::string raw(block, '\0'), text;
  std::string_view packed;
  std::uint64_t number = 0;
  for (bool more = true; more;) {
    if (packed.empty()) {
      const std::size_t size = file.read(raw.data(), block);
      packed = std::string_view(raw).substr(0, size);
      more = size > 0;
    }
    const std::size_t known = text.size();
    text.resize(known + block);
    text.resize(known + unpacker->read(packed, text.data() + known, block, file.name()));
    if (text.size() > known) take_lines(text, number, file.name(), take);
  }
  unpacker->finish(file.name());
  if (text.empty()) return;
  text += '\n';
  take_lines(text, number, file.name(), take);
}

}  // namespace welt
