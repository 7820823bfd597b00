// See event_file.h.
#include "core/train/event_file.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "core/base/error.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// Fields of tensorflow.Event, Summary and Summary.Value.
constexpr int wall_time = 1, event_step = 2, file_version = 3, summary = 5, session_log = 7;
constexpr int summary_value = 1, value_tag = 1, value_number = 2, log_status = 1;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

template <typename Number>
void put_raw(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_key(std::string& out, int field, int wire) { put_varint(out, static_cast<std::uint64_t>(field << 3 | wire)); }

void put_integer(std::string& out, int field, std::int64_t value) {
  put_key(out, field, 0);
  put_varint(out, static_cast<std::uint64_t>(value));
}

void put_double(std::string& out, int field, double value) {
  put_key(out, field, 1);
  put_raw(out, value);
}

void put_float(std::string& out, int field, float value) {
  put_key(out, field, 5);
  put_raw(out, value);
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_key(out, field, 2);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string event_at(std::int64_t step) {
  std::string event;
  put_double(event, wall_time, now());
  put_integer(event, event_step, step);
  return event;
}

std::uint32_t masked(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U; }

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) made[i] = made[i] >> 1 ^ (made[i] & 1 ? 0x82F63B78U : 0);
    }
    return made;
  }();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFF] ^ crc >> 8;
  return ~crc;
}

EventFile::EventFile(const fs::path& folder, std::int64_t resumed_at) {
  std::error_code status;
  fs::create_directories(folder, status);
  const auto seconds = static_cast<std::int64_t>(now());
  int number = 0;
  do {
    path_ = folder / fmt::format("events.out.tfevents.{}.{}.{}.{}", seconds, host_name(), ::getpid(), number++);
  } while (fs::exists(path_, status));
  std::string first;
  put_double(first, wall_time, now());
  put_bytes(first, file_version, "brain.Event:2");
  append(first);
  if (resumed_at == 0) return;
  std::string start = event_at(resumed_at + 1), log;
  put_integer(log, log_status, 1);  // START: later steps of before are dropped
  put_bytes(start, session_log, log);
  append(start);
}

void EventFile::scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string all;
  for (const auto& [tag, number] : values) {
    std::string value;
    put_bytes(value, value_tag, tag);
    put_float(value, value_number, static_cast<float>(number));
    put_bytes(all, summary_value, value);
  }
  std::string event = event_at(step);
  put_bytes(event, summary, all);
  append(event);
}

void EventFile::append(const std::string& event) {
  std::string length, record;
  put_raw(length, static_cast<std::uint64_t>(event.size()));
  record = length;
  put_raw(record, masked(length));
  record += event;
  put_raw(record, masked(event));
  std::error_code missing, ignored;
  const std::uintmax_t size = fs::file_size(path_, missing);
  errno = 0;
  std::ofstream out(path_, std::ios::binary | std::ios::app);
  out << record << std::flush;
  if (out) return;
  const int reason = errno;
  fs::resize_file(path_, missing ? 0 : size, ignored);
  fail({path_.string(),
        fmt::format("a record cannot be written: {}", std::strerror(reason)),
        {},
        "Free space on the disk"},
       ErrorCode::resource_exhausted);
}

}  // namespace welt
