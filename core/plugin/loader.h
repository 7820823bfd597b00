// Opening a plugin file: inspect (note, judgement, symbols; nothing of it runs), then open (dlopen, handshake).
//
// What is opened stays open until the process ends: freeing a graph whose code was unloaded crashes. [host]
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/plugin/note_reader.h"
#include "core/plugin/registry.h"

namespace welt {

// A file, or a plugin built into the program, that may be opened.
struct InspectedPlugin {
  std::filesystem::path path;  // canonical
  PluginFacts facts;
  std::string sha256;
  std::string built_in;                  // static_plugins.h: the name; empty: a file
  welt_plugin_entry_fn entry = nullptr;  // null: the file's
};

// Reads and judges. Throws Error: file, reason, mend. Logs a warning where the judge has one.
InspectedPlugin inspect_plugin(const std::filesystem::path& file);

// Opens and shakes hands. Throws Error: file, reason (the plugin's own words, or the dynamic linker's), mend.
std::unique_ptr<Plugin> open_plugin(const InspectedPlugin& file);

// Calls an entry and checks the plugin's table, as open_plugin() does with the file's own.
std::unique_ptr<Plugin> shake_hands(const InspectedPlugin& file, welt_plugin_entry_fn entry);

// What the plugin offers, checked: every descriptor has an id and a role, every schema keys that can be
// (component_list.cpp). Throws Error naming the file.
std::vector<ComponentType> list_components(const Plugin& plugin);

}  // namespace welt
