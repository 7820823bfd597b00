// The lines of a shard as they are stored, without a look at what the text is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace welt {

// Calls take(line) for each line, without its end. Throws Error naming the file, and the byte or line, for gzip that is
// damaged, text that is not UTF-8 and lines of more than a gigabyte.
void each_shard_line(const std::filesystem::path& path, const std::function<void(std::string_view line)>& take);

}  // namespace welt
