// See unpack.h. Gzip as RFC 1952 and Python have it: members one behind the other, zeros between and behind them.
#include "core/data/unpack.h"

#include <libdeflate.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/base/error.h"

namespace welt {
namespace {

constexpr const char* mend = "Copy or download it again";
// What zlib and liblzma count in is not always as wide as size_t.
constexpr std::size_t most = std::size_t{1} << 30;

class Gzip final : public Unpacker {
 public:
  Gzip() {
    constexpr int gzip_only = 15 + 16;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~Gzip() override { inflateEnd(&stream_); }
  bool wants_whole() const override { return between_ && whole_; }

 private:
  std::size_t unpack(std::string_view& packed, char* into, std::size_t room, const std::string& name) override {
    if (between_ && members_ > 0) packed.remove_prefix(std::min(packed.find_first_not_of('\0'), packed.size()));
    if (packed.empty()) return 0;
    if (wants_whole())
      if (const std::size_t size = unpack_members(packed, into, room); size > 0) return size;
    const bool begins = std::exchange(between_, false);
    if (begins) {
      inflateReset(&stream_);
      member_begin_ = text_;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(std::min(packed.size(), most));
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(std::min(room, most));
    const std::size_t given = stream_.avail_in, wanted = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    packed.remove_prefix(given - stream_.avail_in);
    const std::size_t size = wanted - stream_.avail_out;
    between_ = status == Z_STREAM_END;
    members_ += between_ ? 1 : 0;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return size;
    if (members_ > 0 && text_ + size == member_begin_)
      fail({name, fmt::format("what follows the first {} bytes of text is not compressed with gzip, or damaged", text_),
            "", mend},
           ErrorCode::data_loss);
    text_ += size;
    fail_damaged(name, stream_.msg == nullptr ? "no more memory" : stream_.msg);
  }
  bool ended() override { return between_; }

  // The members at the front, by libdeflate, which takes a third of zlib's time; 0: the first is not all there, has no
  // room, is empty or damaged. zlib then reads it, and what follows: such a file is not made of small members.
  std::size_t unpack_members(std::string_view& packed, char* into, std::size_t room) {
    if (decompressor_ == nullptr) decompressor_.reset(libdeflate_alloc_decompressor());
    std::size_t total = 0, used = 0, size = 0;
    // Another one as large as the last, if that is there and has room: one that fails was work for nothing.
    while (decompressor_ != nullptr && size <= room - total && used <= packed.size()) {
      const auto status = libdeflate_gzip_decompress_ex(decompressor_.get(), packed.data(), packed.size(), into + total,
                                                        room - total, &used, &size);
      if (status != LIBDEFLATE_SUCCESS || size == 0) break;
      packed.remove_prefix(used);
      ++members_;
      total += size;
    }
    whole_ = total > 0;
    return total;
  }

  z_stream stream_{};
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor_{
      nullptr, &libdeflate_free_decompressor};
  bool whole_ = true;
  bool between_ = true;  // before, between or behind members
  std::uint64_t member_begin_ = 0, members_ = 0;
};

class Zstd final : public Unpacker {
 public:
  Zstd() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    if (context_ == nullptr) throw std::bad_alloc();
  }

 private:
  std::size_t unpack(std::string_view& packed, char* into, std::size_t room, const std::string& name) override {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    ZSTD_outBuffer out{into, room, 0};
    const std::size_t status = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(status) != 0) fail_damaged(name, ZSTD_getErrorName(status));
    if (in.pos + out.pos > 0) between_ = status == 0;
    packed.remove_prefix(in.pos);
    return out.pos;
  }
  bool ended() override { return between_; }

  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  bool between_ = true;
};

class Xz final : public Unpacker {
 public:
  Xz() {
    constexpr std::uint64_t memory = std::uint64_t{1} << 31;
    if (lzma_stream_decoder(&stream_, memory, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  }
  ~Xz() override { lzma_end(&stream_); }

 private:
  std::size_t unpack(std::string_view& packed, char* into, std::size_t room, const std::string& name) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream_.avail_in = packed.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(into);
    stream_.avail_out = room;
    const lzma_ret status = lzma_code(&stream_, LZMA_RUN);
    packed.remove_prefix(packed.size() - stream_.avail_in);
    if (status != LZMA_OK && status != LZMA_BUF_ERROR)
      fail_damaged(name, status == LZMA_MEMLIMIT_ERROR ? "it wants more than 2 GB of memory"
                         : status == LZMA_FORMAT_ERROR ? "what follows is not compressed with xz"
                                                       : "its checksum or its structure is wrong");
    return room - stream_.avail_out;
  }
  // Only liblzma knows whether a stream was open.
  bool ended() override {
    std::uint8_t nothing = 0;
    stream_.next_in = &nothing;
    stream_.avail_in = 0;
    stream_.next_out = &nothing;
    stream_.avail_out = 1;
    return lzma_code(&stream_, LZMA_FINISH) == LZMA_STREAM_END;
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};

template <typename Kind>
std::unique_ptr<Unpacker> make() {
  return std::make_unique<Kind>();
}

}  // namespace

const std::vector<Compression>& compressions() {
  static const std::vector<Compression> all{{"gzip", ".gz", "\x1F\x8B", make<Gzip>},
                                            {"zstd", ".zst", "\x28\xB5\x2F\xFD", make<Zstd>},
                                            {"xz",
                                             ".xz",
                                             {"\xFD"
                                              "7zXZ\0",
                                              6},
                                             make<Xz>}};
  return all;
}

std::size_t Unpacker::read(std::string_view& packed, char* into, std::size_t room, const std::string& name) {
  const std::size_t before = packed.size();
  const std::size_t size = unpack(packed, into, room, name);
  text_ += size;
  packed_ += before - packed.size();
  constexpr std::uint64_t large = std::uint64_t{1} << 30, ratio = 1000;
  if (text_ > large && text_ / ratio > packed_)
    fail({name, fmt::format("{} compressed bytes have become {} bytes", packed_, text_),
          fmt::format("text, which never shrinks to a {}th", ratio),
          "If it is meant so, decompress the file and name the result"},
         ErrorCode::resource_exhausted);
  return size;
}

void Unpacker::finish(const std::string& name) {
  if (ended()) return;
  fail({name, fmt::format("the compressed data ends too early, after {} bytes of text", text_), "", mend},
       ErrorCode::data_loss);
}

void Unpacker::fail_damaged(const std::string& name, std::string_view reason) const {
  fail({name, fmt::format("the compressed data is damaged after {} bytes of text: {}", text_, reason), "", mend},
       ErrorCode::data_loss);
}

}  // namespace welt
