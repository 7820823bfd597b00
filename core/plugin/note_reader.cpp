// See note_reader.h. Format: System V ABI (ELF-64), notes as in its chapter "Note Section".
#include "core/plugin/note_reader.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/error.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t this_machine = EM_AARCH64;
#endif

constexpr std::uint64_t max_sections = 65536, max_symbols = 1u << 20, max_dynamic = 4096;

class Reader {
 public:
  Reader(std::span<const std::byte> file, std::string_view where) : file_(file), where_(where) {}

  PluginFacts read(bool with_note) {
    header_ = at<Elf64_Ehdr>(0, "ELF header");
    check_identity();
    check_segments();
    read_sections();
    PluginFacts facts;
    if (with_note) read_notes(facts);
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type == SHT_DYNSYM) read_symbols(section, facts);
      if (section.sh_type == SHT_DYNAMIC) read_dynamic(section, facts);
    }
    return facts;
  }

  std::string variable_at(std::uint64_t address) {
    header_ = at<Elf64_Ehdr>(0, "ELF header");
    check_identity();
    read_sections();
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_SYMTAB) continue;
      const auto table = range(section.sh_offset, section.sh_size, "symbol table");
      for (std::uint64_t i = 0; i < std::min(table.size() / sizeof(Elf64_Sym), max_symbols); ++i) {
        const auto symbol = entry<Elf64_Sym>(table, i);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && address >= symbol.st_value &&
            address - symbol.st_value < symbol.st_size)
          return text_at(strings_of(section), symbol.st_name);
      }
    }
    return {};
  }

 private:
  [[noreturn]] void broken(std::string found) const {
    fail({std::string(where_), std::move(found), "a whole shared library",
          "The file is cut off or damaged: build or copy it again"},
         ErrorCode::data_loss);
  }

  // A byte range of the file, or an error that says what `what` is.
  std::span<const std::byte> range(std::uint64_t offset, std::uint64_t size, std::string_view what) const {
    if (offset > file_.size() || size > file_.size() - offset) {
      broken(fmt::format("its {} lies at bytes {} to {}+{}, but the file has {}", what, offset, offset, size,
                         file_.size()));
    }
    return file_.subspan(offset, size);
  }

  template <typename T>
  T at(std::uint64_t offset, std::string_view what) const {
    T value;
    std::memcpy(&value, range(offset, sizeof(T), what).data(), sizeof(T));
    return value;
  }

  // Entry `index` of a table whose range has been checked.
  template <typename T>
  static T entry(std::span<const std::byte> table, std::uint64_t index) {
    T value;
    std::memcpy(&value, table.data() + index * sizeof(T), sizeof(T));
    return value;
  }

  void check_identity() const {
    if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) {
      fail({std::string(where_), "it is no ELF file", "a plugin made by welt_add_plugin()",
            "Name the built welt_<name>.plugin.so"});
    }
    if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
        header_.e_machine != this_machine) {
      fail({std::string(where_), fmt::format("it is built for another machine (ELF machine {})", header_.e_machine),
            fmt::format("a 64-bit library for this one ({})", this_machine), "Rebuild the plugin on this machine"},
           ErrorCode::failed_precondition);
    }
    if (header_.e_type != ET_DYN) {
      fail({std::string(where_), "it is an ELF file, but no shared library", "a plugin made by welt_add_plugin()",
            "Name the built welt_<name>.plugin.so, not an object file or a program"});
    }
  }

  void check_segments() const {
    if (header_.e_phnum == 0 || header_.e_phentsize != sizeof(Elf64_Phdr)) broken("its program headers are missing");
    const auto table = range(header_.e_phoff, std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr), "program headers");
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = entry<Elf64_Phdr>(table, i);
      if (segment.p_type == PT_NULL) continue;
      range(segment.p_offset, segment.p_filesz, fmt::format("segment {}", i));
    }
  }

  void read_sections() {
    if (header_.e_shoff == 0) broken("it has no section headers (strip keeps them, sstrip and the like do not)");
    if (header_.e_shentsize != sizeof(Elf64_Shdr)) broken("its section headers have an unknown size");
    std::uint64_t count = header_.e_shnum;
    if (count == 0) count = at<Elf64_Shdr>(header_.e_shoff, "section headers").sh_size;
    if (count > max_sections) broken(fmt::format("it claims {} sections", count));
    const auto table = range(header_.e_shoff, count * sizeof(Elf64_Shdr), "section headers");
    for (std::uint64_t i = 0; i < count; ++i) {
      sections_.push_back(entry<Elf64_Shdr>(table, i));
      const Elf64_Shdr& section = sections_.back();
      if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL) {
        range(section.sh_offset, section.sh_size, fmt::format("section {}", i));
      }
    }
  }

  void read_notes(PluginFacts& facts) const {
    int found = 0;
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_NOTE) continue;
      auto rest = range(section.sh_offset, section.sh_size, "note section");
      const std::uint64_t align = section.sh_addralign == 8 ? 8 : 4;
      const auto padded = [&](std::uint64_t size) { return (size + align - 1) / align * align; };
      while (rest.size() >= sizeof(Elf64_Nhdr)) {
        const auto note = entry<Elf64_Nhdr>(rest, 0);
        const std::uint64_t owner_end = sizeof(Elf64_Nhdr) + note.n_namesz;
        const std::uint64_t begin = padded(owner_end), end = begin + note.n_descsz;
        if (owner_end > rest.size() || end > rest.size()) break;  // other tools' notes are not ours to judge
        const std::string_view owner(reinterpret_cast<const char*>(rest.data()) + sizeof(Elf64_Nhdr), note.n_namesz);
        if (owner == std::string_view(WELT_NOTE_OWNER, sizeof WELT_NOTE_OWNER) && note.n_type == WELT_NOTE_TYPE) {
          take_note(rest.subspan(begin, note.n_descsz), facts.note);
          ++found;
        }
        rest = rest.subspan(std::min<std::uint64_t>(padded(end), rest.size()));
      }
    }
    if (found == 1) return;
    fail({std::string(where_),
          found == 0 ? "it has no welt note: nothing says which ABI and LibTorch it was built for"
                     : fmt::format("it has {} welt notes", found),
          "one ELF note \"welt\" in section .note.welt",
          "Build it with welt_add_plugin(), which writes the note; objcopy --remove-section takes it away"},
         ErrorCode::failed_precondition);
  }

  void take_note(std::span<const std::byte> bytes, welt_plugin_note& note) const {
    constexpr std::size_t least = offsetof(welt_plugin_note, version);  // the members a judgement needs
    std::uint32_t claimed = 0;
    if (bytes.size() >= sizeof claimed) std::memcpy(&claimed, bytes.data(), sizeof claimed);
    if (claimed < least || claimed > bytes.size()) {
      broken(fmt::format("its welt note says {} bytes and has {}", claimed, bytes.size()));
    }
    std::memcpy(&note, bytes.data(), std::min<std::size_t>(claimed, sizeof note));
    for (const std::span<const char> text :
         {std::span<const char>(note.id), std::span<const char>(note.version), std::span<const char>(note.sdk_version),
          std::span<const char>(note.compiler)}) {
      if (text.back() != 0) broken("a text of its welt note has no end");
      const welt_string shown{text.data(), std::strlen(text.data())};
      if (const std::string problem = text_problem(shown, TableText::line); !problem.empty()) {
        broken("a text of its welt note " + problem);
      }
    }
    if (note.id[0] == 0) broken("its welt note has an empty id");
  }

  // The string table that a section is linked to.
  std::span<const std::byte> strings_of(const Elf64_Shdr& section) const {
    if (section.sh_link >= sections_.size() || sections_[section.sh_link].sh_type != SHT_STRTAB) {
      broken("a table of it is linked to no string table");
    }
    return range(sections_[section.sh_link].sh_offset, sections_[section.sh_link].sh_size, "string table");
  }

  std::string text_at(std::span<const std::byte> strings, std::uint64_t offset) const {
    if (offset >= strings.size()) broken(fmt::format("a name of it starts at byte {} of {}", offset, strings.size()));
    const auto* begin = reinterpret_cast<const char*>(strings.data()) + offset;
    const void* end = std::memchr(begin, 0, strings.size() - offset);
    if (end == nullptr) broken("a name of it has no end");
    return {begin, static_cast<const char*>(end)};
  }

  void read_symbols(const Elf64_Shdr& section, PluginFacts& facts) const {
    const auto table = range(section.sh_offset, section.sh_size, "symbol table");
    const auto strings = strings_of(section);
    const std::uint64_t count = table.size() / sizeof(Elf64_Sym);
    if (count > max_symbols) broken(fmt::format("it claims {} symbols", count));
    for (std::uint64_t i = 1; i < count; ++i) {
      const auto symbol = entry<Elf64_Sym>(table, i);
      const unsigned binding = ELF64_ST_BIND(symbol.st_info), visibility = ELF64_ST_VISIBILITY(symbol.st_other);
      if (binding == STB_LOCAL) continue;
      if (symbol.st_shndx == SHN_UNDEF) {
        facts.imports.push_back(text_at(strings, symbol.st_name));
        continue;
      }
      if (visibility == STV_HIDDEN || visibility == STV_INTERNAL || ELF64_ST_TYPE(symbol.st_info) == STT_SECTION)
        continue;
      facts.exports.push_back(text_at(strings, symbol.st_name));
    }
  }

  void read_dynamic(const Elf64_Shdr& section, PluginFacts& facts) const {
    const auto table = range(section.sh_offset, section.sh_size, "dynamic table");
    const auto strings = strings_of(section);
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(table.size() / sizeof(Elf64_Dyn), max_dynamic); ++i) {
      const auto tag = entry<Elf64_Dyn>(table, i);
      if (tag.d_tag == DT_NULL) break;
      if (tag.d_tag == DT_NEEDED) facts.needed.push_back(text_at(strings, tag.d_un.d_val));
      if (tag.d_tag == DT_RPATH || tag.d_tag == DT_RUNPATH) {
        facts.library_paths.push_back(text_at(strings, tag.d_un.d_val));
      }
      if (tag.d_tag == DT_FLAGS_1) facts.nodelete = (tag.d_un.d_val & DF_1_NODELETE) != 0;
    }
  }

  std::span<const std::byte> file_;
  std::string_view where_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace

PluginFacts read_plugin_facts(std::span<const std::byte> file, std::string_view where) {
  return Reader(file, where).read(/*with_note=*/true);
}

std::string variable_at(std::span<const std::byte> file, std::uint64_t address) {
  return Reader(file, "the plugin file").variable_at(address);
}

PluginFacts read_library_facts(std::span<const std::byte> file, std::string_view where) {
  return Reader(file, where).read(/*with_note=*/false);
}

}  // namespace welt
