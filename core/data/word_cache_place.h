// Whether the words of a text are kept in a file, and in which.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/data/dataset.h"

namespace welt {

struct WordCachePlace {
  std::filesystem::path file;  // in a folder that is there
  std::string key;             // of all that its words depend on
};

// By DatasetOptions::cache: "off"; "on": in welt/words of the user's cache folder (XDG_CACHE_HOME, ~/.cache); "auto":
// so for files of 256 MiB and more together, where such a folder can be had; else a folder. The key is a hash of the
// files (path, size, time of change), how they are read, the share that is held out, `words_identity`, limits and
// windows. Nothing where the words are not kept, or `words_identity` is not known.
std::optional<WordCachePlace> find_word_cache(const DatasetOptions& options, const SourceOptions& source);

}  // namespace welt
