// See statics.h.
#include "core/conformance/statics.h"

#include <cxxabi.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/note_reader.h"

namespace welt::conformance {
namespace {

namespace fs = std::filesystem;

struct Range {
  std::size_t first, last;
};
struct Found {
  fs::path file;
  bool open = false;
  std::size_t base = 0;
  std::vector<Range> writable;  // without what the linker makes read-only again (RELRO)
};

int look_at(dl_phdr_info* library, std::size_t, void* data) {
  Found& found = *static_cast<Found*>(data);
  std::error_code ignored;
  if (!fs::equivalent(library->dlpi_name, found.file, ignored)) return 0;
  found.open = true, found.base = library->dlpi_addr;
  Range fixed{0, 0};
  for (std::size_t i = 0; i < library->dlpi_phnum; ++i) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type == PT_GNU_RELRO) fixed = {segment.p_vaddr, segment.p_vaddr + segment.p_memsz};
  }
  for (std::size_t i = 0; i < library->dlpi_phnum; ++i) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    const Range all{segment.p_vaddr, segment.p_vaddr + segment.p_memsz};
    for (const Range part :
         {Range{all.first, std::min(all.last, fixed.first)}, Range{std::max(all.first, fixed.last), all.last}})
      if (part.first < part.last) found.writable.push_back(part);
  }
  return 1;
}

std::string readable(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 ? name.get() : symbol;
}

}  // namespace

Statics::Statics(const fs::path& file) : file_(file) {
  Found found{.file = file};
  dl_iterate_phdr(look_at, &found);
  if (!found.open) fail({.where = file.string(), .found = "it is not open in this process"});
  base_ = found.base;
  for (const Range& range : found.writable) {
    const auto* memory = reinterpret_cast<const std::byte*>(base_ + range.first);
    areas_.push_back({memory, {memory, memory + (range.last - range.first)}});
  }
}

std::string Statics::changed() const {
  for (const Area& area : areas_) {
    const auto [was, is] = std::ranges::mismatch(area.before, std::span(area.memory, area.before.size()));
    if (was == area.before.end()) continue;
    const std::size_t address = reinterpret_cast<std::size_t>(&*is) - base_;
    const std::string name = variable_at(MappedFile::open(file_)->bytes(), address);
    return name.empty() ? fmt::format("a static variable (at 0x{:x} of the file)", address)
                        : "the static variable " + readable(name);
  }
  return {};
}

}  // namespace welt::conformance
