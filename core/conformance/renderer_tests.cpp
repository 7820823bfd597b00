// Group `renderer`: the same word gives the same pixels, all of the image and nothing beside it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/conformance/groups.h"
#include "core/conformance/renderer_probe.h"
#include "core/conformance/texts.h"

namespace welt::conformance {
namespace {

using Body = void (*)(Trial&, const ComponentType&);
using State = RendererProbe::State;

constexpr const char* same_pixels =
    "renderer.h: the same word gives the same pixels in every state, thread and process, whatever was drawn before it";

template <Body body>
void each(Trial& trial) {
  for_each_component(trial, WELT_RENDERER_INTERFACE, [&](const ComponentType& type) { body(trial, type); });
}

void expect_same(const Trial& trial, const GreyImage& found, const GreyImage& expected, std::string_view word,
                 const char* how) {
  if (same_image(found, expected)) return;
  trial.fail({.seen = fmt::format("{} {}: {}", shown(word), how, first_difference(found, expected)),
              .expected = "the same pixels",
              .rule = same_pixels});
}

void measure(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  const std::int64_t block = renderer.block();
  for (const std::string& word : words_to_draw(trial.seed())) {
    const RendererProbe::Size size = renderer.measure(state, word);
    trial.expect(size.height % block == 0 && size.width % block == 0,
                 {.seen = fmt::format("{} × {} pixels for {}", size.height, size.width, shown(word)),
                  .expected = fmt::format("multiples of {}, its block()", block),
                  .rule = "renderer.h: heights and widths are multiples of block()"});
  }
}

void draws(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  for (const std::string& word : words_to_draw(trial.seed())) renderer.draw(state, word);
}

void fills(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  for (const std::string& word : words_to_draw(trial.seed())) {
    const GreyImage on_black = renderer.draw(state, word, 0x00), on_grey = renderer.draw(state, word, 0x80);
    trial.expect(same_image(on_black, on_grey),
                 {.seen = fmt::format("{}: {}, on other memory", shown(word), first_difference(on_grey, on_black)),
                  .expected = "pixels that do not depend on what was in the memory",
                  .rule = "renderer.h: every byte of the image is written"});
  }
}

void bounds(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  for (const std::string& word : words_to_draw(trial.seed())) {
    const GreyImage tight = renderer.draw(state, word, 0x5A, 0, RendererProbe::Guards::checked);
    expect_same(trial, renderer.draw(state, word, 0x5A, 13, RendererProbe::Guards::checked), tight, word,
                "with a stride of 13 more than the width");
  }
}

void repeatable(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type), another(trial, type);
  const State first(renderer), second(renderer), elsewhere(another);
  const std::vector<std::string> words = words_to_draw(trial.seed());
  std::vector<GreyImage> images;
  for (const std::string& word : words) images.push_back(renderer.draw(first, word));
  for (std::size_t i = words.size(); i-- > 0;) {  // after other words than the first time
    expect_same(trial, renderer.draw(first, words[i]), images[i], words[i], "drawn again");
    expect_same(trial, renderer.draw(second, words[i]), images[i], words[i], "in another state");
    expect_same(trial, another.draw(elsewhere, words[i]), images[i], words[i], "by another instance");
  }
}

// FNV-1a over sizes and pixels.
std::uint64_t hash_of(const GreyImage& image) {
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 1099511628211u; };
  add(static_cast<std::uint64_t>(image.height)), add(static_cast<std::uint64_t>(image.width));
  for (const std::uint8_t pixel : image.pixels) add(pixel);
  return hash;
}

// What `hashes` gives in a child of this process.
std::vector<std::uint64_t> in_child(Trial& trial, std::size_t count, auto&& hashes) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) trial.skip("no pipe is to be had");
  const pid_t child = fork();
  if (child < 0) trial.skip("no process is to be had");
  if (child == 0) {
    int status = 1;
    try {
      const std::vector<std::uint64_t> made = hashes();
      const auto size = static_cast<ssize_t>(made.size() * sizeof made[0]);
      status = write(ends[1], made.data(), static_cast<std::size_t>(size)) == size ? 0 : 1;
    } catch (...) {
      status = 2;
    }
    _exit(status);
  }
  close(ends[1]);
  std::vector<std::uint64_t> got(count);
  char* const bytes = reinterpret_cast<char*>(got.data());
  std::size_t have = 0;
  while (have < count * sizeof got[0]) {
    const ssize_t more = read(ends[0], bytes + have, count * sizeof got[0] - have);
    if (more <= 0) break;
    have += static_cast<std::size_t>(more);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  trial.expect(have == count * sizeof got[0], {.seen = "a child process that did not draw all words",
                                               .expected = "the same images as here",
                                               .rule = same_pixels});
  return got;
}

void processes(Trial& trial, const ComponentType& type) {
  const std::vector<std::string> words = words_to_draw(trial.seed());
  const auto hashes = [&] {
    const RendererProbe renderer(trial, type);
    const State state(renderer);
    std::vector<std::uint64_t> all;
    for (const std::string& word : words) all.push_back(hash_of(renderer.draw(state, word)));
    return all;
  };
  const std::vector<std::uint64_t> there = in_child(trial, words.size(), hashes), here = hashes();
  for (std::size_t i = 0; i < words.size(); ++i) {
    trial.expect(there[i] == here[i], {.seen = fmt::format("other pixels of {} in another process", shown(words[i])),
                                       .expected = "the same pixels",
                                       .rule = same_pixels});
  }
}

void fingerprint(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type), another(trial, type);
  const std::string first = renderer.fingerprint();
  const char* const rule = "renderer.h: a short text that changes whenever pixels may";
  trial.expect(!first.empty() && first.size() <= 4096 && find_invalid_utf8(first) == utf8_ok,
               {fmt::format("{} bytes", first.size()), "a short text in UTF-8", rule});
  {
    const State state(renderer);
    renderer.draw(state, "word");
  }
  trial.expect(renderer.fingerprint() == first, {"another text after a word was drawn", first, rule});
  trial.expect(another.fingerprint() == first, {"another text of another instance", first, rule});
}

void long_words(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  std::string marks = "e";
  for (int i = 0; i < 300; ++i) append_utf8(marks, 0x0301);
  std::string emoji;
  for (int i = 0; i < 100; ++i) emoji += "👩‍🔬";
  for (const std::string& word : {std::string(2000, 'w'), std::string(2000, ' '), std::string(500, '\n'), marks, emoji})
    renderer.draw(state, word, 0x5A, 1, RendererProbe::Guards::checked);
}

void ill_formed(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  const State state(renderer);
  const GreyImage before = renderer.draw(state, "word");
  for (const IllFormed& bad : ill_formed_texts()) {
    const Call call = renderer.refused(state, bad.text);
    trial.expect(call.message.find(std::to_string(bad.byte)) != std::string::npos,
                 {.seen = fmt::format("the message \"{}\" for {}", call.message, shown(bad.text)),
                  .expected = fmt::format("one that names byte {}", bad.byte),
                  .rule = "renderer.h: text that is not UTF-8 is WELT_INVALID_ARGUMENT, naming the byte"});
    expect_same(trial, renderer.draw(state, "word"), before, "word", "after a refusal");
  }
}

bool same_glyphs(std::span<const welt_renderer_glyph> a, std::span<const welt_renderer_glyph> b) {
  return std::ranges::equal(a, b, [](const welt_renderer_glyph& x, const welt_renderer_glyph& y) {
    return x.font == y.font && x.glyph == y.glyph && x.x == y.x && x.y == y.y;
  });
}

void glyphs(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  if (!renderer.lists_glyphs()) trial.skip("it does not list glyphs: glyphs is null");
  const State first(renderer), second(renderer);
  for (const std::string& word : words_to_draw(trial.seed())) {
    const std::uint64_t count = renderer.glyphs(first, word, 0).count;
    const auto whole = renderer.glyphs(first, word, count);
    const auto expect = [&](bool good, std::string seen, std::string expected) {
      trial.expect(good, {.seen = fmt::format("{} {}", shown(word), seen),
                          .expected = std::move(expected),
                          .rule = "renderer.h: glyphs() writes the first `capacity`, and the number of all to *count"});
    };
    expect(whole.count == count, fmt::format("has {} glyphs, then {}", count, whole.count), "the same number");
    if (count > 1) {
      const auto part = renderer.glyphs(first, word, count - 1);
      expect(part.count == count, fmt::format("has {} glyphs with a smaller capacity", part.count),
             fmt::format("{}, the number of all", count));
      expect(same_glyphs(part.glyphs, std::span(whole.glyphs).first(count - 1)), "has other glyphs with less capacity",
             "the first of all");
    }
    renderer.draw(second, word);
    expect(same_glyphs(renderer.glyphs(second, word, count).glyphs, whole.glyphs), "has other glyphs in another state",
           "the same glyphs");
    for (const welt_renderer_glyph& glyph : whole.glyphs) {
      if (glyph.font != WELT_RENDERER_NO_FONT) renderer.font_name(glyph.font);
    }
  }
}

void null_state(Trial& trial, const ComponentType& type) {
  const RendererProbe renderer(trial, type);
  trial.call("release_state(null)", [&] { renderer.table().release_state(renderer.made().raw(), nullptr); });
}

}  // namespace

void add_renderer_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    needs.insert(needs.end(), {gate, made, "config.roles"});
    tests.push_back({.name = std::string("renderer.") + what,
                     .description = sentence,
                     .applies = WELT_RENDERER_INTERFACE,
                     .needs = std::move(needs),
                     .roles = {WELT_RENDERER_INTERFACE},
                     .body = body});
  };
  const std::vector<std::string> drawn = {"renderer.measure", "renderer.draws"};
  const std::vector<std::string> basics = {"renderer.measure", "renderer.draws", "renderer.bounds", "renderer.fills"};
  add("measure", "Heights and widths are multiples of block(), the empty word's too.", {}, each<measure>);
  add("draws", "Words of many scripts, control characters and random Unicode are drawn.", {"renderer.measure"},
      each<draws>);
  add("bounds", "Nothing beside the image is written, whatever the stride.", drawn, each<bounds>);
  add("fills", "Every byte of the image is written.", drawn, each<fills>);
  std::vector<std::string> steady = basics;
  steady.push_back("renderer.repeatable");
  add("repeatable", "The same word gives the same pixels again, in another state, after other words.", basics,
      each<repeatable>);
  add("processes", "The same word gives the same pixels in another process.", steady, each<processes>);
  add("fingerprint", "The fingerprint is a short text that stays the same.", drawn, each<fingerprint>);
  add("long_words", "Very long words are drawn within their images.", basics, each<long_words>);
  add("ill_formed", "Text that is not UTF-8 is refused, naming the byte, and the state stays usable.", steady,
      each<ill_formed>);
  add("glyphs", "Glyphs are listed alike in every state, and no more of them written than asked for.", steady,
      each<glyphs>);
  add("null_state", "release_state() takes null.", {}, each<null_state>);
}

}  // namespace welt::conformance
