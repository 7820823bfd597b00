// `welt render`: words as the image encoder sees them, as a PNG file or as figures.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/png.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/registry.h"
#include "core/text/bytes.h"
#include "core/text/renderer.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> texts, fonts;
  std::string out, plugin = "freetype";
  std::int64_t block = 0, font_px = 0, scale = 1;  // 0: the plugin's default
  bool as_json = false;
};

constexpr std::int64_t most_pixels = std::int64_t{1} << 28;  // of the file
constexpr std::int64_t gap = 2;                              // pixels between two images
constexpr std::uint8_t backdrop = 200;                       // grey beside the images, so that their edges show

json config_of(const Options& options) {
  json config = json::object();
  if (options.block > 0) config["block"] = options.block;
  if (options.font_px > 0) config["font_px"] = options.font_px;
  if (!options.fonts.empty()) config["fonts"] = options.fonts;
  return config;
}

// One below the other, with a gap.
GreyImage stack(const std::vector<GreyImage>& images) {
  GreyImage sheet;
  for (const GreyImage& image : images) {
    sheet.height += image.height + (sheet.height > 0 ? gap : 0);
    sheet.width = std::max(sheet.width, image.width);
  }
  sheet.pixels.assign(static_cast<std::size_t>(sheet.height * sheet.width), backdrop);
  auto row = sheet.pixels.begin();
  for (const GreyImage& image : images) {
    for (std::int64_t y = 0; y < image.height; ++y, row += sheet.width) {
      std::copy_n(image.pixels.begin() + y * image.width, image.width, row);
    }
    row += std::min<std::int64_t>(gap * sheet.width, sheet.pixels.end() - row);
  }
  return sheet;
}

// Every pixel becomes a square.
GreyImage enlarge(const GreyImage& image, std::int64_t scale) {
  GreyImage out{image.height * scale, image.width * scale, {}};
  out.pixels.reserve(static_cast<std::size_t>(out.height * out.width));
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      out.pixels.insert(out.pixels.end(), static_cast<std::size_t>(scale),
                        image.pixels[static_cast<std::size_t>(y / scale * image.width + x)]);
    }
  }
  return out;
}

void save(const std::vector<GreyImage>& images, const Options& options) {
  const GreyImage sheet = stack(images);
  if (sheet.height * sheet.width > most_pixels / (options.scale * options.scale)) {
    fail({.where = options.out,
          .found = fmt::format("{} × {} pixels, enlarged {} times", sheet.height, sheet.width, options.scale),
          .expected = fmt::format("{} pixels at most", most_pixels),
          .mend = "Draw fewer or shorter texts, or take a smaller --scale"});
  }
  const GreyImage shown = options.scale == 1 ? sheet : enlarge(sheet, options.scale);
  write_grey_png(options.out, shown.pixels, shown.height, shown.width);
}

void run(const Options& options) {
  if (options.out.empty() && !options.as_json) {
    fail({.where = "render",
          .found = "neither --out nor --json",
          .expected = "a file for the picture, or --json for its figures"});
  }
  const ComponentType& type = Registry::instance().find(WELT_RENDERER_INTERFACE, options.plugin);
  const ConfigView config(type, config_of(options), true, "render");
  const Component component(type, config, WELT_INIT_NONE);
  const Renderer renderer(component);
  std::vector<GreyImage> images;
  for (const std::string& text : options.texts) {
    images.push_back(renderer.render(text));
    const GreyImage& image = images.back();
    if (!options.as_json) continue;
    fmt::print("{}\n", json{{"text", text},
                            {"height", image.height},
                            {"width", image.width},
                            {"sha256", sha256(as_text(image.pixels))},
                            {"fingerprint", renderer.fingerprint()}}
                           .dump());
  }
  if (!options.out.empty()) save(images, options);
}

}  // namespace

void add_render(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("render", "Draw words as the image encoder sees them");
  all_arguments(verb->add_option("TEXT", options->texts,
                                 "Texts to draw, one below the other; after -- also such that begin with -")
                    ->type_name("")
                    ->required());
  verb->add_option("--out", options->out, "PNG file to write")->type_name("FILE")->group("Output");
  verb->add_option("--scale", options->scale, "Enlarge every pixel to N × N, for looking at")
      ->check(CLI::Range(1, 64))
      ->type_name("N")
      ->capture_default_str()
      ->group("Output");
  verb->add_flag("--json", options->as_json,
                 "Print an object a line: text, height, width, SHA-256 of the pixels, the renderer's fingerprint")
      ->group("Output");
  verb->add_option("--plugin", options->plugin, "Renderer, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Renderer");
  verb->add_option("--block", options->block, "Height, and unit of the width, in pixels; default: the plugin's (16)")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group("Renderer");
  verb->add_option("--font-px", options->font_px, "Font size in pixels; default: the plugin's (12)")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group("Renderer");
  repeatable(verb->add_option("--font", options->fonts,
                              "Font file or folder, may be given several times; default: the plugin's fonts")
                 ->type_name("PATH")
                 ->group("Renderer"));
  verb->footer(
      "Examples:\n  welt render Hello 'שלום ' 'नमस्ते ' --out words.png --scale 8\n"
      "  welt render --block 32 --font-px 24 $'\\x0e' 'a b' --out controls.png\n"
      "  welt render --json 'same pixels everywhere'");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
