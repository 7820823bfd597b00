// Group `segmenter`: words that joined give the text back, however it comes.
#include <algorithm>
#include <chrono>
#include <cstddef>

#include "core/base/error.h"
#include "core/base/philox.h"
#include "core/conformance/groups.h"
#include "core/conformance/segmenter_probe.h"
#include "core/conformance/texts.h"
#include "core/plugin/judge.h"

namespace welt::conformance {
namespace {

using Body = void (*)(Trial&, const ComponentType&);

template <Body body>
void each(Trial& trial) {
  for_each_component(trial, WELT_SEGMENTER_INTERFACE, [&](const ComponentType& type) { body(trial, type); });
}

// Fails when two ways to the words of one text differ.
void expect_same(const Trial& trial, const Ends& found, const Ends& expected, std::string_view text,
                 const std::string& how, const char* rule) {
  if (found == expected) return;
  trial.fail({.seen = fmt::format("{}: {}", how, first_difference(found, expected, text)),
              .expected = "the same words",
              .rule = rule});
}

void concatenation(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  for (const std::string& text : all_texts(trial.seed())) segmenter.segment(text);
}

void deterministic(Trial& trial, const ComponentType& type) {
  const SegmenterProbe first(trial, type), second(trial, type);
  const char* const rule = "segmenter.h: the words are those of the text";
  for (const std::string& text : all_texts(trial.seed())) {
    const Ends words = first.segment(text);
    expect_same(trial, first.segment(text), words, text, "the second call", rule);
    expect_same(trial, second.segment(text), words, text, "another instance", rule);
  }
}

void characters(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  for (const std::string& text : all_texts(trial.seed())) {
    for (const std::uint64_t end : segmenter.segment(text)) {
      trial.expect(starts_character(text, end),
                   {.seen = fmt::format("a word of {} that ends at byte {}, inside a character", shown(text), end),
                    .expected = "words of whole characters",
                    .rule = "base.h: texts are UTF-8, so every word must be"});
    }
  }
}

void pieces(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  const char* const rule = "segmenter.h: the rest comes again in front of the next piece of text";
  std::uint64_t drawn = 0;
  for (const std::string& text : all_texts(trial.seed())) {
    const Ends words = segmenter.segment(text);
    std::vector<std::size_t> one_by_one(std::min<std::size_t>(text.size(), 40), 1), any;
    for (std::size_t covered = 0; covered < text.size(); covered += any.back())
      any.push_back(1 + philox_below(philox64(trial.seed(), 1, drawn++), 30));
    expect_same(trial, segmenter.stream(text, any), words, text, fmt::format("in {} pieces", any.size() + 1), rule);
    expect_same(trial, segmenter.stream(text, one_by_one), words, text, "byte by byte", rule);
  }
}

void lookahead(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  const std::string text(400, 'a');
  for (const std::int64_t most : {1, 16, 64}) {
    const welt_segment_limits limits = limits_of(0, 0, most);
    const Ends words = segmenter.segment(text, {.is_final = false, .limits = &limits});
    const std::uint64_t held = text.size() - (words.empty() ? 0 : words.back());
    trial.expect(held <= static_cast<std::uint64_t>(most),
                 {.seen = fmt::format("{} bytes held back of 400 letters a", held),
                  .expected = fmt::format("at most {}, max_lookahead", most),
                  .rule = "segmenter.h: bytes held back at most while is_final is 0"});
  }
}

// The longest word of `ends`, in what `measure` counts.
template <typename Measure>
std::uint64_t longest_word(const Ends& ends, std::string_view text, Measure measure) {
  std::uint64_t begin = 0, longest = 0;
  for (const std::uint64_t end : ends) {
    longest = std::max<std::uint64_t>(longest, measure(text.substr(begin, end - begin)));
    begin = end;
  }
  return longest;
}

void expect_within(const Trial& trial, std::uint64_t longest, std::int64_t limit, const char* unit,
                   std::string_view text) {
  trial.expect(longest <= static_cast<std::uint64_t>(limit),
               {.seen = fmt::format("a word of {} {} in {}", longest, unit, shown(text)),
                .expected = fmt::format("at most {}", limit),
                .rule = fmt::format("segmenter.h: longest word in {}", unit)});
}

void limits(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  const auto bytes = [](std::string_view word) { return word.size(); };
  for (const std::string& text : all_texts(trial.seed())) {
    for (const std::int64_t limit : {1, 7}) {
      const welt_segment_limits by_characters = limits_of(0, limit), by_bytes = limits_of(limit, 0);
      expect_within(trial, longest_word(segmenter.segment(text, {.limits = &by_characters}), text, count_characters),
                    limit, "code points", text);
      // Clusters of several bytes may stay whole, so only plain letters tell.
      const Ends words = segmenter.segment(text, {.limits = &by_bytes});
      const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
      if (plain) expect_within(trial, longest_word(words, text, bytes), limit, "UTF-8 bytes", text);
    }
  }
  trial.about(type, ", both limits at once");
  const welt_segment_limits both = limits_of(4, 4);
  segmenter.refused("some words", {.limits = &both});
}

void short_limits(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  const std::string text = "a few words and antidisestablishmentarianism";
  for (const std::size_t size :
       {offsetof(welt_segment_limits, max_bytes), offsetof(welt_segment_limits, max_characters),
        offsetof(welt_segment_limits, max_lookahead)}) {
    welt_segment_limits shorter = limits_of(5, 0);
    shorter.struct_size = static_cast<std::uint32_t>(size);
    trial.about(type, fmt::format(", limits of {} bytes", size));
    const Ends words = segmenter.segment(text, {.limits = &shorter});
    if (size <= offsetof(welt_segment_limits, max_bytes))
      expect_same(trial, words, segmenter.segment(text), text, "with limits of 8 bytes", "base.h: absent is no limit");
  }
}

void capacity(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  const char* const rule = "segmenter.h: at most `capacity` ends; the rest comes again";
  for (const std::string& text : known_texts()) {
    segmenter.segment(text, {.capacity = 0});
    const Ends words = segmenter.segment(text);
    for (const std::uint64_t room : {1, 3}) {
      Ends found;
      for (std::uint64_t begin = 0; begin < text.size();) {
        const Ends some = segmenter.segment(std::string_view(text).substr(begin), {.capacity = room});
        trial.expect(!some.empty(), {fmt::format("no word of {}", shown(text.substr(begin))), "one at least", rule});
        for (const std::uint64_t end : some) found.push_back(begin + end);
        begin = found.back();
      }
      // What a dictionary makes of the rest of a run may differ from what it makes of the whole run.
      const bool by_rules = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      if (by_rules) expect_same(trial, found, words, text, fmt::format("with a capacity of {}", room), rule);
    }
  }
}

void complete(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  trial.expect(
      !segmenter.is_complete(""),
      {.seen = "1 for the empty word", .expected = "0: anything can be added", .rule = "segmenter.h: is_complete()"});
  for (const std::string& text : all_texts(trial.seed())) {
    std::uint64_t begin = 0;
    for (const std::uint64_t end : segmenter.segment(text)) {
      const std::string word = text.substr(begin, end - begin);
      begin = end;
      if (!segmenter.is_complete(word)) continue;
      for (const char* more : {"a", " "}) {
        // A word may be one only behind what stood before it: alone it says nothing.
        if (segmenter.segment(word).front() != word.size()) continue;
        const Ends ends = segmenter.segment(word + more);
        trial.enter("is_complete()");
        trial.expect(ends.front() == word.size(),
                     {.seen = fmt::format("1 for {}, which {} goes on", shown(word), shown(more)),
                      .expected = "0",
                      .rule = "segmenter.h: 1 when nothing can be added to the word any more"});
      }
    }
  }
}

void ill_formed(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  for (const IllFormed& bad : ill_formed_texts()) {
    const Call call = segmenter.refused(bad.text, {});
    trial.expect(call.message.find(std::to_string(bad.byte)) != std::string::npos,
                 {.seen = fmt::format("the message \"{}\" for {}", call.message, shown(bad.text)),
                  .expected = fmt::format("one that names byte {}", bad.byte),
                  .rule = "segmenter.h: text that is not UTF-8 is WELT_INVALID_ARGUMENT, naming the byte"});
  }
}

void encode(Trial& trial, const ComponentType& type) {
  const SegmenterProbe segmenter(trial, type);
  if (!segmenter.has_encode()) trial.skip("its words have no ids: encode() is null");
  const char* const rule = "segmenter.h: encode() writes at most `capacity` ids, and to *count how many there are";
  for (const std::string& text : known_texts()) {
    std::uint64_t all = 0, count = 0;
    segmenter.encode(text, 0, all);
    const std::vector<std::int64_t> ids = segmenter.encode(text, all, count);
    const bool steady = count == all && segmenter.encode(text, all, count) == ids && count == all;
    trial.expect(steady, {fmt::format("other ids of {} when asked again", shown(text)), "the same", rule});
    trial.expect(std::ranges::all_of(ids, [](std::int64_t id) { return id >= 0; }),
                 {fmt::format("a negative id for {}", shown(text)), "0 or more", rule});
    if (all < 2) continue;
    const std::vector<std::int64_t> some = segmenter.encode(text, all / 2, count);
    trial.expect(count == all && std::ranges::equal(some, std::span(ids).first(all / 2)),
                 {fmt::format("other ids of {} with room for {}", shown(text), all / 2), "the first of all", rule});
  }
  for (const IllFormed& bad : ill_formed_texts()) segmenter.refused_encode(bad.text);
}

void long_text(Trial& trial, const ComponentType& type) {
  // Seconds for 1 MB; a linear segmenter takes hundredths, seconds in a build with sanitizers.
  const double most = this_host().sanitizers == 0 ? 2 : 15;
  const SegmenterProbe segmenter(trial, type);
  const auto start = std::chrono::steady_clock::now();
  segmenter.segment(std::string(1 << 20, 'x'));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  trial.expect(seconds < most, {.seen = fmt::format("{:.1f} s for 1 MB without a space", seconds),
                                .expected = fmt::format("less than {} s", most),
                                .rule = "docs/conformance.md: time grows with the length of the text, not faster"});
}

}  // namespace

void add_segmenter_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    needs.insert(needs.end(), {gate, made, "config.roles"});
    tests.push_back({.name = std::string("segmenter.") + what,
                     .description = sentence,
                     .applies = WELT_SEGMENTER_INTERFACE,
                     .needs = std::move(needs),
                     .roles = {WELT_SEGMENTER_INTERFACE},
                     .body = body});
  };
  const std::vector<std::string> steady = {"segmenter.concatenation", "segmenter.deterministic"};
  const std::vector<std::string> basics = {"segmenter.concatenation", "segmenter.deterministic",
                                           "segmenter.characters"};
  add("concatenation", "The words joined give the text back, in many scripts and random Unicode.", {},
      each<concatenation>);
  add("deterministic", "The same text gives the same words again, in another instance too.",
      {"segmenter.concatenation"}, each<deterministic>);
  add("characters", "Words are whole characters.", steady, each<characters>);
  add("pieces", "A text in pieces gives the words of the whole.", basics, each<pieces>);
  add("lookahead", "No more than max_lookahead bytes are held back.", basics, each<lookahead>);
  add("limits", "No word is longer than max_bytes or max_characters; both at once are refused.", basics, each<limits>);
  add("short_limits", "Limits of an older host, which end early, are not read behind their end.",
      {"segmenter.concatenation", "segmenter.deterministic", "segmenter.characters", "segmenter.limits"},
      each<short_limits>);
  add("capacity", "No more ends are written than there is room for, and the next call goes on behind them.", basics,
      each<capacity>);
  add("is_complete", "A word that is_complete() calls complete is not continued by more text.", basics, each<complete>);
  add("ill_formed", "Text that is not UTF-8 is refused, naming the byte.", basics, each<ill_formed>);
  add("long_text", "1 MB without a space takes less than 2 s.", basics, each<long_text>);
  add("encode",
      "encode(), where there is one, gives all ids of a text, as many as there is room for, and the same again.",
      {"segmenter.ill_formed"}, each<encode>);
}

}  // namespace welt::conformance
