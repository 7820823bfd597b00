// See welt_json.h.
#include "core/huggingface/welt_json.h"

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t bytes_limit = 16 << 20;
constexpr const char *mend = "The checkpoint is damaged: copy it again, or use another one",
                     *always_there[] = {
                         "/format",          "/plugins", "/pooling", "/segmenter/plugin", "/segmenter/max_bytes",
                         "/segmenter/config"};

}  // namespace

std::optional<Json> read_welt_json(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "welt.json";
  if (!std::filesystem::exists(file)) {
    if (!std::filesystem::exists(folder / "training" / "state.json")) return std::nullopt;
    fail({file.string(), "the file is missing", "segmenter, pooling and plugins of this checkpoint", mend},
         ErrorCode::data_loss);
  }
  Json json = read_json_object(file, bytes_limit);
  if (const Json format = json.value("format", Json(welt_json_format)); format != welt_json_format)
    fail({file.string(), "format " + json_text(format), fmt::format("format {}", welt_json_format),
          "This welt is too old for it: use the one that wrote the checkpoint, or a newer one"},
         ErrorCode::failed_precondition);
  for (const char* key : always_there)
    if (!json.contains(Json::json_pointer(key)))
      fail({file.string(), fmt::format("no \"{}\" in it", key + 1), "what welt writes there", mend},
           ErrorCode::data_loss);
  return json;
}

}  // namespace welt
