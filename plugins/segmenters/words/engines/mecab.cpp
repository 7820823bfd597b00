// See mecab.h. The cheapest way through all words that the text may consist of: each costs something itself, and behind
// the context of the word before it (Viterbi over MeCab's lattice). Of equally cheap ways to a word, MeCab takes the
// one whose last word it came to last; so does this, which makes all ends the same.
//
// Cheaper than MeCab: of the words that end at a place with one right context only the best can be part of the way, and
// the words that start there with one left context share one search.
#include "mecab.h"

#include <welt/text/utf8.h>
#include <algorithm>

#include "dictionary.h"
#include "mecab_dictionary.h"
#include "pool.h"

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_sentence = 65535;
constexpr std::string_view full_stop = "\xE3\x80\x82";
constexpr std::uint32_t nothing = 0xFFFFFFFF;

// A cost and, in the low bits, who has it: the smaller is cheaper or, at the same cost, a later word.
using Rank = std::int64_t;
constexpr int index_bits = 24;  // words of a sentence: the readings of all that starts at 65,535 places
constexpr Rank worst = INT64_MAX;
constexpr std::size_t max_words = std::size_t{1} << index_bits;

Rank rank(std::int64_t cost, std::uint32_t index) { return cost * (Rank{1} << index_bits) - index; }
std::int64_t cost_of(Rank rank) { return (rank + (Rank{1} << index_bits) - 1) >> index_bits; }
std::uint32_t index_of(Rank rank) { return static_cast<std::uint32_t>(-rank & ((Rank{1} << index_bits) - 1)); }

struct Word {
  Rank rank;
  std::uint32_t begin, end;  // behind the white space before it
  std::uint32_t previous;    // the word before it on the cheapest way
  std::uint32_t same_end;    // the next in the list of those that end where it does
  std::uint16_t right;
};

struct Candidate {  // a word that starts at the place that is worked on
  const MecabToken* token;
  std::uint32_t end;
};

// The best of the words that end at the place with one right context.
struct Left {
  Rank rank;
  std::uint16_t right;
};

// What has been found for a context at the place that is worked on; `place` says whether it still holds.
struct Found {
  std::uint32_t place = nothing;
  std::uint32_t index = 0;
  Rank rank = 0;
};

struct Work {
  std::vector<std::uint32_t> ends;  // [place]: the last word that ends there
  std::vector<Word> words;
  std::vector<Candidate> candidates;
  std::vector<Left> lefts;
  std::vector<Found> of_right, of_left;  // [context]
  std::uint32_t place = 0;               // goes on from sentence to sentence, so that `found` need not be cleared
  std::vector<std::uint32_t> way;
};

class Mecab final : public Engine {
 public:
  explicit Mecab(const fs::path& folder)
      : dictionary_(folder), version_("mecab " + folder.filename().string() + " " + dictionary_version(folder)) {}

  // Blocks of the whole files (260 MB) are read for it: when somebody asks, once.
  std::string identity() const override {
    const std::lock_guard lock(mutex_);
    if (hash_.empty()) hash_ = dictionary_.hash();
    return version_ + " " + hash_;
  }
  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override;

 private:
  void find_candidates(Work& work, std::string_view text, std::size_t begin, std::size_t& word) const;
  void find_unknown(Work& work, std::string_view text, std::size_t word, const MecabCategory& category) const;
  void collect_lefts(Work& work, std::size_t place) const;
  Rank cheapest(Work& work, std::uint16_t left) const;
  void cut_sentence(Work& work, std::string_view text, std::uint32_t offset, std::vector<std::uint32_t>& ends) const;

  MecabDictionary dictionary_;
  std::string version_;
  mutable std::mutex mutex_;
  mutable std::string hash_;
  mutable Pool<Work> pool_;
};

// Behind the characters from `at` on each of which shares a kind with the one before it, the first with `category`.
// `count`: how many they are. `category` becomes that of the character there, if the text does not end.
std::size_t seek_other(const MecabDictionary& dictionary, std::string_view text, std::size_t at,
                       MecabCategory& category, std::size_t& count) {
  for (count = 0; at < text.size(); ++count) {
    std::size_t next = at;
    const MecabCategory here = dictionary.category(text::decode(text, next));
    const bool is_kind = (category.kinds & here.kinds) != 0;
    category = here;
    if (!is_kind) break;
    at = next;
  }
  return at;
}

// The words that start at `begin`, behind white space, that is at `word`.
void Mecab::find_candidates(Work& work, std::string_view text, std::size_t begin, std::size_t& word) const {
  work.candidates.clear();
  std::size_t count = 0;
  MecabCategory category = dictionary_.category(' ');
  word = seek_other(dictionary_, text, begin, category, count);
  if (word == text.size()) return;
  dictionary_.words().prefixes(text.substr(word), [&](std::size_t length, std::span<const MecabToken> tokens) {
    for (const MecabToken& token : tokens)
      work.candidates.push_back({&token, static_cast<std::uint32_t>(word + length)});
  });
  if (work.candidates.empty() || category.is_always_unknown) find_unknown(work, text, word, category);
}

void Mecab::find_unknown(Work& work, std::string_view text, std::size_t word, const MecabCategory& category) const {
  const auto add = [&](std::size_t end) {
    for (const MecabToken& token : dictionary_.unknown(category))
      work.candidates.push_back({&token, static_cast<std::uint32_t>(end)});
  };
  std::size_t end = word, group = 0, count = 0;
  text::decode(text, end);
  if (category.is_grouped) {
    MecabCategory last = category;
    group = seek_other(dictionary_, text, end, last, count);
    if (count <= dictionary_.max_group()) add(group);
  }
  for (std::uint32_t length = 1; length <= category.max_length && end != group; ++length) {
    add(end);
    std::size_t next = end;
    if (end == text.size() || (dictionary_.category(text::decode(text, next)).kinds & category.kinds) == 0) break;
    end = next;
  }
  if (work.candidates.empty()) add(end);
}

void Mecab::collect_lefts(Work& work, std::size_t place) const {
  work.lefts.clear();
  for (std::uint32_t i = work.ends[place]; i != nothing; i = work.words[i].same_end) {
    const Word& word = work.words[i];
    Found& found = work.of_right[word.right];
    if (found.place != work.place) {
      found.place = work.place;
      found.index = static_cast<std::uint32_t>(work.lefts.size());
      work.lefts.push_back({word.rank, word.right});
    } else {
      Rank& best = work.lefts[found.index].rank;
      best = std::min(best, word.rank);
    }
  }
}

// The rank of the best word before one of this left context, with what it costs that they meet.
Rank Mecab::cheapest(Work& work, std::uint16_t left) const {
  Found& found = work.of_left[left];
  if (found.place != work.place) {
    const std::int16_t* costs = dictionary_.costs(left);
    Rank best = worst;
    for (const Left& one : work.lefts) best = std::min(best, one.rank + rank(costs[one.right], 0));
    found = {work.place, 0, best};
  }
  return found.rank;
}

void Mecab::cut_sentence(Work& work, std::string_view text, std::uint32_t offset,
                         std::vector<std::uint32_t>& ends) const {
  work.ends.assign(text.size() + 1, nothing);
  work.words.assign(1, {rank(0, 0), 0, 0, nothing, nothing, 0});  // the beginning of the sentence
  work.ends[0] = 0;
  std::size_t last = 0;  // the last place where a word ends
  for (std::size_t place = 0; place < text.size(); ++place) {
    if (work.ends[place] == nothing) continue;
    last = place;
    std::size_t begin = 0;
    find_candidates(work, text, place, begin);
    if (work.candidates.size() > max_words - work.words.size()) {
      throw sdk::Failure(WELT_RESOURCE_EXHAUSTED,
                         "engine \"mecab\": the dictionary has more than 2^24 readings of what "
                         "one sentence may consist of");
    }
    ++work.place;
    collect_lefts(work, place);
    // Backwards, as MeCab has them in its lists.
    for (auto candidate = work.candidates.rbegin(); candidate != work.candidates.rend(); ++candidate) {
      const MecabToken& token = *candidate->token;
      const Rank best = cheapest(work, token.left);
      const auto index = static_cast<std::uint32_t>(work.words.size());
      work.words.push_back({rank(cost_of(best) + token.cost, index), static_cast<std::uint32_t>(begin), candidate->end,
                            index_of(best), work.ends[candidate->end], token.right});
      work.ends[candidate->end] = index;
    }
  }
  if (work.ends[text.size()] != nothing) last = text.size();
  ++work.place;
  collect_lefts(work, last);
  const std::uint32_t final_word = index_of(cheapest(work, 0));

  work.way.clear();
  for (std::uint32_t i = final_word; i != 0; i = work.words[i].previous) work.way.push_back(i);
  std::uint32_t end = 0;
  for (auto i = work.way.rbegin(); i != work.way.rend(); ++i) {
    const Word& word = work.words[*i];
    if (word.begin > end) ends.push_back(offset + word.begin);
    end = word.end;
    ends.push_back(offset + end);
  }
  if (end < text.size()) ends.push_back(offset + static_cast<std::uint32_t>(text.size()));
}

// How much of a text that is too long is worked on at once.
std::size_t sentence_size(std::string_view text) {
  if (text.size() <= max_sentence) return text.size();
  const std::size_t stop = text.rfind(full_stop, max_sentence - full_stop.size());
  if (stop != text.npos) return stop + full_stop.size();
  std::size_t size = max_sentence;
  while ((static_cast<std::uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

void Mecab::cut(std::string_view span, std::vector<std::uint32_t>& ends) const {
  const auto work = pool_.take([&] {
    auto made = std::make_unique<Work>();
    made->of_right.resize(dictionary_.words().left_size());
    made->of_left.resize(dictionary_.words().right_size());
    return made;
  });
  for (std::size_t at = 0; at < span.size();) {
    const std::size_t size = sentence_size(span.substr(at));
    if (work->place > nothing - 2 * max_sentence) {  // the numbers of places run out: none of them holds any more
      std::fill(work->of_right.begin(), work->of_right.end(), Found());
      std::fill(work->of_left.begin(), work->of_left.end(), Found());
      work->place = 0;
    }
    cut_sentence(*work, span.substr(at, size), static_cast<std::uint32_t>(at), ends);
    at += size;
  }
}

}  // namespace

std::unique_ptr<Engine> make_mecab(const fs::path& dictionary_folder) {
  return std::make_unique<Mecab>(dictionary_folder);
}

}  // namespace welt::words
