// See word_cache_place.h.
#include "core/data/word_cache_place.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t large_text = std::uintmax_t{256} << 20;

// "": the user has none.
fs::path users_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? fs::path() : fs::path(value);
  };
  if (const fs::path caches = variable("XDG_CACHE_HOME"); caches.is_absolute()) return caches / "welt" / "words";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache" / "welt" / "words";
  return {};
}

}  // namespace

std::optional<WordCachePlace> find_word_cache(const DatasetOptions& options, const SourceOptions& source) {
  const bool automatic = options.cache == "auto", users = automatic || options.cache == "on";
  if (options.cache == "off" || options.words_identity.empty()) return std::nullopt;
  Json files = Json::array();
  std::uintmax_t bytes = 0;
  for (const fs::path& file : expand_files(source.files, source.name)) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (error) return std::nullopt;  // a pipe, or gone: reading says so
    const auto time = fs::last_write_time(file, error).time_since_epoch().count();
    if (error) return std::nullopt;
    bytes += size;
    files.push_back({replace_invalid_utf8(fs::absolute(file).lexically_normal().string()), size, time});
  }
  if (automatic && bytes < large_text) return std::nullopt;
  const fs::path folder = users ? users_folder() : fs::path(options.cache);
  if (folder.empty()) {
    if (automatic) return std::nullopt;
    fail({options.name,
          "cache = \"on\", but there is no folder for it: neither XDG_CACHE_HOME nor HOME is set",
          "a folder in data.cache",
          {}});
  }
  std::error_code error;
  if (fs::create_directories(folder, error) && users) {  // the text may be for its owner's eyes only
    std::error_code ignored;
    fs::permissions(folder, fs::perms::owner_all, ignored);
  }
  if (error) {
    const std::string reason = fmt::format("no folder {} can be made: {}", folder.string(), error.message());
    if (!automatic) fail({options.name, reason, "a folder in data.cache that can be written to", {}});
    log_warning("data", "{}: words are not kept: {}", source.name, reason);
    return std::nullopt;
  }
  const Json identity{{"version", 1},
                      {"files", files},
                      {"format", source.format},
                      {"field", source.field},
                      {"on_invalid", source.on_invalid},
                      {"template", source.text_template},
                      {"language", source.language},
                      {"keep_linebreaks", source.keep_linebreaks},
                      {"limit", source.limit},
                      {"split", static_cast<int>(options.split)},
                      {"held_out", options.validation_fraction},
                      {"words", options.words_identity},
                      {"max_bytes", options.max_bytes},
                      {"window", options.window_words}};
  std::string key = sha256(json_text(identity));
  return WordCachePlace{folder / (key.substr(0, 32) + ".words"), std::move(key)};
}

}  // namespace welt
