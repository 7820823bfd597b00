// See published_sizes.h.
#include "apps/welt/published_sizes.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "core/model/welt_slots.h"

namespace welt {
namespace {

// "recipes/a.toml" of "recipes/a.toml:12".
std::string source_of(const Recipe& recipe, const std::string& key) {
  const std::string where = recipe.where(key);
  return where.substr(0, where.rfind(':'));
}

bool described_in(const std::string& source, const Recipe& recipe, const SlotName& slot) {
  std::vector<std::string> keys;
  for (const char* key : {".plugin", ".from", ".preset"}) keys.push_back(slot.recipe + std::string(key));
  const std::string config = slot.recipe + std::string(".config");
  const nlohmann::json changes = recipe.table(config);
  for (const auto& [key, value] : changes.items()) keys.push_back(config + "." + key);
  return std::ranges::all_of(
      keys, [&](const std::string& key) { return !recipe.given(key) || source_of(recipe, key) == source; });
}

}  // namespace

std::map<std::string, double> published_sizes(const Recipe& recipe) {
  std::map<std::string, double> sizes;
  bool whole = recipe.given("published.all");
  for (const SlotName& slot : {image_encoder_slot, bytes_encoder_slot, latent_slot, decoder_slot}) {
    const std::string name = slot.recipe, key = "published" + name.substr(name.find('.'));
    if (recipe.given(key) && described_in(source_of(recipe, key), recipe, slot))
      sizes[slot.checkpoint] = recipe.number(key);
    else
      whole = false;
  }
  if (whole && recipe.boolean("model.bytes_encoder.enabled") && recipe.boolean("model.image_encoder.enabled"))
    sizes["all"] = recipe.number("published.all");
  return sizes;
}

}  // namespace welt
