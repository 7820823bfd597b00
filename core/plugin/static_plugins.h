// The plugins that are linked into this program (WELT_STATIC_PLUGINS): judged and opened like files. [host]
#pragma once

#include <span>

#include "core/plugin/loader.h"
#include "core/plugin/static_record.h"

namespace welt {

// In the order in which they were linked. None in a program whose plugins are files.
std::span<const welt_static_record* const> static_plugins();

// Judges the note: all of it but what only a file has (exports, needed libraries). The path of what comes back is
// "<name> (built in)". Throws Error; logs a warning where the judge has one.
InspectedPlugin inspect_static_plugin(const welt_static_record& record);

// The SHA-256 of what a plugin came with: its file's, or the running program's when it is built in.
std::string hash_of(const Plugin& plugin);

}  // namespace welt
