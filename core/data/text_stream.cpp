// See text_stream.h. Gzip as RFC 1952 and Python have it: members one behind the other, zeros between and behind them.
#include "core/data/text_stream.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <new>
#include <string_view>
#include <utility>

#include <welt/common/file_kind.h>
#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

constexpr std::size_t block = std::size_t{1} << 18;

// Of a pipe only what is there: who asks line by line waits for the answer to the first.
bool tells_enough(std::string_view head) {
  return head.size() >= file_head || head.find('\n') != std::string_view::npos;
}

// Appends what `read(room, bytes)` gives, at most a block.
template <typename Read>
std::size_t append(std::string& text, Read read) {
  const std::size_t known = text.size();
  text.resize(known + block);
  const std::size_t size = read(text.data() + known, block);
  text.resize(known + size);
  return size;
}

class Gzip {
 public:
  Gzip() {
    constexpr int gzip_only = 15 + 16;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~Gzip() { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Decompresses from the front of `packed`, which it shortens. 0: more of it is wanted.
  std::size_t read(std::string_view& packed, char* into, std::size_t room, const std::string& name) {
    if (between_ && members_ > 0) packed.remove_prefix(std::min(packed.find_first_not_of('\0'), packed.size()));
    if (packed.empty()) return 0;
    const bool begins = std::exchange(between_, false);
    if (begins) {
      inflateReset(&stream_);
      member_begin_ = text_;
    }
    constexpr std::size_t most = std::size_t{1} << 30;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(std::min(packed.size(), most));
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(std::min(room, most));
    const std::size_t given = stream_.avail_in, wanted = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    packed.remove_prefix(given - stream_.avail_in);
    const std::size_t size = wanted - stream_.avail_out;
    text_ += size;
    between_ = status == Z_STREAM_END;
    members_ += between_ ? 1 : 0;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) fail_damaged(name);
    return size;
  }

  void finish(const std::string& name) const {
    if (between_) return;
    fail({name, fmt::format("the compressed data ends too early, after {} bytes of text", text_), "", mend},
         ErrorCode::data_loss);
  }

 private:
  static constexpr const char* mend = "Copy or download it again";

  [[noreturn]] void fail_damaged(const std::string& name) const {
    const std::string reason = stream_.msg == nullptr ? "no more memory" : stream_.msg;
    const bool header = members_ > 0 && text_ == member_begin_;
    fail({name,
          header ? fmt::format("what follows the first {} bytes of text is not compressed with gzip, or damaged", text_)
                 : fmt::format("the compressed data is damaged after {} bytes of text: {}", text_, reason),
          "", mend},
         ErrorCode::data_loss);
  }

  z_stream stream_{};
  bool between_ = true;  // before, between or behind members
  std::uint64_t text_ = 0, member_begin_ = 0, members_ = 0;
};

}  // namespace

std::string small_ending(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

struct TextStream::State {
  explicit State(InputFile input) : file(std::move(input)) {}

  // Looks at the first bytes.
  void start(bool named_gz) {
    while (!tells_enough(raw) && append(raw, [&](char* into, std::size_t room) { return file.read(into, room); }) > 0)
      continue;
    packed = raw;
    if (packed.starts_with("\x1F\x8B")) {
      gzip = std::make_unique<Gzip>();
    } else if (named_gz && !packed.empty()) {
      refuse_other_kind(packed, file.name(), expected);
      fail({file.name(), "is not compressed with gzip", "the bytes 1F 8B at its start", "Rename it, without .gz"},
           ErrorCode::data_loss);
    }
    while (!tells_enough(head) && read(head)) continue;
    refuse_other_kind(head, file.name() + (gzip ? " (decompressed)" : ""), expected);
    if (head.starts_with("\xEF\xBB\xBF")) head.erase(0, begin = 3);
  }

  bool read(std::string& text) {
    if (!gzip) {
      if (!packed.empty()) {
        text += std::exchange(packed, {});
        return true;
      }
      return append(text, [&](char* into, std::size_t room) { return file.read(into, room); }) > 0;
    }
    for (;;) {
      if (packed.empty()) {
        raw.clear();
        if (append(raw, [&](char* into, std::size_t room) { return file.read(into, room); }) == 0) break;
        packed = raw;
      }
      const auto unpack = [&](char* into, std::size_t room) { return gzip->read(packed, into, room, file.name()); };
      if (append(text, unpack) > 0) return true;
    }
    gzip->finish(file.name());
    return false;
  }

  static constexpr const char* expected = "text in UTF-8, plain or compressed with gzip";
  InputFile file;
  std::unique_ptr<Gzip> gzip;  // null: not compressed
  std::string raw, head;       // as read; of the text, not handed out yet
  std::string_view packed;     // of raw, not used yet
  std::uint64_t begin = 0;
  bool ended = false;
};

TextStream::TextStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextStream::TextStream(TextStream&&) noexcept = default;
TextStream& TextStream::operator=(TextStream&&) noexcept = default;
TextStream::~TextStream() = default;

TextStream::TextStream(const std::filesystem::path& path) : state_(std::make_unique<State>(InputFile(path))) {
  state_->start(small_ending(path) == ".gz");
}

TextStream TextStream::standard_input() {
  auto state = std::make_unique<State>(InputFile::standard_input());
  state->start(false);
  return TextStream(std::move(state));
}

const std::string& TextStream::name() const { return state_->file.name(); }
bool TextStream::is_compressed() const { return state_->gzip != nullptr; }
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
