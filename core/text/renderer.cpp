// See renderer.h.
#include "core/text/renderer.h"

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/plugin/registry.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

// What a plugin may ask for at most: an image of 64 MB. A wider word is a defect, or a setting nobody wants.
constexpr std::int64_t most_pixels = std::int64_t{1} << 26;
constexpr std::int64_t largest_block = 4096;
constexpr std::uint64_t most_glyphs = std::uint64_t{1} << 24;

[[noreturn]] void blame(const Component& component, std::string found, std::string expected) {
  fail({.where = "renderer " + component.type().id,
        .found = std::move(found),
        .expected = std::move(expected),
        .mend = "This is a defect of the plugin"},
       ErrorCode::internal);
}

void expect_utf8(std::string_view word) {
  const std::size_t fault = find_invalid_utf8(word);
  if (fault == utf8_ok) return;
  fail({.where = "a word to draw",
        .found = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(word[fault])),
        .expected = "text in UTF-8"});
}

}  // namespace

// A state that is this call's alone. It goes back to the pool also after an error: the ABI keeps a state usable then.
class Renderer::Lease {
 public:
  explicit Lease(const Renderer& renderer) : renderer_(renderer), state_(renderer.take()) {}
  ~Lease() {
    const std::lock_guard lock(renderer_.mutex_);
    renderer_.idle_.push_back(state_);  // take() has made room
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  welt_renderer_state* state() const { return state_; }

 private:
  const Renderer& renderer_;
  welt_renderer_state* state_;
};

Renderer::Renderer(const Component& component)
    : component_(&component), table_(&component.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE)) {
  block_ = table_->block(component.raw());
  if (block_ < 1 || block_ > largest_block) {
    blame(component, fmt::format("a block of {} pixels", block_), fmt::format("1 to {}", largest_block));
  }
  const welt_string fingerprint = table_->fingerprint(component.raw());
  if (const std::string problem = text_problem(fingerprint, TableText::line); !problem.empty()) {
    blame(component, "a fingerprint that " + problem, "text in UTF-8 on one line");
  }
  fingerprint_ = text_of(fingerprint);
  if (fingerprint_.empty()) blame(component, "an empty fingerprint", "a text that names fonts, versions and settings");
}

Renderer::~Renderer() {
  for (welt_renderer_state* state : idle_) table_->release_state(component_->raw(), state);
}

welt_renderer_state* Renderer::take() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      welt_renderer_state* state = idle_.back();
      idle_.pop_back();
      return state;
    }
    ++states_;
    idle_.reserve(states_);
  }
  welt_renderer_state* state = nullptr;
  CallError error;
  error.check(table_->make_state(component_->raw(), &state, error.raw()), "preparing to draw words");
  if (state == nullptr) blame(*component_, "make_state() succeeded without a state", "a state");
  return state;
}

GreyImage Renderer::render(std::string_view word) const {
  expect_utf8(word);
  const Lease lease(*this);
  GreyImage image;
  CallError error;
  error.check(
      table_->measure(component_->raw(), lease.state(), string_of(word), &image.height, &image.width, error.raw()),
      "measuring a word");
  const auto fits = [this](std::int64_t size) { return size >= block_ && size <= most_pixels && size % block_ == 0; };
  if (!fits(image.height) || !fits(image.width) || image.height > most_pixels / image.width) {
    blame(*component_, fmt::format("a word of {} bytes is {} × {} pixels", word.size(), image.height, image.width),
          fmt::format("multiples of {} from there, {} pixels in all at most", block_, most_pixels));
  }
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width));
  error.check(table_->render(component_->raw(), lease.state(), string_of(word), image.pixels.data(), image.height,
                             image.width, image.width, error.raw()),
              "drawing a word");
  return image;
}

std::optional<std::vector<welt_renderer_glyph>> Renderer::glyphs(std::string_view word) const {
  if (!WELT_HAS(table_, glyphs) || table_->glyphs == nullptr) return std::nullopt;
  expect_utf8(word);
  const Lease lease(*this);
  std::vector<welt_renderer_glyph> out(word.size() + 1);
  std::uint64_t count = 0;
  const auto list = [&] {
    CallError error;
    const welt_status status =
        table_->glyphs(component_->raw(), lease.state(), string_of(word), out.data(), out.size(), &count, error.raw());
    if (status != WELT_UNIMPLEMENTED) error.check(status, "listing the glyphs of a word");
    return status == WELT_OK;
  };
  if (!list()) return std::nullopt;
  if (count > most_glyphs) {
    blame(*component_, fmt::format("{} glyphs for a word of {} bytes", count, word.size()),
          fmt::format("{} at most", most_glyphs));
  }
  if (count > out.size()) {
    out.resize(count);
    if (!list() || count != out.size()) blame(*component_, "another number of glyphs at the second call", "the same");
  }
  out.resize(count);
  return out;
}

std::string Renderer::font_name(std::uint32_t font) const {
  std::string name;
  if (WELT_HAS(table_, font_name) && table_->font_name != nullptr)
    name = text_or_what_can_be_read(table_->font_name(component_->raw(), font));
  return name.empty() ? std::to_string(font) : name;
}

}  // namespace welt
