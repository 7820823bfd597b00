// See guarded.h.
#include "core/conformance/guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace welt::conformance {

Guarded::Guarded(std::size_t size, Keep keep) : size_(size), keep_(keep) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t used = (size + page - 1) / page * page;
  mapped_ = used + page;
  memory_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* const end = static_cast<char*>(memory_) + used;
  if (memory_ == MAP_FAILED || mprotect(end, page, PROT_NONE) != 0) {
    fail({.where = "memory of a check",
          .found = fmt::format("{} bytes are not to be had ({})", mapped_, std::strerror(errno)),
          .expected = {},
          .mend = "Free memory"},
         ErrorCode::resource_exhausted);
  }
  data_ = end - size;
}

Guarded::Guarded(std::string_view text) : Guarded(text.size()) {
  if (!text.empty()) std::memcpy(data_, text.data(), text.size());
}

Guarded::~Guarded() {
  if (keep_ == Keep::with_object) munmap(memory_, mapped_);
}

}  // namespace welt::conformance
