// See cut_files.h. What a signal handler may do: system calls and arithmetic, no allocation. The kernel knows the file:
// /proc/self/maps has a line for each mapping, "begin-end rights offset device inode   path".
#include "core/base/cut_files.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <string_view>

namespace welt {
namespace {

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The hexadecimal number that `text` begins with, which loses it and the character behind it.
std::uintptr_t take_number(std::string_view& text) {
  std::uintptr_t number = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c >= '0' && c <= '9')
      number = number * 16 + static_cast<std::uintptr_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      number = number * 16 + static_cast<std::uintptr_t>(c - 'a' + 10);
    else
      break;
  }
  if (!text.empty()) text.remove_prefix(1);
  return number;
}

// The path on a line whose range holds `address`; empty: another range, or memory without a file.
std::string_view path_at(std::string_view mapping, std::uintptr_t address) {
  const std::uintptr_t begin = take_number(mapping), end = take_number(mapping);
  const std::size_t path = mapping.find('/');
  return address < begin || address >= end || path == std::string_view::npos ? std::string_view()
                                                                             : mapping.substr(path);
}

// A line of /proc/self/maps.
struct Line {
  char text[PATH_MAX + 200];
  std::size_t size = 0;
};

std::string_view mapped_file(std::uintptr_t address, Line& line) {
  const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return {};
  char block[4096];
  for (ssize_t count; (count = ::read(maps, block, sizeof block)) > 0;) {
    for (ssize_t i = 0; i < count; ++i) {
      if (block[i] != '\n') {
        if (line.size < sizeof line.text) line.text[line.size++] = block[i];
        continue;
      }
      const std::string_view path = path_at({line.text, line.size}, address);
      line.size = 0;
      if (path.empty()) continue;
      ::close(maps);
      return path;
    }
  }
  ::close(maps);
  return {};
}

void on_bus_error(int, siginfo_t* info, void*) {
  Line line;
  std::string_view path;
  if (info->si_code == BUS_ADRERR) path = mapped_file(reinterpret_cast<std::uintptr_t>(info->si_addr), line);
  if (!path.empty()) {
    say("welt: ");
    say(path);
    say(": the file was cut while it was in use. Start again when it is whole: copy or download it again.\n");
    ::_exit(1);
  }
  ::signal(SIGBUS, SIG_DFL);
  ::raise(SIGBUS);
}

}  // namespace

void name_cut_files() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace welt
