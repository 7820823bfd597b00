// See hub_client.h: names, and what the environment says.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"
#include "core/hub/hub_client.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_on(const char* name) {
  std::string value = variable(name);
  for (char& c : value) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::string trimmed(std::string text) {
  const auto is_blank = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(std::find_if_not(text.rbegin(), text.rend(), is_blank).base(), text.end());
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_blank));
  return text;
}

// What goes into a header must be one line.
std::string checked_token(std::string token, const std::string& where) {
  token = trimmed(std::move(token));
  if (std::ranges::any_of(token, [](unsigned char c) { return c <= ' ' || c > '~'; }))
    fail({where, "a token with blanks or other characters that no token has", "one line of letters, digits and _",
          "Copy it again from the hub's settings"});
  return token;
}

std::string find_token() {
  if (is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return {};
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
    if (const std::string token = variable(name); !token.empty()) return checked_token(token, name);
  std::vector<fs::path> files;
  if (const std::string path = variable("HF_TOKEN_PATH"); !path.empty()) files.emplace_back(path);
  if (const std::string home = variable("HF_HOME"); !home.empty()) files.push_back(fs::path(home) / "token");
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty())
    files.push_back(fs::path(cache) / "huggingface/token");
  if (const std::string home = variable("HOME"); !home.empty())
    files.push_back(fs::path(home) / ".cache/huggingface/token");
  std::error_code error;
  for (const fs::path& file : files)
    if (fs::is_regular_file(file, error) && fs::file_size(file, error) < 4096)
      return checked_token(read_file(file), file.string());
  return {};
}

}  // namespace

bool hub_is_offline() {
  return is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE") || is_on("HF_DATASETS_OFFLINE");
}

HubSettings HubSettings::from_environment() {
  HubSettings out{.endpoint = variable("HF_ENDPOINT"), .token = find_token(), .stall_seconds = 10};
  if (out.endpoint.empty()) out.endpoint = "https://huggingface.co";
  while (out.endpoint.ends_with('/')) out.endpoint.pop_back();
  if (!out.endpoint.starts_with("http://") && !out.endpoint.starts_with("https://"))
    fail({"HF_ENDPOINT", fmt::format("\"{}\"", shown_address(out.endpoint)),
          "an address such as https://huggingface.co"});
  if (const std::string seconds = variable("HF_HUB_DOWNLOAD_TIMEOUT"); !seconds.empty()) {
    const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), out.stall_seconds);
    if (error != std::errc() || end != seconds.data() + seconds.size() || out.stall_seconds < 1 ||
        out.stall_seconds > 86400)
      fail({"HF_HUB_DOWNLOAD_TIMEOUT", fmt::format("\"{}\"", seconds), "whole seconds, 1 to 86400"});
  }
  return out;
}

std::string HubId::text() const { return revision == "main" ? name : name + "@" + revision; }

std::optional<HubId> hub_id(std::string_view text, std::string_view kind) {
  const std::size_t at = std::min(text.find('@'), text.size());
  HubId out{.kind = std::string(kind), .name = std::string(text.substr(0, at))};
  if (at < text.size()) out.revision = text.substr(at + 1);
  const auto is_plain = [](unsigned char c) { return c > ' ' && c < 127 && c != '\\' && c != '@'; };
  if (!is_hub_name(out.name) || out.revision.size() > 200 || !is_inner_path(out.revision) ||
      !std::ranges::all_of(out.revision, is_plain))
    return std::nullopt;
  return out;
}

bool is_inner_path(std::string_view path) {
  if (path.size() > 1000) return false;
  while (true) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (!is_plain_name(path.substr(0, slash)) || slash > 250) return false;
    if (slash == path.size()) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace welt
