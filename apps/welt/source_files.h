// What a verb that reads text takes as a source: a folder that `welt data prepare` has made, another folder of data, a
// file, or a pattern.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace welt {

// The files of all sources, in their order; of a prepared folder the shards of both splits. Throws Error for a folder
// without data, and for a prepared one that is not whole.
std::vector<std::filesystem::path> source_files(const std::vector<std::string>& sources);

}  // namespace welt
