// Text from a model, word by word: latents from words, bytes from latents, and the new words read back as bytes and
// images.
//
//   prompt ─ words ─▶ word vectors ─▶ latent transformer (cache) ─▶ latent ─▶ decoder (cache) ─▶ bytes ─▶ word
//                          ▲                                                                             │
//                          └──────────────── encoded, images drawn; known words from a cache ◀───────────┘
//
// A prompt that ends inside a word is completed: its beginning goes to the decoder as bytes. All prompts form one
// batch, and a row's text does not depend on the others (but for rounding: the products of another batch size). [one
// thread]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/generate/sampler.h"
#include "core/model/welt_model.h"

namespace welt {

class TextFrontEnd;

struct GenerateOptions {
  std::int64_t words = 50;  // generated for each prompt at most; completing a prompt's last word counts as one
  SamplingOptions sampling;
  // As the Python reference: words may start with ill-formed bytes, a completed word is read back without the part that
  // the prompt had, nothing written for it ends the text, and up to max_bytes + 2 bytes are written for a word.
  bool reference_compatible = false;
};

enum class FinishReason { end_of_text, words, positions };
std::string_view finish_name(FinishReason reason);  // "end", "words", "positions"

struct Generated {
  std::string text;                // without the prompt
  std::vector<std::string> words;  // which it consists of
  FinishReason finish = FinishReason::words;
};

// What generation spent, for benchmarks.
struct GenerateStatistics {
  std::int64_t words = 0, bytes = 0;                       // written; bytes: units (core/text/units.h), EOS too
  std::int64_t word_steps = 0, byte_steps = 0;             // calls of the latent transformer and of the decoder
  double prefill = 0, encode = 0, latent = 0, decode = 0;  // seconds
};

class Generator {
 public:
  // Puts the model into evaluation mode. The model must outlive it. Without `text` it opens the model's own.
  explicit Generator(WeltModel& model, std::shared_ptr<const TextFrontEnd> text = nullptr);
  ~Generator();

  // One result per prompt, in order. `told` is called with each word as it is finished. Throws Error naming the prompt
  // that is not UTF-8, ends inside a character, has more words than the latent transformer has positions, or blocks
  // that it does not take.
  using WordCallback = std::function<void(std::size_t prompt, std::string_view word)>;
  std::vector<Generated> generate(const std::vector<std::string>& prompts, const GenerateOptions& options,
                                  const WordCallback& told = {}, GenerateStatistics* statistics = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt
