// What a plugin file says about itself, read from its bytes: nothing of it is run. Called by the loader before dlopen.
//
// The file is hostile until proven otherwise: every offset and length is checked against the file's size, also those
// that only the dynamic linker would follow (a cut-off segment would end the process with SIGBUS).
#pragma once

#include <welt/abi/note.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct PluginFacts {
  welt_plugin_note note{};                 // members the file's note does not have are zero
  std::vector<std::string> exports;        // defined global and weak dynamic symbols, in the file's order
  std::vector<std::string> imports;        // undefined ones: what other libraries must have
  std::vector<std::string> needed;         // libraries it asks for (DT_NEEDED)
  std::vector<std::string> library_paths;  // where it wants them looked for (DT_RPATH, DT_RUNPATH)
  bool nodelete = false;                   // linked with -z nodelete: dlclose() leaves it where it is
};

// Throws Error (data_loss, failed_precondition) naming `where`: no ELF file, another machine's, cut off, without a
// note.
PluginFacts read_plugin_facts(std::span<const std::byte> file, std::string_view where);

// The same for a file whose note, if it has one, is not looked at: `note` stays zero.
PluginFacts read_library_facts(std::span<const std::byte> file, std::string_view where);

// The name of the variable that lies at `address` of the file as it is linked, of static ones too; "" where the file
// was stripped of it.
std::string variable_at(std::span<const std::byte> file, std::uint64_t address);

}  // namespace welt
