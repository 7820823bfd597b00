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

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/generate/byte_rules.h"
#include "core/generate/sampler.h"
#include "core/model/welt_model.h"

namespace welt {

class TextFrontEnd;

// When a byte-level beam search ends: `no` when no running beam can come to more than the worst finished one as it
// stands, `yes` as soon as there are enough, `never` when none can at any length. As in transformers.
enum class EarlyStopping { no, yes, never };

struct BeamOptions {
  std::int64_t beams = 1;     // of the bytes of a word; 1: no search
  double length_penalty = 1;  // scores are log probability / length^this; the length is in bytes, the end's included
  EarlyStopping early_stopping = EarlyStopping::no;
  std::int64_t word_beams = 1;  // texts kept beside each other, by the joint log probability of their bytes
  std::int64_t n_best = 1;      // of them told
};

struct GenerateOptions {
  std::int64_t words = 50;  // generated for each prompt at most; completing a prompt's last word counts as one
  SamplingOptions sampling;
  ByteRules rules;
  BeamOptions beams;
  std::int64_t max_bytes = 0;     // of a word, those that are given included; 0: what the model has room for
  std::vector<std::string> stop;  // a text ends behind the first of these (reference: a word does)
  bool scores = false;            // fill in Generated::trace
  // Words guessed ahead and checked in one pass; the text stays what it would be. 0: none. Prompts are then written one
  // after the other.
  std::int64_t speculate = 0;
  // Looked at before each word: once it is not 0, texts end as they are.
  const volatile std::sig_atomic_t* interrupt = nullptr;
  bool interrupted() const { return interrupt != nullptr && *interrupt != 0; }
  // What a row that ended early is filled with beside others; of the reference alone, where it may show in texts.
  std::uint8_t pad = pad_byte;
  // As the Python reference: words may start with ill-formed bytes, a completed word is read back without the part that
  // the prompt had, nothing written for it ends the text, and up to max_bytes + 2 bytes are written for a word.
  bool reference_compatible = false;

  // Throws Error naming the option. `byte_units`: the model's words are spelt in bytes, which beams, rules and scores
  // need.
  void check(bool byte_units) const;
};

enum class FinishReason { end_of_text, words, positions, stop, interrupted };
// "end", "words", "positions", "stop", "interrupted"
std::string_view finish_name(FinishReason reason);

// A word as it was decided: its bytes up to and with the one that ended it, and what each scored.
struct WordTrace {
  std::string bytes;
  std::vector<double> scores;             // after all rules; of a beam search the word's own, divided by its length
  std::vector<double> log_probabilities;  // of each byte, as the model gives them
};

struct Generated {
  std::string text;                // without the prompt
  std::vector<std::string> words;  // which it consists of
  FinishReason finish = FinishReason::words;
  std::vector<WordTrace> trace = {};   // a step each, the end of the text too; with GenerateOptions::scores
  double score = 0;                    // of a search over words: joint log probability / length^length_penalty
  std::vector<Generated> n_best = {};  // of a search over words: this one and those behind it
};

// What generation spent, for benchmarks.
struct GenerateStatistics {
  std::int64_t words = 0, bytes = 0;                       // written; bytes: units (core/text/units.h), EOS too
  std::int64_t word_steps = 0, byte_steps = 0;             // calls of the latent transformer and of the decoder
  std::int64_t guessed = 0, agreed = 0;                    // words of speculation
  double prefill = 0, encode = 0, latent = 0, decode = 0;  // seconds
};

class Generator {
 public:
  // Puts the model into evaluation mode. The model must outlive it. Without `text` it opens the model's own.
  explicit Generator(WeltModel& model, std::shared_ptr<const TextFrontEnd> text = nullptr);
  ~Generator();

  // A small model that guesses words where GenerateOptions::speculate asks for them and the text itself has no hint. It
  // must outlive this.
  void set_draft(WeltModel& draft);

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
