// See prepared_metadata.h.
#include "core/data/prepared_metadata.h"

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {

bool is_prepared_metadata(const std::filesystem::path& path) {
  if (!path.filename().string().ends_with(metadata_ending)) return false;
  constexpr std::uintmax_t most = std::uintmax_t{1} << 24;
  try {
    return read_json_object(path, most).value("format", nlohmann::json()) == prepared_format;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace welt
