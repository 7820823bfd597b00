// See text_stream.h.
#include "core/data/text_stream.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <welt/common/file_kind.h>
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/data/unpack.h"

namespace welt {
namespace {

constexpr std::size_t block = std::size_t{1} << 18;
constexpr std::size_t member = std::size_t{1} << 21;  // what is unpacked at once has less, packed and as text

// Of a pipe only what is there: who asks line by line waits for the answer to the first.
bool tells_enough(std::string_view head) {
  return head.size() >= file_head || head.find('\n') != std::string_view::npos;
}

// Appends what `read(bytes, room)` gives.
template <typename Read>
std::size_t append(std::string& text, Read read, std::size_t room = block) {
  const std::size_t known = text.size();
  text.resize(known + room);
  const std::size_t size = read(text.data() + known, room);
  text.resize(known + size);
  return size;
}

std::vector<unsigned> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()),
          reinterpret_cast<const std::uint8_t*>(text.data()) + text.size()};
}

}  // namespace

std::string small_ending(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

std::filesystem::path without_compression(std::filesystem::path path) {
  const std::string ending = small_ending(path);
  if (std::ranges::any_of(compressions(), [&](const Compression& kind) { return kind.ending == ending; }))
    path.replace_extension();
  return path;
}

struct TextStream::State {
  explicit State(InputFile input) : file(std::move(input)) {}

  // Looks at the first bytes; `ending` is that of the file's name.
  void start(std::string_view ending) {
    while (!tells_enough(raw) && append(raw, [&](char* into, std::size_t room) { return file.read(into, room); }) > 0)
      continue;
    packed = raw;
    const auto kind = std::ranges::find_if(compressions(), [&](const auto& k) { return packed.starts_with(k.start); });
    const auto named = std::ranges::find(compressions(), ending, &Compression::ending);
    if (kind != compressions().end()) {
      unpacker = kind->open();
    } else if (named != compressions().end() && !packed.empty()) {
      refuse_other_kind(packed, file.name(), expected);
      fail({file.name(), fmt::format("is not compressed with {}", named->name),
            fmt::format("the bytes {:02X} at its start", fmt::join(bytes_of(named->start), " ")),
            fmt::format("Rename it, without {}", named->ending)},
           ErrorCode::data_loss);
    }
    while (!tells_enough(head) && read(head)) continue;
    refuse_other_kind(head, file.name() + (unpacker ? " (decompressed)" : ""), expected);
    if (file_kinds::is_safetensors(head))
      fail({file.name(), "is a .safetensors file", expected, "Name files of text"}, ErrorCode::data_loss);
    if (head.starts_with("\xEF\xBB\xBF")) head.erase(0, begin = 3);
  }

  bool read(std::string& text) {
    if (!unpacker) {
      if (!packed.empty()) {
        text += std::exchange(packed, {});
        return true;
      }
      return append(text, [&](char* into, std::size_t room) { return file.read(into, room); }) > 0;
    }
    for (bool more = true; more;) {
      const bool whole = unpacker->wants_whole() && packed.size() < member && file.size_left() > 0;
      if (packed.empty() || whole) {
        raw.erase(0, raw.size() - packed.size());
        const auto fill = [&](char* into, std::size_t room) { return file.read(into, room); };
        more = append(raw, fill, whole ? member - packed.size() : block) > 0;
        packed = raw;
      }
      // Without more to give it too: it may hold text back that had no room.
      const auto unpack = [&](char* into, std::size_t room) { return unpacker->read(packed, into, room, file.name()); };
      if (append(text, unpack, unpacker->wants_whole() ? member : block) > 0) return true;
    }
    unpacker->finish(file.name());
    return false;
  }

  static constexpr const char* expected = "text in UTF-8, plain or compressed with gzip, zstd or xz";
  InputFile file;
  std::unique_ptr<Unpacker> unpacker;  // null: not compressed
  std::string raw, head;               // as read; of the text, not handed out yet
  std::string_view packed;             // of raw, not used yet
  std::uint64_t begin = 0;
  bool ended = false;
};

TextStream::TextStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextStream::TextStream(TextStream&&) noexcept = default;
TextStream& TextStream::operator=(TextStream&&) noexcept = default;
TextStream::~TextStream() = default;

TextStream::TextStream(const std::filesystem::path& path) : state_(std::make_unique<State>(InputFile(path))) {
  state_->start(small_ending(path));
}

TextStream TextStream::standard_input() {
  auto state = std::make_unique<State>(InputFile::standard_input());
  state->start("");
  return TextStream(std::move(state));
}

const std::string& TextStream::name() const { return state_->file.name(); }
bool TextStream::is_compressed() const { return state_->unpacker != nullptr; }
std::uint64_t TextStream::packed_bytes() const { return state_->unpacker ? state_->unpacker->packed_bytes() : 0; }
std::uint64_t TextStream::begin() const { return state_->begin; }

bool TextStream::more(std::string& text) {
  if (!state_->head.empty()) {
    text += std::exchange(state_->head, {});
    return true;
  }
  // A terminal would be asked once more.
  return !state_->ended && !(state_->ended = !state_->read(text));
}

}  // namespace welt
