// `welt render`: words as the image encoder sees them, as a PNG file, as figures, or as a page of scripts.
#include <fmt/format.h>

#include <memory>

#include "apps/welt/picture.h"
#include "apps/welt/render_options.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {
namespace {

using nlohmann::json;

void render_texts(const RenderOptions& options) {
  if (options.out.empty() && !options.as_json) {
    if (!options.pixels.empty()) return;
    fail({.where = "render",
          .found = "neither --out nor --json",
          .expected = "a file for the picture, or --json for its figures"});
  }
  Renderers renderers(options.renderer);
  const Renderer& renderer = renderers.get(config_of(options, renderers));
  std::vector<GreyImage> images;
  for (const std::string& text : options.texts) {
    if (!options.out.empty()) images.push_back(renderer.render(text));
    if (!options.as_json) continue;
    json line = figures_of(renderer, text);
    line["text"] = text;
    line["fingerprint"] = renderer.fingerprint();
    fmt::print("{}\n", json_text(line));
  }
  if (!options.out.empty()) save_picture(options.out, stack(images), options.scale);
}

void run(const RenderOptions& options) {
  const bool asks_elsewhere = options.as_jsonl || !options.sheet.empty();
  if (asks_elsewhere == !options.texts.empty()) {
    fail({.where = "render",
          .found = asks_elsewhere ? "texts beside --jsonl or --sheet" : "no text",
          .expected = "texts to draw, or --jsonl for those of standard input, or --sheet for a page of scripts"});
  }
  if (options.as_jsonl) return render_lines(options);
  if (!options.sheet.empty()) return render_sheet(options);
  if (!options.pixels.empty()) render_pixels(options);
  render_texts(options);
}

void add_renderer_options(CLI::App& verb, RenderOptions& options) {
  verb.add_option("--renderer,--plugin", options.renderer, "Renderer, or the path of a plugin file")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Renderer");
  verb.add_option("--block", options.block, "Height, and unit of the width, in pixels; default: the plugin's (16)")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group("Renderer");
  verb.add_option("--font-px", options.font_px, "Font size in pixels; default: the plugin's (12)")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group("Renderer");
  repeatable(verb.add_option("--font", options.fonts,
                             "Font file or folder, may be given several times; default: the plugin's fonts")
                 ->type_name("PATH")
                 ->group("Renderer"));
  verb.add_flag("--reference-compatible", options.reference_compatible,
                "As the Python renderer, where the renderer can; others draw as ever")
      ->group("Renderer");
}

void add_outputs(CLI::App& verb, RenderOptions& options) {
  verb.add_option("--out", options.out, "PNG file to write")->type_name("FILE")->group("Output");
  verb.add_option("--scale", options.scale, "Enlarge every pixel to N × N, for looking at")
      ->check(CLI::Range(1, 64))
      ->type_name("N")
      ->capture_default_str()
      ->group("Output");
  auto* as_json = verb.add_flag("--json", options.as_json,
                                "Print an object a line: text, size, SHA-256 of the pixels, ink, glyphs, fingerprint")
                      ->group("Output");
  auto* as_jsonl =
      verb.add_flag("--jsonl", options.as_jsonl,
                    "Answer each line {text, options: {block, font_px}} of standard input by such an object; one with "
                    "renders: [{block, font_px}, …] by a list of them")
          ->excludes(as_json)
          ->excludes("--out")
          ->group("Output");
  auto* pixels = verb.add_option("--pixels", options.pixels,
                                 "FILE.safetensors to write: the texts as an image encoder gets them, input_images "
                                 "[N,3,H,W] normalised and padded, input_images_dimensions [N,2]")
                     ->type_name("FILE")
                     ->excludes(as_jsonl)
                     ->group("Output");
  verb.add_option("--processor", options.processor,
                  "preprocessor_config.json of the encoder, for --pixels; default: mean and deviation 0.5")
      ->type_name("FILE")
      ->needs(pixels)
      ->group("Output");
  verb.add_option("--sheet", options.sheet, "PNG file to write: a page of scripts, names, texts and words")
      ->type_name("FILE")
      ->excludes(as_json)
      ->excludes(as_jsonl)
      ->excludes(pixels)
      ->excludes("--out")
      ->group("Output");
}

}  // namespace

json config_of(const RenderOptions& options, const Renderers& renderers) {
  json config = json::object();
  if (options.block > 0) config["block"] = options.block;
  if (options.font_px > 0) config["font_px"] = options.font_px;
  if (!options.fonts.empty()) config["fonts"] = options.fonts;
  if (options.reference_compatible && renderers.has_key("reference_compatible")) config["reference_compatible"] = true;
  return config;
}

void add_render(CLI::App& app) {
  auto options = std::make_shared<RenderOptions>();
  CLI::App* verb = app.add_subcommand("render", "Draw words as the image encoder sees them");
  all_arguments(verb->add_option("TEXT", options->texts,
                                 "Texts to draw, one below the other; after -- also such that begin with -")
                    ->type_name(""));
  add_outputs(*verb, *options);
  add_renderer_options(*verb, *options);
  verb->footer(
      "Examples:\n  welt render Hello 'שלום ' 'नमस्ते ' --out words.png --scale 8\n"
      "  welt render --block 32 --font-px 24 $'\\x0e' 'a b' --out controls.png\n"
      "  welt render --json 'same pixels everywhere'\n"
      "  echo '{\"text\": \"Hello\", \"options\": {\"block\": 32}}' | welt render --jsonl\n"
      "  welt render --sheet scripts.png");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
