// welt text map: a collection of texts as points of a plane: a picture, and a page that shows the text under the mouse.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "apps/welt/png.h"
#include "apps/welt/text_options.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/similarity/mini_batch.h"
#include "core/similarity/plane.h"
#include "core/similarity/ranking.h"

namespace welt {
namespace {

using nlohmann::json;
using similarity::Matrix;

struct MapOptions {
  TextOptions text;
  std::string picture, page, method = "auto";
  std::int64_t size = 1200;
  similarity::NeighbourOptions neighbours;
};

constexpr auto colours = std::to_array<std::array<std::uint8_t, 3>>({{31, 119, 180},
                                                                     {214, 39, 40},
                                                                     {44, 160, 44},
                                                                     {255, 127, 14},
                                                                     {148, 103, 189},
                                                                     {23, 190, 207},
                                                                     {227, 119, 194},
                                                                     {140, 86, 75},
                                                                     {188, 189, 34},
                                                                     {127, 127, 127}});

Matrix plane_of(const Matrix& rows, const MapOptions& options) {
  const bool are_few = rows.rows <= similarity::most_neighbour_rows;
  if (options.method == "pca" || (options.method == "auto" && !are_few))
    return similarity::principal_plane(rows, options.text.threads);
  similarity::NeighbourOptions neighbours = options.neighbours;
  neighbours.threads = options.text.threads;
  Progress progress("map", neighbours.iterations);
  neighbours.progress = [&](int done) { progress.update(done); };
  return similarity::neighbour_plane(rows, neighbours);
}

// Into [0, 1] with a margin, the proportions kept.
void fit(Matrix& points) {
  constexpr float margin = 0.03F;
  std::array<float, 2> least, most;
  least.fill(std::numeric_limits<float>::infinity());
  most.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < points.rows; ++i)
    for (std::size_t d = 0; d < 2; ++d) {
      least[d] = std::min(least[d], points.row(i)[d]);
      most[d] = std::max(most[d], points.row(i)[d]);
    }
  const float wide = std::max(most[0] - least[0], most[1] - least[1]), scale = wide > 0 ? (1 - 2 * margin) / wide : 0;
  for (std::size_t i = 0; i < points.rows; ++i)
    for (std::size_t d = 0; d < 2; ++d) points.row(i)[d] = 0.5F + scale * (points.row(i)[d] - (least[d] + most[d]) / 2);
}

void write_picture(const MapOptions& options, const Matrix& points, const std::vector<std::int64_t>& groups) {
  const std::int64_t size = options.size;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * size * size), 255);
  const float radius = static_cast<float>(size) / (points.rows > 2000 ? 500 : 250);
  for (std::size_t i = 0; i < points.rows; ++i) {
    const auto& colour = colours[static_cast<std::size_t>(groups[i]) % colours.size()];
    const float x = points.row(i)[0] * static_cast<float>(size), y = (1 - points.row(i)[1]) * static_cast<float>(size);
    const auto reach = static_cast<std::int64_t>(radius + 1);
    for (std::int64_t row = static_cast<std::int64_t>(y) - reach; row <= static_cast<std::int64_t>(y) + reach; ++row)
      for (std::int64_t column = static_cast<std::int64_t>(x) - reach; column <= static_cast<std::int64_t>(x) + reach;
           ++column) {
        if (row < 0 || column < 0 || row >= size || column >= size) continue;
        const float dx = static_cast<float>(column) + 0.5F - x, dy = static_cast<float>(row) + 0.5F - y;
        const float covered = std::clamp(radius + 0.5F - std::sqrt(dx * dx + dy * dy), 0.0F, 1.0F) * 0.8F;
        std::uint8_t* pixel = pixels.data() + 3 * (row * size + column);
        for (std::size_t c = 0; c < 3; ++c)
          pixel[c] = static_cast<std::uint8_t>(static_cast<float>(pixel[c]) * (1 - covered) +
                                               static_cast<float>(colour[c]) * covered);
      }
  }
  write_rgb_png(options.picture, pixels, size, size);
}

// The beginning of a text, for the page.
std::string beginning(const std::string& text) {
  constexpr std::size_t most = 400;
  if (text.size() <= most) return text;
  std::size_t end = most;
  while ((static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

constexpr const char* page_style =
    "html,body{margin:0;height:100%;font:14px/1.4 system-ui,sans-serif;background:#fff;color:#111}"
    "canvas{display:block;width:100vw;height:100vh}#text{position:fixed;display:none;max-width:28rem;padding:6px 9px;"
    "background:#fffffff2;border:1px solid #bbb;border-radius:4px;pointer-events:none;white-space:pre-wrap;"
    "overflow-wrap:anywhere}#about{position:fixed;left:10px;top:8px;color:#666}";

constexpr const char* page_script = R"js(
const canvas = document.getElementById('map'), box = document.getElementById('text'), pen = canvas.getContext('2d');
let side = 1, left = 0, top_ = 0, near = -1;
const place = i => [left + map.x[i] * side, top_ + (1 - map.y[i]) * side];
function draw() {
  const ratio = window.devicePixelRatio || 1, wide = innerWidth, high = innerHeight;
  canvas.width = wide * ratio; canvas.height = high * ratio; pen.scale(ratio, ratio);
  side = Math.min(wide, high); left = (wide - side) / 2; top_ = (high - side) / 2;
  const radius = map.x.length > 2000 ? 2 : 3.5;
  for (let i = 0; i < map.x.length; ++i) {
    const [x, y] = place(i);
    pen.globalAlpha = i === near ? 1 : .75; pen.fillStyle = map.colours[map.group[i] % map.colours.length];
    pen.beginPath(); pen.arc(x, y, i === near ? radius + 2 : radius, 0, 7); pen.fill();
  }
}
addEventListener('resize', draw);
addEventListener('mousemove', event => {
  let best = 200, found = -1;
  for (let i = 0; i < map.x.length; ++i) {
    const [x, y] = place(i), far = (x - event.clientX) ** 2 + (y - event.clientY) ** 2;
    if (far < best) { best = far; found = i; }
  }
  if (found !== near) { near = found; draw(); }
  box.style.display = found < 0 ? 'none' : 'block';
  if (found < 0) return;
  box.textContent = map.text[found];
  box.style.left = Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8) + 'px';
  box.style.top = Math.min(event.clientY + 14, innerHeight - box.offsetHeight - 8) + 'px';
});
draw();
)js";

void write_page(const MapOptions& options, const Matrix& points, const std::vector<std::int64_t>& groups,
                const std::vector<std::string>& texts) {
  json x = json::array(), y = json::array(), names = json::array(), beginnings = json::array();
  for (std::size_t i = 0; i < points.rows; ++i) {
    x.push_back(std::round(static_cast<double>(points.row(i)[0]) * 1e4) / 1e4);
    y.push_back(std::round(static_cast<double>(points.row(i)[1]) * 1e4) / 1e4);
    beginnings.push_back(beginning(texts[i]));
  }
  for (const auto& [red, green, blue] : colours) names.push_back(fmt::format("rgb({},{},{})", red, green, blue));
  const std::string data =
      script_text(json_text(json{{"x", x}, {"y", y}, {"group", groups}, {"text", beginnings}, {"colours", names}}));
  write_file(options.page,
             fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                         "content=\"width=device-width\"><title>{0} texts</title><style>{1}</style></head>\n<body>"
                         "<canvas id=\"map\"></canvas><div id=\"about\">{0} texts</div><div id=\"text\"></div>\n"
                         "<script>const map = {2};{3}</script></body></html>\n",
                         points.rows, page_style, data, page_script));
}

void draw_map(const MapOptions& options) {
  if (options.picture.empty() && options.page.empty()) {
    fail(
        {.where = "welt text map", .found = "no file to write", .expected = "--out MAP.png, --html MAP.html, or both"});
  }
  const std::vector<std::string> texts = texts_of(options.text);
  if (texts.empty()) fail({.where = "welt text map", .found = "no texts", .expected = "one or more"});
  const similarity::StaticEmbedding embedding = load_embedding(options.text);
  Matrix rows = vectors_of(embedding, texts, options.text.threads);
  similarity::normalize(rows);
  similarity::KMeansOptions kmeans = options.text.kmeans;
  kmeans.k = std::min(static_cast<std::size_t>(std::max<std::int64_t>(1, options.text.k)), rows.rows);
  kmeans.threads = options.text.threads;
  constexpr std::size_t many = 20'000, batch = 4096;
  const std::vector<std::int64_t> groups = rows.rows > many ? similarity::mini_batch_kmeans(rows, kmeans, batch).labels
                                                            : similarity::kmeans(rows, kmeans).labels;
  Matrix points = plane_of(rows, options);
  fit(points);
  if (!options.picture.empty()) write_picture(options, points, groups);
  if (!options.page.empty()) write_page(options, points, groups, texts);
}

}  // namespace

void add_text_map(CLI::App& text) {
  const auto options = std::make_shared<MapOptions>();
  CLI::App* verb = text.add_subcommand("map", "Texts as points of a plane: a picture, and a page with text on hover");
  add_text_inputs(*verb, options->text, "Texts; default: the lines of standard input");
  verb->add_option("--out", options->picture, "PNG file to write")->type_name("FILE");
  verb->add_option("--html", options->page, "Page to write; it needs no other file")->type_name("FILE");
  verb->add_option("--method", options->method,
                   "neighbours: what is alike stands together (t-SNE); pca: the two directions in which texts differ "
                   "most; auto: neighbours up to 5000 texts")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "neighbours", "pca"}))
      ->option_text("auto|neighbours|pca");
  verb->add_option("--perplexity", options->neighbours.perplexity, "How many neighbours count, about")
      ->capture_default_str()
      ->type_name("N");
  verb->add_option("--k", options->text.k, "Colours: groups as of `welt text cluster`")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("K");
  verb->add_option("--size", options->size, "Pixels a side of the picture")
      ->check(CLI::Range(64, 8192))
      ->capture_default_str()
      ->type_name("N");
  add_embedding_options(*verb, options->text);
  verb->add_option("--dim", options->text.dim, "The first N dimensions (Matryoshka); 0: all")
      ->type_name("N")
      ->capture_default_str()
      ->group("Model");
  verb->footer(
      "Examples:\n  welt text map --file titles.txt --out map.png --html map.html\n"
      "  welt text map --file notes/ --html map.html --method pca --k 12");
  verb->callback([options] { draw_map(*options); });
}

}  // namespace welt
