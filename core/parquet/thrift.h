// Thrift's compact protocol, as far as Parquet writes its footer and page headers in it: read from bytes that may be
// hostile. Used by footer.cpp and column.cpp.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace welt::parquet {

// What is wrong with a file; who knows its name and the place makes an Error of it.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Thrift : std::uint8_t {
  stop = 0,
  yes = 1,
  no = 2,
  byte = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  real = 7,
  binary = 8,
  list = 9,
  set = 10,
  map = 11,
  record = 12,
};

class ThriftReader {
 public:
  explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}

  struct Field {
    Thrift type;
    int id;
  };
  // Calls use(field) for each field of the record that begins here. `use` reads the field's value, or returns false
  // without having read any of it, and it is passed over. Throws Fault.
  template <typename Use>
  void record(Use use) {
    const Depth depth(*this);
    int id = 0;
    while (true) {
      const Field field = next_field(id);
      if (field.type == Thrift::stop) return;
      id = field.id;
      if (!use(field)) skip(field.type);
    }
  }
  // Calls use() for each element, which reads it.
  template <typename Use>
  void list(Use use) {
    const Depth depth(*this);
    for (std::uint64_t left = list_size(); left > 0; --left) use();
  }
  std::int64_t number();
  std::string_view text();
  bool truth(const Field& field) const { return field.type == Thrift::yes; }
  std::size_t used() const { return at_; }

 private:
  struct Depth {
    explicit Depth(ThriftReader& of);
    ~Depth() { --reader.depth_; }
    ThriftReader& reader;
  };
  Field next_field(int before);
  std::uint64_t list_size();
  void skip(Thrift type);
  std::uint8_t byte();
  std::uint64_t varint();

  std::string_view bytes_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Thrift element_ = Thrift::stop;  // of the list whose size was read last
};

// Thrown where the bytes end within a value: there may be more of them.
class CutOff : public Fault {
 public:
  CutOff() : Fault("its metadata ends too early") {}
};

}  // namespace welt::parquet
