// See column.h.
#include "core/parquet/column.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>
#include <system_error>

#ifdef WELT_WITH_SNAPPY
#include <snappy-c.h>
#endif
#ifdef WELT_WITH_BROTLI
#include <brotli/decode.h>
#endif
#ifdef WELT_WITH_LZ4
#include <lz4.h>
#endif

#include "core/base/error.h"

namespace welt::parquet {
namespace {

constexpr std::int64_t largest_page = std::int64_t{1} << 30;
// A value of a dictionary takes 32 bytes, whatever it takes in the file.
constexpr std::int64_t largest_dictionary = std::int64_t{1} << 27, most_values = std::int64_t{1} << 24;
constexpr std::int64_t bomb_ratio = 1000;  // as core/data/unpack.h has it

int bits_of(int most) { return static_cast<int>(std::bit_width(static_cast<unsigned>(most))); }

[[noreturn]] void fail_file(const std::filesystem::path& path, const std::string& found, ErrorCode code) {
  fail({path.string(), found, "a Parquet file", "Copy or download it again"}, code);
}

void unpack_gzip(std::string_view packed, std::string& out) {
  z_stream stream{};
  constexpr int gzip_or_zlib = 15 + 32;
  if (inflateInit2(&stream, gzip_or_zlib) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  const std::size_t left = stream.avail_out;
  inflateEnd(&stream);
  if (status != Z_STREAM_END || left != 0) throw Fault("a page's gzip data is damaged");
}

void unpack_snappy([[maybe_unused]] std::string_view packed, [[maybe_unused]] std::string& out) {
#ifdef WELT_WITH_SNAPPY
  std::size_t size = 0;
  if (snappy_uncompressed_length(packed.data(), packed.size(), &size) != SNAPPY_OK || size != out.size() ||
      snappy_uncompress(packed.data(), packed.size(), out.data(), &size) != SNAPPY_OK)
    throw Fault("a page's snappy data is damaged");
#else
  throw Fault("its pages are compressed with snappy, and this program was built without it (libsnappy-dev)");
#endif
}

void unpack_brotli([[maybe_unused]] std::string_view packed, [[maybe_unused]] std::string& out) {
#ifdef WELT_WITH_BROTLI
  std::size_t size = out.size();
  if (BrotliDecoderDecompress(packed.size(), reinterpret_cast<const std::uint8_t*>(packed.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data())) != BROTLI_DECODER_RESULT_SUCCESS ||
      size != out.size())
    throw Fault("a page's brotli data is damaged");
#else
  throw Fault("its pages are compressed with brotli, and this program was built without it (libbrotli-dev)");
#endif
}

void unpack_lz4([[maybe_unused]] std::string_view packed, [[maybe_unused]] std::string& out) {
#ifdef WELT_WITH_LZ4
  const auto size = static_cast<int>(out.size());  // neither is above largest_page
  if (LZ4_decompress_safe(packed.data(), out.data(), static_cast<int>(packed.size()), size) != size)
    throw Fault("a page's lz4 data is damaged");
#else
  throw Fault("its pages are compressed with lz4, and this program was built without it (liblz4-dev)");
#endif
}

}  // namespace

PartsOfFile::PartsOfFile(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_ < 0)
    fail({path.string(), "cannot be opened: " + std::generic_category().message(errno), "a file that can be read"},
         errno == ENOENT ? ErrorCode::not_found : ErrorCode::permission_denied);
  struct stat status {};
  const bool is_file = ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (!is_file) {
    ::close(file_);
    fail({path.string(), "is no regular file", "a file on a disk: Parquet is read from its end"});
  }
}

PartsOfFile::~PartsOfFile() { ::close(file_); }

std::string PartsOfFile::read(std::uint64_t begin, std::uint64_t size) const {
  std::string out(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const ssize_t part = ::pread(file_, out.data() + got, size - got, static_cast<off_t>(begin + got));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) fail_file(path_, "cannot be read: " + std::generic_category().message(errno), ErrorCode::unavailable);
    if (part == 0) fail_file(path_, "it was cut while it was read", ErrorCode::data_loss);
    got += static_cast<std::size_t>(part);
  }
  return out;
}

struct ColumnReader::PageHead {
  std::int64_t type = -1, unpacked = -1, packed = -1, values = -1, encoding = 0;
  std::int64_t definition_encoding = 3, repetition_encoding = 3, definition_size = 0, repetition_size = 0;
  std::optional<std::int64_t> crc;
  bool is_packed = true;
};

ColumnReader::ColumnReader(const PartsOfFile& file, const Node& leaf, const Chunk& chunk)
    : file_(file),
      leaf_(leaf),
      chunk_(chunk),
      at_(static_cast<std::uint64_t>(chunk.begin)),
      end_(at_ + static_cast<std::uint64_t>(chunk.size)),
      left_(chunk.values) {}

std::string ColumnReader::unpacked(std::string_view packed, std::int64_t size) const {
  if (size > largest_page || size > bomb_ratio * (static_cast<std::int64_t>(packed.size()) + 64))
    throw Fault(fmt::format("a page of {} bytes would unpack to {}", packed.size(), size));
  std::string out(static_cast<std::size_t>(size), '\0');
  switch (chunk_.codec) {
    case 0:
      if (packed.size() != out.size()) throw Fault("a page has another size than it says");
      out = packed;
      break;
    case 1:
      unpack_snappy(packed, out);
      break;
    case 2:
      unpack_gzip(packed, out);
      break;
    case 4:
      unpack_brotli(packed, out);
      break;
    case 7:
      unpack_lz4(packed, out);
      break;
    case 6:
      if (ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) != out.size())
        throw Fault("a page's zstd data is damaged");
      break;
    default: {
      const char* const name = chunk_.codec == 3   ? "lzo"
                               : chunk_.codec == 5 ? "lz4 in Hadoop's frames"
                                                   : "an unknown codec";
      throw Fault(fmt::format(
          "its pages are compressed with {}; none, snappy, gzip, zstd, brotli and lz4 (raw) are read", name));
    }
  }
  return out;
}

ColumnReader::PageHead ColumnReader::read_head() {
  for (std::uint64_t room = 4096;; room *= 16) {
    const std::uint64_t size = std::min(room, end_ - at_);
    const std::string bytes = file_.read(at_, size);
    ThriftReader in(bytes);
    PageHead out;
    // Field numbers of DataPageHeader, DictionaryPageHeader and DataPageHeaderV2 in parquet.thrift.
    const auto numbers = [&](std::initializer_list<std::pair<int, std::int64_t*>> wanted) {
      in.record([&](const ThriftReader::Field& field) {
        if (field.id == 7 && (field.type == Thrift::yes || field.type == Thrift::no)) {
          out.is_packed = in.truth(field);
          return true;
        }
        for (const auto& [id, into] : wanted)
          if (field.id == id) {
            *into = in.number();
            return true;
          }
        return false;
      });
      return true;
    };
    try {
      in.record([&](const ThriftReader::Field& field) {
        switch (field.id) {
          case 1:
            return out.type = in.number(), true;
          case 2:
            return out.unpacked = in.number(), true;
          case 3:
            return out.packed = in.number(), true;
          case 4:
            return out.crc = in.number(), true;
          case 5:
            return numbers(
                {{1, &out.values}, {2, &out.encoding}, {3, &out.definition_encoding}, {4, &out.repetition_encoding}});
          case 7:
            return numbers({{1, &out.values}, {2, &out.encoding}});
          case 8:
            return numbers(
                {{1, &out.values}, {4, &out.encoding}, {5, &out.definition_size}, {6, &out.repetition_size}});
          default:
            return false;
        }
      });
    } catch (const CutOff&) {
      if (size == end_ - at_ || room > (1U << 24)) throw;
      continue;
    }
    at_ += in.used();
    if (out.unpacked < 0 || out.packed < 0 || out.packed > largest_page ||
        static_cast<std::uint64_t>(out.packed) > end_ - at_)
      throw Fault("a page lies outside of its column");
    return out;
  }
}

void ColumnReader::read_dictionary(const PageHead& head, std::string_view body) {
  if (has_dictionary_) throw Fault("a column has two dictionaries");
  has_dictionary_ = true;
  if (leaf_.type == Type::boolean) throw Fault("a column of booleans has a dictionary");
  if (head.unpacked > largest_dictionary) throw Fault(fmt::format("a dictionary of {} bytes", head.unpacked));
  dictionary_page_ = unpacked(body, head.unpacked);
  const std::unique_ptr<ValueReader> values = read_values(0, leaf_, dictionary_page_, head.values, nullptr);
  if (head.values < 0 || head.values > static_cast<std::int64_t>(dictionary_page_.size()))
    throw Fault("a dictionary has more values than bytes");
  if (head.values > most_values) throw Fault(fmt::format("a dictionary of {} values", head.values));
  for (std::int64_t i = 0; i < head.values; ++i) values->next(dictionary_.emplace_back());
}

void ColumnReader::begin_page(const PageHead& head, std::string_view body) {
  std::string_view repetitions, definitions, rest;
  if (head.type == 3) {
    std::string_view left = body;
    if (head.repetition_size < 0 || head.definition_size < 0) throw Fault("a page has levels of an impossible size");
    repetitions = take_bytes(left, static_cast<std::uint64_t>(head.repetition_size));
    definitions = take_bytes(left, static_cast<std::uint64_t>(head.definition_size));
    const std::int64_t size = head.unpacked - head.repetition_size - head.definition_size;
    if (size < 0) throw Fault("a page has levels of an impossible size");
    // The levels' views are of `body`, which goes: they are kept with the values.
    std::string page(repetitions);
    page += definitions;
    const std::size_t levels = page.size();
    page += head.is_packed && size > 0 ? unpacked(left, size) : std::string(left);
    page_ = std::move(page);
    rest = std::string_view(page_).substr(levels);
    repetitions = std::string_view(page_).substr(0, repetitions.size());
    definitions = std::string_view(page_).substr(repetitions.size(), levels - repetitions.size());
  } else {
    page_ = unpacked(body, head.unpacked);
    rest = page_;
    const auto levels = [&](int most, std::int64_t encoding) -> std::string_view {
      if (most == 0) return {};
      if (encoding != 3) throw Fault("a page has levels in an encoding that is not read");
      const std::uint64_t size = take_little_endian(rest, 4);
      return take_bytes(rest, size);
    };
    repetitions = levels(leaf_.max_repetition, head.repetition_encoding);
    definitions = levels(leaf_.max_definition, head.definition_encoding);
  }
  repetitions_ = RunReader(repetitions, bits_of(leaf_.max_repetition));
  definitions_ = RunReader(definitions, bits_of(leaf_.max_definition));
  values_ = read_values(head.encoding, leaf_, rest, head.values, has_dictionary_ ? &dictionary_ : nullptr);
  page_left_ = head.values;
}

void ColumnReader::next_page() {
  while (page_left_ == 0) {
    if (at_ >= end_) throw Fault("a column ends before its last row");
    const PageHead head = read_head();
    const std::string body = file_.read(at_, static_cast<std::uint64_t>(head.packed));
    at_ += static_cast<std::uint64_t>(head.packed);
    if (head.crc && static_cast<std::uint32_t>(*head.crc) !=
                        ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())))
      throw Fault("a page is damaged: its checksum is another");
    if (head.type == 2) {
      read_dictionary(head, body);
    } else if (head.type == 0 || head.type == 3) {
      if (head.values < 0 || head.values > left_) throw Fault("a page has more values than its column");
      begin_page(head, body);
    }  // index pages are passed over
  }
}

void ColumnReader::look() {
  if (has_looked_) return;
  if (left_ == 0) throw Fault("a column ends before its last row");
  if (page_left_ == 0) next_page();
  repetition_ = leaf_.max_repetition > 0 ? static_cast<int>(repetitions_.next()) : 0;
  definition_ = leaf_.max_definition > 0 ? static_cast<int>(definitions_.next()) : 0;
  if (repetition_ > leaf_.max_repetition || definition_ > leaf_.max_definition)
    throw Fault("a page has levels deeper than the schema");
  has_looked_ = true;
}

bool ColumnReader::ended() { return !has_looked_ && left_ == 0; }

const Value& ColumnReader::take() {
  look();
  has_looked_ = false;
  --left_;
  --page_left_;
  if (definition_ == leaf_.max_definition) values_->next(value_);
  return value_;
}

}  // namespace welt::parquet
