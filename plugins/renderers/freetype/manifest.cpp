// See manifest.h.
#include "manifest.h"

#include <charconv>
#include <string_view>
#include <welt/sdk/base.hpp>

#include "manifest_text.h"

namespace welt::freetype {
namespace {

// The next field of `line`, up to a bar or the end, without the spaces around it.
std::string_view next_field(std::string_view& line) {
  std::string_view field = line.substr(0, line.find('|'));
  line.remove_prefix(std::min(line.size(), field.size() + 1));
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  return field;
}

FontGroup group_named(std::string_view name) {
  if (name == "reference") return FontGroup::reference;
  if (name == "emoji") return FontGroup::emoji;
  return name == "sign" ? FontGroup::sign : FontGroup::more;
}

std::vector<ManifestFont> parse(std::string_view text) {
  std::vector<ManifestFont> fonts;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    ManifestFont font{};
    font.file = next_field(line);
    const std::string_view face = next_field(line);
    std::from_chars(face.data(), face.data() + face.size(), font.face);
    font.group = group_named(next_field(line));
    font.package = next_field(line);
    font.sha256 = next_field(line);
    font.purpose = next_field(line);
    fonts.push_back(std::move(font));
  }
  return fonts;
}

}  // namespace

const std::vector<ManifestFont>& manifest() {
  static sdk::NoDestroy<std::vector<ManifestFont>> fonts(parse(manifest_text));
  return fonts.get();
}

}  // namespace welt::freetype
