// See samples.h.
#include "core/train/samples.h"

#include "core/generate/generator.h"

namespace welt {
namespace {

constexpr int prompt_words = 8;  // of a held-out document

std::string beginning(const std::string& text) {
  std::size_t end = 0;
  for (int word = 0; word < prompt_words && end != std::string::npos; ++word) end = text.find(' ', end + 1);
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

std::vector<std::string> sample_prompts(const Recipe& recipe, const Dataset* held_out) {
  std::vector<std::string> prompts = recipe.strings("samples.prompts");
  const auto count = static_cast<std::size_t>(recipe.integer("samples.count"));
  const std::int64_t documents = held_out ? held_out->statistics().documents : 0;
  const bool given = !prompts.empty();
  for (std::int64_t i = 0; !given && i < documents && prompts.size() < count; ++i)
    prompts.push_back(beginning(held_out->document_text(i)));
  if (prompts.size() > count) prompts.resize(count);
  return prompts;
}

}  // namespace

std::vector<Sample> write_samples(WeltModel& model, const Recipe& recipe, const Dataset* held_out) {
  const std::vector<std::string> prompts = sample_prompts(recipe, held_out);
  std::vector<Sample> samples;
  if (prompts.empty() || recipe.integer("samples.words") == 0) return samples;
  const std::vector<Generated> texts =
      Generator(model).generate(prompts, {.words = recipe.integer("samples.words"),
                                          .sampling = {.temperature = recipe.number("samples.temperature"),
                                                       .top_p = recipe.number("samples.top_p"),
                                                       .seed = static_cast<std::uint64_t>(recipe.integer("seed"))}});
  for (std::size_t i = 0; i < prompts.size(); ++i) samples.push_back({prompts[i], texts[i].text});
  return samples;
}

}  // namespace welt
