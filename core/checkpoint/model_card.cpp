// See model_card.h.
#include "core/checkpoint/model_card.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/json.h"
#include "core/checkpoint/pack_ternary.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t json_limit = 16 << 20;

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string parts_table(const WeltSpec& spec) {
  const ModelInfo info = count_model(WeltModel::outline(spec));
  std::string out = "| part | plugin | parameters | of these in tables |\n| --- | --- | ---: | ---: |\n";
  for (const PartInfo& part : info.parts)
    out += fmt::format("| {} | {} | {} | {} |\n", part.name, part.plugin, with_commas(part.parameters),
                       with_commas(part.tables));
  return out + fmt::format("| all | | {} | {} |\n", with_commas(info.parameters), with_commas(info.tables));
}

// Of the run that the checkpoint is from; what its files do not tell is not said.
std::string training_text(const fs::path& checkpoint) {
  const fs::path recipe = run_recipe(checkpoint);
  if (recipe.empty()) return "Not known: the checkpoint was exported without its run.\n";
  const fs::path run = recipe.parent_path();
  std::string out = "`recipe.toml` has every setting.\n";
  const auto read = [](const fs::path& file) {
    return fs::exists(file) ? read_json_object(file, json_limit) : Json::object();
  };
  if (const Json state = read(checkpoint / "training/state.json"); state.contains("step"))
    out += fmt::format("Trained for {} steps.\n", json_text(state.at("step")));
  if (const Json summary = read(run / "summary.json"); !summary.empty())
    out += fmt::format("\nWhat the run measured at its end:\n\n```json\n{}\n```\n", json_text(summary, 2));
  return out;
}

}  // namespace

std::string unknown_to_python(const WeltSpec& spec) {
  if (spec.decoder_context == 1) return {};
  return fmt::format(
      "The Python WeLT cannot read this model: before each word its decoder reads {} latents (welt.json: "
      "decoder_context), where the Python's reads one.",
      spec.decoder_context);
}

namespace {

std::string python_use(const WeltSpec& spec) {
  if (const std::string unknown = unknown_to_python(spec); !unknown.empty()) return unknown + "\n";
  return R"(With the Python WeLT, where transformers has the class of every part:

```python
from welt.model import WordLatentTransformerForCausalLM
from welt.processor import TextImageProcessor
model = WordLatentTransformerForCausalLM.from_pretrained(".")
processor = TextImageProcessor.from_pretrained(".")
```
)";
}

}  // namespace

std::string model_card(const WeltSpec& spec, const fs::path& checkpoint) {
  const std::string words = fmt::format("Words are cut by the segmenter `{}`, up to {} bytes each",
                                        spec.segmenter.type->id, spec.segmenter.max_bytes);
  const std::string drawn =
      spec.renderer.plugin.empty() ? "." : fmt::format(", and drawn by the renderer `{}`.", spec.renderer.plugin);
  return fmt::format(R"(---
tags:
- welt
- word-level
- byte-level
---
# A word-level latent transformer

A WeLT model: each word is read by small encoders, a causal transformer runs over word vectors, and a small causal
decoder writes the next word byte by byte. {}{} Text is read and written in {} units.

## Parts

{}
## Training

{}
## Use

With welt, from this folder:

    welt generate . --prompt "…"
    welt checkpoint inspect . --check

{})",
                     words, drawn, encoding_name(spec.encoding), parts_table(spec), training_text(checkpoint),
                     python_use(spec));
}

std::string part_card(const WeltSpec& spec, const std::string& slot, const std::string& class_name,
                      const std::vector<NamedTensor>& tensors) {
  std::int64_t values = 0;
  bool packed = false;
  for (const auto& [name, tensor] : tensors) {
    values += tensor.numel();
    packed = packed || name.ends_with(packed_ending);
  }
  return fmt::format(
      R"(---
tags:
- welt
---
# The {0} of {4}

Configuration and names of tensors are those of the class `{1}`; {2} values.{3} Where the class has a token table, that of
a bytes encoder or a decoder has a row for each of the bytes 0 to 255 (2 begins a {5}, 3 ends it, 0 pads), and that of
a latent transformer has none: it is given `inputs_embeds`.

With welt, in a recipe: `[model.<slot>] from = "…"`, this folder.
)",
      slot, class_name, with_commas(values),
      packed ? " Matrices of -1, 0 and 1 are packed under names of their own, which welt alone reads." : "",
      is_byte_lm(spec) ? "a byte-level language model, which has no other part" : "a word-level latent transformer",
      is_byte_lm(spec) ? "document" : "word");
}

}  // namespace welt
