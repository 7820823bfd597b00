// See font_files.h.
#include "font_files.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <welt/abi/log.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include <welt/common/sha256.h>

namespace welt::freetype {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

FontFile load(const std::string& path, unsigned face, FontGroup group = FontGroup::more) {
  FontFile font{.name = fs::path(path).filename().string(),
                .path = path,
                .face = face,
                .group = group,
                .sha256 = {},
                .mapping = {}};
  font.mapping = std::make_unique<MappedFont>(path);
  Sha256 hash;
  const auto bytes = font.mapping->bytes();
  hash.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  font.sha256 = hash.finish();
  return font;
}

// The first folder's file of that name.
std::optional<std::string> locate(const std::string& file, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    std::error_code error;
    const fs::path path = fs::path(folder) / file;
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return std::nullopt;
}

[[noreturn]] void refuse_without_fonts(const Settings& settings) {
  throw sdk::Failure(WELT_NOT_FOUND,
                     "no font to draw words with was found. Looked in " + joined(settings.font_folders) + " for " +
                         "the Noto fonts of the plugin's manifest, among them " + manifest().front().file +
                         ". They are Debian's packages fonts-noto-core and fonts-noto-cjk: apt-get install "
                         "fonts-noto-core fonts-noto-cjk; or name font files of your own in \"fonts\", or the folder "
                         "of these in \"font_folders\"",
                     "fonts");
}

FontFile load_checked(const std::string& path, const ManifestFont& entry) {
  FontFile font = load(path, entry.face, entry.group);
  if (font.sha256 != entry.sha256) {
    sdk::log(WELT_LOG_WARNING, path + ": SHA-256 " + font.sha256 + ", expected " + entry.sha256 + " of " +
                                   (entry.group == FontGroup::sign ? "" : "Debian 12's package ") + entry.package +
                                   "; words may look different, and the renderer's fingerprint does");
  }
  return font;
}

std::vector<FontFile> manifest_fonts(const Settings& settings) {
  std::vector<FontFile> fonts;
  std::map<std::string, std::vector<std::string>> missing;  // by package
  for (const ManifestFont& entry : manifest()) {
    if (entry.group == FontGroup::sign) continue;
    if (settings.reference_compatible && entry.group != FontGroup::reference) continue;
    if (const auto path = locate(entry.file, settings.font_folders)) {
      fonts.push_back(load_checked(*path, entry));
    } else {
      missing[entry.package].push_back(entry.file + " (" + entry.purpose + ")");
    }
  }
  if (fonts.empty()) refuse_without_fonts(settings);
  for (const auto& [package, files] : missing) {
    sdk::log(WELT_LOG_WARNING, "fonts not found: " + joined(files) + "; looked in " + joined(settings.font_folders) +
                                   ". What only they can draw becomes a box. They are Debian's package " + package +
                                   ": apt-get install " + package);
  }
  return fonts;
}

bool is_font_name(const fs::path& path) {
  static constexpr std::array<std::string_view, 4> endings = {".ttf", ".otf", ".ttc", ".otc"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(endings, ending) != endings.end();
}

// A file, a file with "#face", or the fonts of a folder by name.
void add_named(const std::string& entry, std::vector<FontFile>& fonts) {
  std::error_code error;
  if (fs::is_directory(entry, error)) {
    std::vector<std::string> paths;
    for (const auto& item : fs::directory_iterator(entry, error)) {
      if (is_font_name(item.path()) && item.is_regular_file(error)) paths.push_back(item.path().string());
    }
    if (error || paths.empty()) {
      throw sdk::Failure(WELT_NOT_FOUND,
                         "fonts: the folder " + entry + " " +
                             (error ? "cannot be read: " + error.message() : "has no font") +
                             "; expected files that end in .ttf, .otf, .ttc or .otc",
                         "fonts");
    }
    std::ranges::sort(paths);
    for (const std::string& path : paths) fonts.push_back(load(path, 0));
    return;
  }
  const std::size_t hash = entry.rfind('#');
  unsigned face = 0;
  std::string path = entry;
  if (hash != std::string::npos && !fs::exists(entry, error)) {
    const char* end = entry.data() + entry.size();
    const auto parsed = std::from_chars(entry.data() + hash + 1, end, face);
    if (parsed.ec == std::errc() && parsed.ptr == end) path = entry.substr(0, hash);
  }
  fonts.push_back(load(path, face));
}

// Where setup puts the fonts of signs: beside the folder of the file that this code was loaded from (build/bin has
// build/fonts beside it), and of an installation.
std::vector<std::string> sign_folders(const Settings& settings) {
  if (!settings.sign_fonts.empty()) return {settings.sign_fonts};
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&sign_folders), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path own = fs::canonical(info.dli_fname, error).parent_path();
  if (error) return {};
  return {(own.parent_path() / "fonts").string(),
          (own.parent_path().parent_path().parent_path() / "share/welt/fonts").string()};
}

// Both, or none.
void add_sign_fonts(const Settings& settings, std::vector<FontFile>& fonts) {
  const std::vector<std::string> folders = sign_folders(settings);
  std::vector<FontFile> found;
  std::vector<std::string> missing;
  for (const ManifestFont& entry : manifest()) {
    if (entry.group != FontGroup::sign) continue;
    if (const auto path = locate(entry.file, folders)) {
      found.push_back(load_checked(*path, entry));
    } else {
      missing.push_back(entry.file);
    }
  }
  if (missing.empty()) {
    std::ranges::move(found, std::back_inserter(fonts));
    return;
  }
  const std::string text =
      "fonts of SignWriting not found: " + joined(missing) + "; looked in " + joined(folders) +
      ". Mend: run scripts/setup.sh, which takes them out of the PyPI package signwriting, or name "
      "their folder in \"sign_fonts\"";
  if (!settings.sign_fonts.empty()) throw sdk::Failure(WELT_NOT_FOUND, text, "sign_fonts");
  sdk::log(WELT_LOG_WARNING, text + ". Until then a sign's symbols are drawn in a row, not where they belong");
}

}  // namespace

MappedFont::MappedFont(const std::string& path) {
  const auto refuse = [&](const std::string& reason) {
    throw sdk::Failure(WELT_NOT_FOUND, "font " + path + ": " + reason + "; expected a readable font file", "fonts");
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer would block
  if (file < 0) refuse(std::strerror(errno));
  struct stat status {};
  std::string reason;
  if (::fstat(file, &status) != 0) {
    reason = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    reason = S_ISREG(status.st_mode) ? "it is empty" : "it is no regular file";
  } else {
    void* data = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) {
      reason = std::strerror(errno);
    } else {
      data_ = static_cast<const std::byte*>(data);
      size_ = static_cast<std::size_t>(status.st_size);
    }
  }
  ::close(file);
  if (!reason.empty()) refuse(reason);
}

MappedFont::~MappedFont() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::vector<FontFile> find_fonts(const Settings& settings) {
  std::vector<FontFile> fonts;
  if (settings.fonts.empty()) {
    fonts = manifest_fonts(settings);
  } else {
    for (const std::string& entry : settings.fonts) add_named(entry, fonts);
  }
  const auto rank = [&](const FontFile& font) {
    const auto found =
        std::ranges::find_if(settings.order, [&](const auto& name) { return font.name.starts_with(name); });
    return found - settings.order.begin();
  };
  std::ranges::stable_sort(fonts, {}, rank);
  std::vector<FontFile> once;
  for (FontFile& font : fonts) {
    const bool known = std::ranges::any_of(
        once, [&](const FontFile& other) { return other.sha256 == font.sha256 && other.face == font.face; });
    if (!known) once.push_back(std::move(font));
  }
  if (settings.fonts.empty() || !settings.sign_fonts.empty()) add_sign_fonts(settings, once);
  return once;
}

}  // namespace welt::freetype
