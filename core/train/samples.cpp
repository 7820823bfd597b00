// See samples.h.
#include "core/train/samples.h"

#include <welt/abi/kv_cache.h>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/generate/generator.h"
#include "core/generate/prompt.h"
#include "core/kernels/step_weights.h"
#include "core/model/byte_lm.h"
#include "core/tensor/offers.h"
#include "core/train/recipe_text.h"
#include "core/text/bytes.h"

namespace welt {
namespace {

constexpr int prompt_words = 8;  // of a held-out document

// Fewer words than that where the model has no more positions.
std::string beginning(const std::string& document, const WeltModel& model, const TextFrontEnd& text) {
  std::size_t end = 0;
  for (int word = 0; word < prompt_words && end != std::string::npos; ++word) end = document.find(' ', end + 1);
  const std::string prompt = end == std::string::npos ? document : document.substr(0, end + 1);
  const std::int64_t positions = model.limits().latent;
  if (is_byte_lm(model.spec()))  // half of its positions are for what it writes
    return positions > 0 ? std::string(truncate_utf8(prompt, static_cast<std::size_t>(positions / 2))) : prompt;
  const std::vector<std::string> words = text.words(prompt, "samples");
  if (positions == 0 || std::ssize(words) <= positions) return prompt;
  std::string shorter;
  for (std::int64_t i = 1; i < positions; ++i) shorter += words[static_cast<std::size_t>(i)];
  return shorter;
}

std::vector<std::string> sample_prompts(const WeltModel& model, const TextFrontEnd& text, const Recipe& recipe,
                                        const Dataset* held_out) {
  std::vector<std::string> prompts = recipe.strings("samples.prompts");
  const auto count = static_cast<std::size_t>(recipe.integer("samples.count"));
  const std::int64_t documents = held_out ? held_out->statistics().documents : 0;
  const bool given = !prompts.empty();
  for (std::int64_t i = 0; !given && i < documents && prompts.size() < count; ++i)
    prompts.push_back(beginning(held_out->document_text(i), model, text));
  if (prompts.size() > count) prompts.resize(count);
  return prompts;
}

}  // namespace

void require_caches(WeltModel& model, const std::string& where, const char* what, const char* instead) {
  const auto require_cache = [&](TensorComponent& component, const SlotSpec& slot) {
    if (has_cache(component)) return;
    fail({where,
          fmt::format("{} are to be written, but the plugin {} of {} has no cache, without which no text is", what,
                      slot.type->id, slot.where),
          fmt::format("{}, or a plugin with " WELT_KV_CACHE_INTERFACE, instead),
          {}});
  };
  require_cache(over_text(model), over_text(model.spec()));
  require_cache(model.decoder(), model.spec().decoder);
}

void check_samples(WeltModel& model, const TextFrontEnd& text, const Recipe& recipe) {
  const auto place = [&](const char* key) { return recipe.where(key) + ": " + key; };
  const std::vector<std::string> prompts = recipe.strings("samples.prompts");
  const bool held_out = names_held_out_text(recipe);
  if (recipe.integer("samples.count") == 0 || recipe.integer("samples.words") == 0 || (prompts.empty() && !held_out))
    return;
  require_caches(model, place("samples.count"), "samples", "samples.count = 0");
  with_context(place("generate.weights"), [&] { kernels::step_weights_of(recipe.string("generate.weights")); });
  for (const std::string& prompt : prompts) read_prompt(model, text, prompt, place("samples.prompts"));
}

std::vector<Sample> write_samples(WeltModel& model, const std::shared_ptr<const TextFrontEnd>& text,
                                  const Recipe& recipe, const Dataset* held_out) {
  const std::vector<std::string> prompts = sample_prompts(model, *text, recipe, held_out);
  std::vector<Sample> samples;
  if (prompts.empty() || recipe.integer("samples.words") == 0) return samples;
  const kernels::StepWeightsScope weights(recipe.string("generate.weights"));
  const std::vector<Generated> texts =
      Generator(model, text)
          .generate(prompts, {.words = recipe.integer("samples.words"),
                              .sampling = {.temperature = recipe.number("samples.temperature"),
                                           .top_p = recipe.number("samples.top_p"),
                                           .seed = static_cast<std::uint64_t>(recipe.integer("seed"))}});
  for (std::size_t i = 0; i < prompts.size(); ++i) samples.push_back({prompts[i], texts[i].text});
  return samples;
}

}  // namespace welt
