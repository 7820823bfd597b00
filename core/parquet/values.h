// The values and levels of a Parquet page, one after the other, as their encodings have them. Nothing is unpacked
// ahead: a page that says it has a billion values costs no memory. Used by column.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/parquet/footer.h"

namespace welt::parquet {

struct Value {
  std::string_view bytes;   // of bytes, fixed, int96: into the page or the dictionary, or the reader's own
  std::int64_t number = 0;  // of boolean, int32, int64
  double real = 0;          // of real32, real64
};

// Whole numbers of `width` bits: runs of one value, and groups of eight that are packed. All throw Fault where the
// bytes end too early.
class RunReader {
 public:
  RunReader() = default;
  RunReader(std::string_view bytes, int width);
  std::uint32_t next();

 private:
  void begin_run();
  std::string_view bytes_, packed_;
  int width_ = 0;
  std::uint64_t left_ = 0;  // of the run
  std::size_t bit_ = 0;     // in packed_
  std::uint32_t value_ = 0;
  bool is_packed_ = false;
};

class ValueReader {
 public:
  virtual ~ValueReader() = default;
  virtual void next(Value& value) = 0;  // `value.bytes` lasts until the next call
};

// `bytes`: the values of a page, without its levels, at most `count`. `dictionary`: of the column, where it has one.
// Throws Fault for an encoding that does not go with the type, or is not known.
std::unique_ptr<ValueReader> read_values(std::int64_t encoding, const Node& leaf, std::string_view bytes,
                                         std::int64_t count, const std::vector<Value>* dictionary);

// Little-endian, as all of Parquet. Throws Fault where there are fewer bytes.
std::uint64_t take_little_endian(std::string_view& bytes, std::size_t size);
std::string_view take_bytes(std::string_view& bytes, std::uint64_t size);

}  // namespace welt::parquet
