// See values.h. Encodings: https://parquet.apache.org/docs/file-format/data-pages/encodings/
#include "core/parquet/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace welt::parquet {
namespace {

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t part = take_little_endian(bytes, 1);
    out |= (part & 0x7F) << shift;
    if (part < 0x80) return out;
  }
  throw Fault("a number in a page is too long");
}

std::uint64_t unpack_bits(std::string_view bytes, std::size_t bit, int width) {
  std::uint64_t out = 0;
  for (int got = 0; got < width;) {
    const std::size_t at = (bit + static_cast<std::size_t>(got)) / 8;
    const int shift = static_cast<int>((bit + static_cast<std::size_t>(got)) % 8),
              part = std::min(8 - shift, width - got);
    const std::uint64_t piece = static_cast<std::uint8_t>(bytes[at]) >> shift & ((1U << part) - 1);
    out |= piece << got;
    got += part;
  }
  return out;
}

class Plain final : public ValueReader {
 public:
  Plain(const Node& leaf, std::string_view bytes) : type_(leaf.type), size_(leaf.size), bytes_(bytes) {}
  void next(Value& value) override {
    switch (type_) {
      case Type::boolean:
        if (bit_ / 8 >= bytes_.size()) throw Fault("a page has fewer values than it says");
        value.number = static_cast<std::int64_t>(unpack_bits(bytes_, bit_++, 1));
        return;
      case Type::int32:
        value.number = static_cast<std::int32_t>(take_little_endian(bytes_, 4));
        return;
      case Type::int64:
        value.number = static_cast<std::int64_t>(take_little_endian(bytes_, 8));
        return;
      case Type::real32:
        value.real = std::bit_cast<float>(static_cast<std::uint32_t>(take_little_endian(bytes_, 4)));
        return;
      case Type::real64:
        value.real = std::bit_cast<double>(take_little_endian(bytes_, 8));
        return;
      case Type::int96:
        value.bytes = take_bytes(bytes_, 12);
        return;
      case Type::fixed:
        value.bytes = take_bytes(bytes_, static_cast<std::uint64_t>(size_));
        return;
      case Type::bytes:
        value.bytes = take_bytes(bytes_, take_little_endian(bytes_, 4));
        return;
    }
  }

 private:
  Type type_;
  std::int64_t size_;
  std::string_view bytes_;
  std::size_t bit_ = 0;
};

class FromDictionary final : public ValueReader {
 public:
  FromDictionary(std::string_view bytes, const std::vector<Value>& dictionary) : dictionary_(dictionary) {
    if (bytes.empty()) return;  // of a page of nulls
    const auto width = static_cast<int>(take_little_endian(bytes, 1));
    indices_ = RunReader(bytes, width);
  }
  void next(Value& value) override {
    const std::uint32_t index = indices_.next();
    if (index >= dictionary_.size())
      throw Fault(fmt::format("a page names value {} of a dictionary of {}", index, dictionary_.size()));
    value = dictionary_[index];
  }

 private:
  const std::vector<Value>& dictionary_;
  RunReader indices_;
};

class RunsOfTruth final : public ValueReader {
 public:
  explicit RunsOfTruth(std::string_view bytes) {
    const std::uint64_t size = take_little_endian(bytes, 4);
    runs_ = RunReader(take_bytes(bytes, size), 1);
  }
  void next(Value& value) override { value.number = runs_.next(); }

 private:
  RunReader runs_;
};

// DELTA_BINARY_PACKED: differences in blocks of miniblocks, each with a width of its own.
class Differences {
 public:
  explicit Differences(std::string_view bytes) : bytes_(bytes) {
    block_ = take_varint(bytes_);
    minis_ = take_varint(bytes_);
    count_ = take_varint(bytes_);
    value_ = zigzag();
    if (block_ == 0 || block_ > (1U << 20) || minis_ == 0 || block_ % minis_ != 0 || block_ / minis_ % 8 != 0)
      throw Fault("a page has blocks of an impossible size");
    left_ = count_;
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t next() {
    if (left_ == 0) throw Fault("a page has fewer values than it says");
    if (left_-- == count_) return value_;
    if (at_ == block_ / minis_ * widths_.size()) begin_block();
    const std::size_t size = block_ / minis_, mini = at_ / size;
    if (at_ % size == 0) packed_ = take_bytes(bytes_, size / 8 * widths_[mini]);
    const int width = widths_[mini];
    if (width > 64) throw Fault("a page has values of more than 64 bits");
    value_ += least_ + unpack_bits(packed_, at_ % size * static_cast<std::size_t>(width), width);
    ++at_;
    return value_;
  }
  // What follows the last value; to be asked when all are read.
  std::string_view rest() const { return bytes_; }

 private:
  std::uint64_t zigzag() {
    const std::uint64_t value = take_varint(bytes_);
    return value >> 1 ^ (~(value & 1) + 1);
  }
  void begin_block() {
    least_ = zigzag();
    const std::string_view widths = take_bytes(bytes_, minis_);
    widths_.assign(widths.begin(), widths.end());
    at_ = 0;
  }
  std::string_view bytes_, packed_;
  std::uint64_t block_ = 0, minis_ = 0, count_ = 0, left_ = 0, value_ = 0, least_ = 0;
  std::vector<std::uint8_t> widths_;
  std::size_t at_ = 0;  // of the block
};

class DeltaNumbers final : public ValueReader {
 public:
  DeltaNumbers(const Node& leaf, std::string_view bytes) : is_short_(leaf.type == Type::int32), values_(bytes) {}
  void next(Value& value) override {
    const std::uint64_t number = values_.next();
    value.number = is_short_ ? static_cast<std::int32_t>(number) : static_cast<std::int64_t>(number);
  }

 private:
  bool is_short_;
  Differences values_;
};

// Whole numbers up to `count`, and what follows them.
std::vector<std::uint32_t> take_sizes(std::string_view& bytes, std::int64_t count) {
  Differences sizes(bytes);
  constexpr std::int64_t most = 1 << 24;
  if (sizes.count() > static_cast<std::uint64_t>(std::min(count, most)))
    throw Fault("a page has more lengths than values");
  std::vector<std::uint32_t> out;
  for (std::uint64_t i = 0; i < sizes.count(); ++i) out.push_back(static_cast<std::uint32_t>(sizes.next()));
  bytes = sizes.rest();
  return out;
}

// DELTA_LENGTH_BYTE_ARRAY, and with `prefixes` DELTA_BYTE_ARRAY: how much of the value before each begins with.
class DeltaBytes final : public ValueReader {
 public:
  DeltaBytes(std::string_view bytes, std::int64_t count, bool prefixes) : bytes_(bytes) {
    if (prefixes) prefixes_ = take_sizes(bytes_, count);
    sizes_ = take_sizes(bytes_, count);
    if (prefixes && prefixes_.size() != sizes_.size()) throw Fault("a page has more prefixes than values");
  }
  void next(Value& value) override {
    if (at_ == sizes_.size()) throw Fault("a page has fewer values than it says");
    const std::string_view end = take_bytes(bytes_, sizes_[at_]);
    if (prefixes_.empty()) {
      value.bytes = end;
    } else {
      if (prefixes_[at_] > last_.size()) throw Fault("a value begins with more of the one before than there is");
      last_.resize(prefixes_[at_]);
      last_ += end;
      value.bytes = last_;
    }
    ++at_;
  }

 private:
  std::string_view bytes_;
  std::vector<std::uint32_t> prefixes_, sizes_;
  std::size_t at_ = 0;
  std::string last_;
};

// BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones …
class Split final : public ValueReader {
 public:
  Split(const Node& leaf, std::string_view bytes) : leaf_(leaf), bytes_(bytes) {
    width_ = leaf.type == Type::fixed                                ? static_cast<std::size_t>(leaf.size)
             : leaf.type == Type::real64 || leaf.type == Type::int64 ? 8
                                                                     : 4;
    count_ = bytes.size() / width_;
  }
  void next(Value& value) override {
    if (at_ == count_) throw Fault("a page has fewer values than it says");
    one_.resize(width_);
    for (std::size_t i = 0; i < width_; ++i) one_[i] = bytes_[i * count_ + at_];
    ++at_;
    Plain(leaf_, one_).next(value);
  }

 private:
  const Node& leaf_;
  std::string_view bytes_;
  std::size_t width_ = 0, count_ = 0, at_ = 0;
  std::string one_;
};

}  // namespace

std::string_view take_bytes(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) throw Fault("a page has fewer values than it says");
  const std::string_view out = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return out;
}

std::uint64_t take_little_endian(std::string_view& bytes, std::size_t size) {
  const std::string_view part = take_bytes(bytes, size);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<std::uint8_t>(part[i])} << (8 * i);
  return out;
}

RunReader::RunReader(std::string_view bytes, int width) : bytes_(bytes), width_(width) {
  if (width < 0 || width > 32) throw Fault("a page has numbers of an impossible width");
}

void RunReader::begin_run() {
  const std::uint64_t head = take_varint(bytes_);
  is_packed_ = (head & 1) != 0;
  left_ = head >> 1;
  if (is_packed_) {
    if (left_ > bytes_.size()) left_ = bytes_.size();  // of eight values a byte at least
    // The last group may be cut short by writers that know how many values there are.
    packed_ = take_bytes(bytes_, std::min<std::uint64_t>(left_ * static_cast<std::uint64_t>(width_), bytes_.size()));
    left_ = packed_.size() * 8 / static_cast<std::uint64_t>(width_);
    bit_ = 0;
  } else {
    value_ = static_cast<std::uint32_t>(take_little_endian(bytes_, static_cast<std::size_t>(width_ + 7) / 8));
  }
}

std::uint32_t RunReader::next() {
  if (width_ == 0) return 0;
  while (left_ == 0) begin_run();
  --left_;
  if (!is_packed_) return value_;
  const auto out = static_cast<std::uint32_t>(unpack_bits(packed_, bit_, width_));
  bit_ += static_cast<std::size_t>(width_);
  return out;
}

std::unique_ptr<ValueReader> read_values(std::int64_t encoding, const Node& leaf, std::string_view bytes,
                                         std::int64_t count, const std::vector<Value>* dictionary) {
  const bool is_whole = leaf.type == Type::int32 || leaf.type == Type::int64;
  const bool is_bytes = leaf.type == Type::bytes, is_fixed = leaf.type == Type::fixed;
  switch (encoding) {
    case 0:
      return std::make_unique<Plain>(leaf, bytes);
    case 2:
    case 8:
      if (dictionary == nullptr) throw Fault("a page names values of a dictionary that is not there");
      return std::make_unique<FromDictionary>(bytes, *dictionary);
    case 3:
      if (leaf.type == Type::boolean) return std::make_unique<RunsOfTruth>(bytes);
      break;
    case 5:
      if (is_whole) return std::make_unique<DeltaNumbers>(leaf, bytes);
      break;
    case 6:
    case 7:
      if (is_bytes || (is_fixed && encoding == 7)) return std::make_unique<DeltaBytes>(bytes, count, encoding == 7);
      break;
    case 9:
      if (is_whole || is_fixed || leaf.type == Type::real32 || leaf.type == Type::real64)
        return std::make_unique<Split>(leaf, bytes);
      break;
    default:
      break;
  }
  throw Fault(fmt::format("a page has values in encoding {}, which is not read for this type", encoding));
}

}  // namespace welt::parquet
