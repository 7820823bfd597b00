// See mapped_file.h.
#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "dictionary.h"

namespace welt::words {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  const bool opened = descriptor >= 0 && ::fstat(descriptor, &status) == 0;
  if (!opened) {
    const std::string reason = std::generic_category().message(errno);
    if (descriptor >= 0) ::close(descriptor);
    throw damaged(file, 0, reason, "a file of the dictionary");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const memory = size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  if (memory == MAP_FAILED) throw damaged(file, 0, "the file is empty or no file", "a file of the dictionary");
  bytes_ = {static_cast<const char*>(memory), size};
}

MappedFile::~MappedFile() { ::munmap(const_cast<char*>(bytes_.data()), bytes_.size()); }

}  // namespace welt::words
