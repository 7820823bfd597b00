// `welt render --sheet`: a page of scripts, to be looked at.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "apps/welt/picture.h"
#include "apps/welt/render_options.h"
#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/recipe/find.h"
#include "core/text/segmenter.h"

namespace welt {
namespace {

using nlohmann::json;

constexpr std::int64_t margin = 6;                          // pixels between the page's parts
constexpr std::int64_t word_scale = 2;                      // of the words as the model sees them
constexpr std::int64_t text_block = 48, text_font_px = 20;  // of the text to be read

struct Script {
  std::string name, text;
};

// \t, and \xNN below 80, as the file has them.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0x80;
    if (text.substr(i, 2) == "\\x" && i + 3 < text.size())
      std::from_chars(text.data() + i + 2, text.data() + i + 4, byte, 16);
    if (text.substr(i, 2) == "\\t") {
      out += '\t', i += 1;
    } else if (byte < 0x80) {
      out += static_cast<char>(byte), i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<Script> read_scripts() {
  const auto file = shared_folder() / "data" / "sheet" / "scripts.tsv";
  const std::string all = read_file(file);
  std::vector<Script> scripts;
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t tab = line.find('\t');
    if (line.empty() || line[0] == '#') continue;
    if (tab == std::string_view::npos) {
      fail({.where = file.string(), .found = fmt::format("\"{}\"", line), .expected = "a name, a tab and a text"},
           ErrorCode::data_loss);
    }
    scripts.push_back({std::string(line.substr(0, tab)), unescaped(line.substr(tab + 1))});
  }
  return scripts;
}

struct Row {
  GreyImage name, text, words;
};

class Sheet {
 public:
  explicit Sheet(const RenderOptions& options)
      : renderers_(options.renderer),
        config_(config_of(options, renderers_)),
        segmenter_type_(Registry::instance().find(WELT_SEGMENTER_INTERFACE, "words")),
        segmenter_component_(segmenter_type_, ConfigView(segmenter_type_, json::object(), true, "render"),
                             WELT_INIT_NONE),
        segmenter_(segmenter_component_, 0, 0) {}

  void add(const Script& script) {
    const Renderer& model = renderers_.get(config_);
    std::vector<GreyImage> words;
    std::int64_t missing = 0;
    for (const std::string& word : segmenter_.words(script.text)) {
      words.push_back(model.render(word));
      if (const auto glyphs = model.glyphs(word)) missing += missing_in(*glyphs);
    }
    json large = renderers_.known_keys_of({{"block", text_block}, {"font_px", text_font_px}});
    for (const auto& [key, value] : config_.items()) large.emplace(key, value);
    rows_.push_back({.name = model.render(script.name),
                     .text = renderers_.get(large).render(script.text),
                     .words = enlarge(side_by_side(words), word_scale)});
    fmt::print("{:<24} {:>2} words{}\n", script.name, words.size(),
               missing > 0 ? fmt::format(", {} characters without a font", missing) : "");
  }

  GreyImage page() const {
    std::int64_t name = 0, text = 0, words = 0, height = margin;
    for (const Row& row : rows_) {
      name = std::max(name, row.name.width);
      text = std::max(text, row.text.width);
      words = std::max(words, row.words.width);
      height += height_of(row) + margin;
    }
    GreyImage page = blank(height, name + text + words + 4 * margin, 255);
    std::int64_t top = margin;
    for (const Row& row : rows_) {
      const auto put = [&](const GreyImage& image, std::int64_t left) {
        paste(page, image, top + (height_of(row) - image.height) / 2, left);
      };
      put(row.name, margin);
      put(row.text, name + 2 * margin);
      put(row.words, name + text + 3 * margin);
      top += height_of(row) + margin;
    }
    return page;
  }

 private:
  static std::int64_t missing_in(const std::vector<welt_renderer_glyph>& glyphs) {
    return std::ranges::count(glyphs, WELT_RENDERER_NO_FONT, &welt_renderer_glyph::font);
  }
  static std::int64_t height_of(const Row& row) {
    return std::max({row.name.height, row.text.height, row.words.height});
  }

  Renderers renderers_;
  json config_;
  const ComponentType& segmenter_type_;
  Component segmenter_component_;
  Segmenter segmenter_;
  std::vector<Row> rows_;
};

}  // namespace

void render_sheet(const RenderOptions& options) {
  Sheet sheet(options);
  for (const Script& script : read_scripts()) with_context(script.name, [&] { sheet.add(script); });
  save_picture(options.sheet, sheet.page(), options.scale);
}

}  // namespace welt
