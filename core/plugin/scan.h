// Finding plugin files: which folders, which files in them. Nothing is opened here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/registry.h"

namespace welt {

// WELT_PLUGIN_PATH, the executable's folder, <executable>/../lib/welt/plugins. Never the working directory: an empty
// entry of WELT_PLUGIN_PATH means nothing.
std::vector<std::filesystem::path> default_search_folders();

// The files welt_*.plugin.so of the folders, and files named outright, in order; each real file once. Places that do
// not exist are passed over; a folder that cannot be read becomes a refusal.
std::vector<std::filesystem::path> find_plugin_files(const std::vector<std::filesystem::path>& places,
                                                     std::vector<Refusal>& refusals);

}  // namespace welt
