// The decoder writing one word for each of several texts at once. Inside core/generate only.
//
// A word's units are bytes, units of UTF-16 or code points (core/text/units.h), each of N bytes. Rows [latents, BOS,
// units…] are of one length throughout: a row whose word has a given beginning is fed that while the
// others choose. A row that is finished goes on beside the others, unread, until half of them are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/model/welt_model.h"
#include "core/text/segmenter.h"
#include "core/text/unit_automaton.h"

namespace welt {

struct WrittenWord {
  std::string begin;           // given: UTF-8 of the word that is there already
  std::string bytes;           // UTF-8 written behind it
  std::int64_t units = 0;      // written, without EOS
  bool ended = false;          // by EOS
  WordTrace trace = {};        // if asked for
  double log_probability = 0;  // of a search: of all its bytes
};

class ByteWriter {
 public:
  ByteWriter(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options);

  // latents [n,k,E], those before the word, the oldest first; words[i].begin is given, the rest is filled in. draws[i]
  // are the random numbers of that row; it is the word `number` of each.
  void write(const at::Tensor& latents, std::vector<WrittenWord>& words, const std::vector<const ByteDraws*>& draws,
             std::int64_t number, GenerateStatistics& spent);

  // Words that somebody guessed, one behind the other, held against what would have been written (byte_follow.cpp).
  // latents[i] [k,E] are those before guessed[i]. The words that are as guessed, with their traces; behind them, unless
  // all are, the one that is written instead of the next.
  // fits(guessed[i]) is to hold.
  struct Followed {
    std::vector<WrittenWord> words;
    std::size_t agreed = 0;
  };
  Followed follow(const std::vector<at::Tensor>& latents, const std::vector<std::string>& guessed,
                  const ByteDraws& draws, std::int64_t first_number, GenerateStatistics& spent);

  // Is there room for the word, in its bytes and in the positions of decoder and bytes encoder?
  bool fits(std::string_view word) const;

  // Words that do not wait for each other (byte_flow.h).
  class Flow;

  // A beam search for the word behind one text's latents, [k,E] (byte_search.cpp): what finished, best first, at least
  // one. Beams stop and are compared as in transformers.
  std::vector<WrittenWord> search(const at::Tensor& latents, const std::string& begin, const ByteDraws& draws,
                                  std::int64_t number, std::int64_t beams, GenerateStatistics& spent);

 private:
  struct Row {
    WrittenWord* word;
    const ByteDraws* draws;
    std::int64_t number;              // of the word
    std::vector<std::int64_t> given;  // bytes of the beginning's units
    std::int64_t given_units = 0;
    std::size_t fed = 0;     // of them
    std::uint32_t next = 0;  // unit to feed
    bool done = false;
    UnitAutomaton automaton;
  };
  class Search;
  Row row_for(WrittenWord& word, const ByteDraws& draws, std::int64_t number) const;
  bool is_small(std::int64_t tokens) const;  // work for one thread
  std::int64_t written_limit() const;
  bool finished(const WrittenWord& word, std::int64_t given) const;
  WordRoom room(const WrittenWord& word, std::int64_t given) const;
  void require_finite(const WrittenWord& word, std::int64_t number, std::span<const float> logits) const;
  std::uint32_t next_unit(const Row& row, const float* logits) const;
  std::uint32_t next_byte(Row& row, std::span<const float> logits) const;
  void pad(Row& row, std::span<const float> logits) const;
  // Scores of the next byte, before any filter.
  void score(std::span<const float> logits, const WrittenWord& word, const UnitAutomaton& automaton, bool log,
             std::span<double> scores) const;
  void take_unit(WrittenWord& word, UnitAutomaton& automaton, std::uint32_t unit) const;
  bool choose(Row& row, const float* logits) const;
  // The rest of a word that departed from a guess; `bytes` are those of BOS and of its units so far.
  void write_on(const at::Tensor& latents, Row& row, std::vector<std::int64_t> bytes, GenerateStatistics& spent);
  void make_cache(std::int64_t rows);
  at::Tensor embed(const std::vector<std::int64_t>& bytes) const;  // [n·N] → [n,1,E]
  // One row: latents [k,E] and the bytes of T units → [1,k+T,E]
  at::Tensor row_of(const at::Tensor& latents, const std::vector<std::int64_t>& bytes) const;
  at::Tensor forward(const at::Tensor& embeds);  // [n,T,E] → logits of the last token, float [n·N,256]

  WeltModel& model_;
  const Segmenter& segmenter_;
  const GenerateOptions& options_;
  Units units_;
  at::Tensor table_;         // [256,E/N]
  std::int64_t limit_;       // UTF-8 bytes of a word
  bool plain_;               // neither rules nor a trace
  std::int64_t context_;     // latents of a row at most
  std::int64_t capacity_;    // slots of a row
  std::int64_t parameters_;  // of the decoder
  std::optional<Cache> cache_;
};

}  // namespace welt
