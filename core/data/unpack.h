// Decompression of gzip, zstd and xz, piece by piece, told by the first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class Unpacker {
 public:
  virtual ~Unpacker() = default;
  // Decompresses from the front of `packed`, which it shortens; 0: more of it is wanted. Throws Error (data_loss)
  // naming the file for damaged data, and once more than a gigabyte came out, a thousand times what went in: a bomb.
  std::size_t read(std::string_view& packed, char* into, std::size_t room, const std::string& name);
  // To be called at the end of the file. Throws Error when the data has no end.
  void finish(const std::string& name);
  std::uint64_t packed_bytes() const { return packed_; }  // unpacked so far
  // Whether a member of gzip may come that is faster unpacked at once, if all of it is there.
  virtual bool wants_whole() const { return false; }

 protected:
  virtual std::size_t unpack(std::string_view& packed, char* into, std::size_t room, const std::string& name) = 0;
  // Called with nothing left to read; whether the data has come to its end.
  virtual bool ended() = 0;
  [[noreturn]] void fail_damaged(const std::string& name, std::string_view reason) const;
  std::uint64_t text_ = 0, packed_ = 0;  // bytes so far
};

struct Compression {
  std::string_view name;    // "gzip"
  std::string_view ending;  // ".gz"
  std::string_view start;   // the first bytes of such a file
  std::unique_ptr<Unpacker> (*open)();
};
const std::vector<Compression>& compressions();

}  // namespace welt
