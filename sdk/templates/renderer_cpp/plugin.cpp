// The renderer "my_plugin" as the host sees it: the dots of model.h behind welt.renderer/1.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <welt/sdk/renderer.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;
namespace model = my_plugin_model;

// All methods are called from several threads at once, each with a State of its own. [concurrent-eval]
class Dots {
 public:
  static sdk::Descriptor descriptor() {
    return {.id = "my_plugin", .description = "draws the bits of each character as dots"};
  }
  struct Settings : sdk::Fields {  // each member is a configuration key, with its default and a line of help
    using Fields::Fields;
    std::int64_t block =  // model.renderer.block of a recipe
        integer("block", 16, "height of an image, and what its width is a multiple of")
            .range(model::smallest_block, 1024);
  };

  // What one thread draws with: the characters of the word in hand.
  struct State {
    std::vector<std::uint32_t> characters;
  };

  explicit Dots(const sdk::Config& config)
      : block_(Settings(config).block),
        fingerprint_(WELT_PLUGIN_ID " " WELT_PLUGIN_VERSION ", block " + std::to_string(block_)) {}

  std::int64_t block() const { return block_; }
  std::unique_ptr<State> make_state() const { return std::make_unique<State>(); }

  // The characters side by side, and white up to a whole block.
  sdk::ImageSize measure(State& state, std::string_view word) const {
    model::read_word(word, state.characters);
    const auto used = static_cast<std::int64_t>(state.characters.size()) * model::character_width(block_);
    return {block_, std::max<std::int64_t>(1, (used + block_ - 1) / block_) * block_};
  }

  // The SDK has measured the word just now, so its characters are in the state.
  void render(State& state, std::string_view, const sdk::Canvas& canvas) const {
    for (std::int64_t y = 0; y < canvas.height(); ++y) std::ranges::fill(canvas.row(y), std::uint8_t{255});
    std::int64_t left = 0;
    for (const std::uint32_t c : state.characters) {
      model::draw_character(c, canvas, left);
      left += model::character_width(block_);
    }
  }

  std::string_view fingerprint() const { return fingerprint_; }

 private:
  std::int64_t block_;
  std::string fingerprint_;
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words as patterns of dots", "MIT"),
            sdk::Renderer<Dots>)
