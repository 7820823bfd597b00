// See thrift.h.
#include "core/parquet/thrift.h"

namespace welt::parquet {

ThriftReader::Depth::Depth(ThriftReader& of) : reader(of) {
  if (++reader.depth_ > 32) {
    --reader.depth_;
    throw Fault("its metadata is nested too deep");
  }
}

std::uint8_t ThriftReader::byte() {
  if (at_ >= bytes_.size()) throw CutOff();
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t ThriftReader::varint() {
  std::uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t part = byte();
    out |= std::uint64_t{part & 0x7FU} << shift;
    if (part < 0x80) return out;
  }
  throw Fault("a number in its metadata is too long");
}

std::int64_t ThriftReader::number() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::string_view ThriftReader::text() {
  const std::uint64_t size = varint();
  if (size > bytes_.size() - at_) throw CutOff();
  const std::string_view out = bytes_.substr(at_, size);
  at_ += size;
  return out;
}

ThriftReader::Field ThriftReader::next_field(int before) {
  const std::uint8_t head = byte();
  const int type = head & 0x0F, delta = head >> 4;
  if (type == 0) return {Thrift::stop, 0};
  if (type > 12) throw Fault("its metadata has a field of an unknown type");
  const std::int64_t id = delta != 0 ? before + delta : number();
  if (id < -32768 || id > 32767) throw Fault("its metadata has a field number out of range");
  return {static_cast<Thrift>(type), static_cast<int>(id)};
}

std::uint64_t ThriftReader::list_size() {
  const std::uint8_t head = byte();
  element_ = static_cast<Thrift>(head & 0x0F);
  const std::uint64_t size = head >> 4 == 15 ? varint() : head >> 4;
  if (size > bytes_.size() - at_) throw CutOff();  // an element has a byte at least
  return size;
}

void ThriftReader::skip(Thrift type) {
  switch (type) {
    case Thrift::yes:
    case Thrift::no:
      return;
    case Thrift::byte:
      byte();
      return;
    case Thrift::i16:
    case Thrift::i32:
    case Thrift::i64:
      varint();
      return;
    case Thrift::real:
      for (int i = 0; i < 8; ++i) byte();
      return;
    case Thrift::binary:
      text();
      return;
    case Thrift::list:
    case Thrift::set: {
      const Depth depth(*this);
      const std::uint64_t size = list_size();
      const Thrift element = element_;
      const bool is_truth = element == Thrift::yes || element == Thrift::no;  // a byte each, in a list
      for (std::uint64_t i = 0; i < size; ++i) skip(is_truth ? Thrift::byte : element);
      return;
    }
    case Thrift::map: {
      const Depth depth(*this);
      const std::uint64_t size = varint();
      if (size == 0) return;
      const std::uint8_t types = byte();
      if (size > bytes_.size() - at_) throw CutOff();
      for (std::uint64_t i = 0; i < size; ++i) {
        skip(static_cast<Thrift>(types >> 4));
        skip(static_cast<Thrift>(types & 0x0F));
      }
      return;
    }
    case Thrift::record:
      record([](const Field&) { return false; });
      return;
    case Thrift::stop:
      break;
  }
  throw Fault("its metadata has a value of an unknown type");
}

}  // namespace welt::parquet
