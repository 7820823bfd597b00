// See renderer_probe.h.
#include "core/conformance/renderer_probe.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/conformance/guarded.h"
#include "core/conformance/texts.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt::conformance {
namespace {

constexpr std::int64_t most_pixels = 1 << 26;   // of a word: more is a mistake, not an image
constexpr std::uint64_t most_glyphs = 1 << 16;  // of a word that is tried here
constexpr std::size_t around = 4096;            // guard bytes before and behind an image

}  // namespace

RendererProbe::RendererProbe(Trial& trial, const ComponentType& type)
    : trial_(trial), made_(trial, type), table_(&made_.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE)) {}

RendererProbe::State::State(const RendererProbe& probe) : probe_(probe) {
  probe.trial_.must("make_state()",
                    [&](welt_error* error) { return probe.table_->make_state(probe.made_.raw(), &state_, error); });
}

RendererProbe::State::~State() { probe_.table_->release_state(probe_.made_.raw(), state_); }

std::int64_t RendererProbe::block() const {
  const std::int64_t pixels = trial_.call("block()", [&] { return table_->block(made_.raw()); });
  trial_.expect(pixels >= 1, {std::to_string(pixels), "1 or more", "renderer.h: block()"});
  return pixels;
}

std::string RendererProbe::fingerprint() const {
  return text_of(trial_.call("fingerprint()", [&] { return table_->fingerprint(made_.raw()); }));
}

RendererProbe::Size RendererProbe::measure(const State& state, std::string_view word) const {
  const Guarded borrowed(word);
  Size size{};
  trial_.must("measure()", [&](welt_error* error) {
    return table_->measure(made_.raw(), state.raw(), borrowed.text(), &size.height, &size.width, error);
  });
  trial_.expect(size.height >= 1 && size.width >= 1 && size.height <= most_pixels / size.width,
                {fmt::format("{} × {} pixels for {}", size.height, size.width, shown(word)),
                 fmt::format("1 pixel to {} of them", most_pixels), "renderer.h: both at least one block"});
  return size;
}

GreyImage RendererProbe::draw(const State& state, std::string_view word, std::uint8_t background, std::int64_t margin,
                              Guards guards) const {
  const Size size = measure(state, word);
  const std::int64_t stride = size.width + margin;
  const auto rows = static_cast<std::size_t>(size.height * stride);
  std::vector<std::uint8_t> memory(rows + 2 * around, background);
  std::uint8_t* const pixels = memory.data() + around;
  const Guarded borrowed(word);
  trial_.must("render()", [&](welt_error* error) {
    return table_->render(made_.raw(), state.raw(), borrowed.text(), pixels, size.height, size.width, stride, error);
  });
  GreyImage image{size.height, size.width, {}};
  for (std::int64_t y = 0; y < size.height; ++y) {
    image.pixels.insert(image.pixels.end(), pixels + y * stride, pixels + y * stride + size.width);
    std::fill_n(pixels + y * stride, size.width, background);  // what is left is beside the image
  }
  const auto written = std::ranges::find_if(memory, [&](std::uint8_t byte) { return byte != background; });
  if (guards == Guards::checked && written != memory.end()) {
    const std::int64_t at = written - memory.begin() - static_cast<std::int64_t>(around);
    trial_.fail({.seen = fmt::format("byte {} written, counted from the first pixel of {} × {} with stride {}, for {}",
                                     at, size.height, size.width, stride, shown(word)),
                 .expected = "the image alone",
                 .rule = "renderer.h: every byte of the image is written, none beside it"});
  }
  return image;
}

Call RendererProbe::refused(const State& state, std::string_view word) const {
  constexpr std::int64_t untouched = -77;
  const Guarded borrowed(word);
  Size size{untouched, untouched};
  Call result = trial_.status_of("measure()", [&](welt_error* error) {
    return table_->measure(made_.raw(), state.raw(), borrowed.text(), &size.height, &size.width, error);
  });
  trial_.expect(result.status == WELT_INVALID_ARGUMENT,
                {fmt::format("{} for {}", status_text(result.status), shown(word)), status_text(WELT_INVALID_ARGUMENT),
                 "renderer.h: text that is not UTF-8 is WELT_INVALID_ARGUMENT"});
  trial_.expect(!result.message.empty(), {"no message", "one that says why", "error.h: the callee fills it"});
  trial_.expect(size == Size{untouched, untouched},
                {"height or width changed", "both untouched", "docs/abi-policy.md: outputs are untouched on failure"});
  return result;
}

RendererProbe::Listed RendererProbe::glyphs(const State& state, std::string_view word, std::uint64_t capacity) const {
  const Guarded borrowed(word), memory(capacity * sizeof(welt_renderer_glyph));
  Listed listed{};
  const Call call = trial_.status_of("glyphs()", [&](welt_error* error) {
    return table_->glyphs(made_.raw(), state.raw(), borrowed.text(),
                          capacity == 0 ? nullptr : memory.as<welt_renderer_glyph>(), capacity, &listed.count, error);
  });
  if (call.status == WELT_UNIMPLEMENTED) trial_.skip("it does not list glyphs: " + call.message);
  trial_.succeeded(call);
  trial_.expect(listed.count <= most_glyphs, {fmt::format("{} glyphs for {}", listed.count, shown(word)),
                                              fmt::format("{} at most", most_glyphs), "renderer.h: glyphs()"});
  const auto* first = memory.as<const welt_renderer_glyph>();
  listed.glyphs.assign(first, first + std::min(capacity, listed.count));
  return listed;
}

std::string RendererProbe::font_name(std::uint32_t font) const {
  if (!WELT_HAS(table_, font_name) || table_->font_name == nullptr) return {};
  const welt_string name = trial_.call("font_name()", [&] { return table_->font_name(made_.raw(), font); });
  const std::string problem = text_problem(name, TableText::line);
  trial_.expect(problem.empty(),
                {fmt::format("the name of font {} {}", font, problem), "UTF-8 on one line", "renderer.h: font_name()"});
  return text_of(name);
}

GreyImage RendererProbe::plain(std::string_view word) const {
  welt_renderer_state* state = nullptr;
  if (table_->make_state(made_.raw(), &state, nullptr) != WELT_OK) return {};
  GreyImage image;
  if (table_->measure(made_.raw(), state, string_of(word), &image.height, &image.width, nullptr) == WELT_OK &&
      image.height > 0 && image.width > 0 && image.height <= most_pixels / image.width) {
    image.pixels.resize(static_cast<std::size_t>(image.height * image.width) + around);
    if (table_->render(made_.raw(), state, string_of(word), image.pixels.data(), image.height, image.width, image.width,
                       nullptr) != WELT_OK) {
      image = {};
    }
    image.pixels.resize(static_cast<std::size_t>(image.height * image.width));
  }
  table_->release_state(made_.raw(), state);
  return image;
}

bool same_image(const GreyImage& a, const GreyImage& b) {
  return a.height == b.height && a.width == b.width && a.pixels == b.pixels;
}

std::string first_difference(const GreyImage& found, const GreyImage& expected) {
  if (found.height != expected.height || found.width != expected.width) {
    return fmt::format("{} × {} pixels instead of {} × {}", found.height, found.width, expected.height, expected.width);
  }
  const auto [here, there] = std::ranges::mismatch(found.pixels, expected.pixels);
  if (here == found.pixels.end()) return "no difference";
  const std::int64_t at = here - found.pixels.begin();
  return fmt::format("row {}, column {} is {} instead of {}", at / found.width, at % found.width, *here, *there);
}

std::vector<std::string> words_to_draw(std::uint64_t seed) {
  constexpr std::size_t longest = 64, random_count = 14, random_longest = 12;
  std::vector<std::string> words;
  for (const std::string& text : known_texts()) {
    std::size_t end = std::min(text.size(), longest);
    while (!starts_character(text, end)) --end;
    words.push_back(text.substr(0, end));
  }
  for (std::string& text : random_texts(seed, random_count, random_longest)) words.push_back(std::move(text));
  return words;
}

}  // namespace welt::conformance
