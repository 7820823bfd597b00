// See newmm.h. Dictionary words whose ends are borders of character clusters make a graph over the text. Wherever all
// ways through it meet, the one with the fewest words so far is taken. Where no word begins, the text up to the next
// place where one does is a word of its own.
#include "newmm.h"

#include <algorithm>
#include <array>

#include "code_points.h"
#include "dictionary.h"
#include "pool.h"
#include "thai_cluster.h"
#include "trie.h"

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_word = 255;
constexpr std::size_t max_edges = 50;  // a larger graph takes in only the first word from each further place

// The zeros of the scripts whose digits are General_Category Nd (Unicode 14, as Python 3.11): nine more follow each.
constexpr std::array<char32_t, 66> zeros = {
    0x0030,  0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
    0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,
    0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,
    0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60,
    0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

bool is_digit(char32_t c) {
  if (c < 0x0660) return c >= '0' && c <= '9';
  const auto above = std::upper_bound(zeros.begin(), zeros.end(), c);
  return c - *(above - 1) < 10;
}
bool is_latin(char32_t c) { return c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char32_t c) { return c == ' ' || c == '\t'; }
bool is_thai(char32_t c) { return c >= 0x0E00 && c <= 0x0E7F; }
bool is_other(char32_t c) { return !is_thai(c) && !is_blank(c) && c != '\r' && c != '\n'; }

struct Edges {
  std::uint32_t first = 0, count = 0;  // of Work::targets
};

struct Work {
  CodePoints text;
  std::vector<std::uint8_t> border;  // [place]: a character cluster ends here
  std::vector<std::uint8_t>
      waiting;                      // [place]: a word that has been found ends here, and none from here was looked for
  std::vector<std::uint8_t> seen;   // [place]: of the search for the shortest way
  std::vector<std::uint32_t> from;  // [place]: where the shortest way comes from
  std::vector<Edges> edges;         // [place]: the words from here
  std::vector<std::uint32_t> targets;  // ends of words
  std::vector<std::uint32_t> queue;
  std::vector<std::uint32_t> words;  // ends in code points
};

class Newmm final : public Engine {
 public:
  explicit Newmm(const fs::path& folder) {
    const fs::path file = folder / "words_th.txt";
    const std::string text = read_dictionary_text(file);
    read_words(text, file);
    identity_ = "newmm " + dictionary_version(folder) + " " + digest({text});
  }

  std::string identity() const override { return identity_; }
  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override;

 private:
  void read_words(std::string_view text, const fs::path& file);
  std::size_t add_edges(Work& work, std::size_t begin, std::size_t& graph_size) const;
  std::size_t skip_end(const Work& work, std::size_t begin) const;
  bool has_long_word(const Work& work, std::size_t begin) const;

  Trie trie_;
  std::vector<std::uint8_t> is_word_;  // of each node of trie_
  std::string identity_;
  mutable Pool<Work> pool_;
};

void Newmm::read_words(std::string_view text, const fs::path& file) {
  is_word_.resize(1);
  std::size_t number = 0;
  for (std::string_view line; next_line(text, line);) {
    ++number;
    const std::size_t first = line.find_first_not_of(" \t"), last = line.find_last_not_of(" \t");
    if (first == line.npos) continue;
    line = line.substr(first, last + 1 - first);
    std::uint32_t node = Trie::root;
    std::size_t length = 0;
    for (std::size_t at = 0; at < line.size();) {
      if (static_cast<std::uint8_t>(line[at]) < ' ') throw damaged(file, number, "a control character", "a word");
      node = trie_.add(node, text::decode(line, at));
      if (node == Trie::none) throw damaged(file, number, "the words have too many beginnings", "at most 2^23 of them");
      if (++length > max_word) throw damaged(file, number, "a word of more than 255 characters", "at most 255");
    }
    is_word_.resize(trie_.size());
    is_word_[node] = 1;
  }
  if (trie_.size() == 1) throw damaged(file, 0, "there is no word in it", "one word a line");
}

// Adds the words from `begin` to the graph. Returns how many places wait that did not before.
std::size_t Newmm::add_edges(Work& work, std::size_t begin, std::size_t& graph_size) const {
  const char32_t* text = work.text.points.data();
  const std::size_t size = work.text.size();
  Edges& edges = work.edges[begin];
  edges = {static_cast<std::uint32_t>(work.targets.size()), 0};
  std::size_t added = 0;
  std::uint32_t node = Trie::root;
  for (std::size_t at = begin; at < size && (node = trie_.child(node, text[at])) != Trie::none;) {
    ++at;
    if (is_word_[node] == 0 || work.border[at] == 0) continue;
    work.targets.push_back(static_cast<std::uint32_t>(at));
    ++edges.count;
    added += work.waiting[at] == 0;
    work.waiting[at] = 1;
    if (++graph_size > max_edges) break;
  }
  return added;
}

// Where a token that is not Thai ends, or `at` if none starts there: Latin letters; a number with its points and
// commas; blanks; the end of a line; whatever else is not Thai.
std::size_t not_thai_end(const char32_t* text, std::size_t at, std::size_t size) {
  const auto run = [&](auto&& belongs, std::size_t from) {
    while (from < size && belongs(text[from])) ++from;
    return from;
  };
  const char32_t c = text[at];
  if (is_latin(c)) return run(is_latin, at);
  if (is_digit(c)) {
    std::size_t end = run(is_digit, at);
    while (end + 1 < size && (text[end] == '.' || text[end] == ',') && is_digit(text[end + 1]))
      end = run(is_digit, end + 1);
    return end;
  }
  if (is_blank(c)) return run(is_blank, at);
  if (c == '\n') return at + 1;
  if (c == '\r') return at + 1 < size && text[at + 1] == '\n' ? at + 2 : at;
  return run(is_other, at);
}

// A dictionary word starts at `begin` that is more than one or two bare consonants.
bool Newmm::has_long_word(const Work& work, std::size_t begin) const {
  const char32_t* text = work.text.points.data();
  std::uint32_t node = Trie::root;
  bool consonants = true;
  for (std::size_t at = begin; at < work.text.size() && (node = trie_.child(node, text[at])) != Trie::none;) {
    consonants = consonants && is_thai_consonant(text[at]);
    ++at;
    if (is_word_[node] != 0 && work.border[at] != 0 && !(consonants && at - begin <= 2)) return true;
  }
  return false;
}

// Where the word ends that starts at `begin`, where no dictionary word does.
std::size_t Newmm::skip_end(const Work& work, std::size_t begin) const {
  const char32_t* text = work.text.points.data();
  const std::size_t size = work.text.size();
  const std::size_t end = not_thai_end(text, begin, size);
  if (end > begin) return end;
  for (std::size_t at = begin + 1; at < size; ++at)
    if (work.border[at] != 0 && (has_long_word(work, at) || not_thai_end(text, at, size) > at)) return at;
  return size;
}

// Appends the ends of the fewest words that lead from `start` to `goal`; of equally few, those that breadth-first
// search comes to first.
void take_shortest(Work& work, std::size_t start, std::size_t goal) {
  work.queue.assign(1, static_cast<std::uint32_t>(start));
  work.seen[start] = 1;
  bool found = false;
  for (std::size_t i = 0; i < work.queue.size() && !found; ++i) {
    const std::uint32_t place = work.queue[i];
    const Edges edges = work.edges[place];
    for (std::uint32_t e = 0; e < edges.count && !found; ++e) {
      const std::uint32_t target = work.targets[edges.first + e];
      if (work.seen[target] != 0) continue;
      work.seen[target] = 1;
      work.from[target] = place;
      work.queue.push_back(target);
      found = target == goal;
    }
  }
  for (const std::uint32_t place : work.queue) work.seen[place] = 0;
  const std::size_t before = work.words.size();
  for (std::size_t place = goal; place != start; place = work.from[place])
    work.words.push_back(static_cast<std::uint32_t>(place));
  std::reverse(work.words.begin() + static_cast<std::ptrdiff_t>(before), work.words.end());
}

// Puts formatted numbers (12:30, 1,234.5) together again: the words from the first that starts in one (or behind its
// start) to the one that it ends in.
void join_numbers(Work& work) {
  const char32_t* text = work.text.points.data();
  const std::size_t size = work.text.size();
  std::size_t number = 0, number_end = 0;  // the next number is [number, number_end), none if that is empty
  const auto find_number = [&](std::size_t at) {
    for (number = number_end = size; at < size; ++at) {
      if (!is_digit(text[at])) continue;
      const std::size_t start = at;
      while (at < size && is_digit(text[at])) ++at;
      const std::size_t digits = at;
      while (at + 1 < size && (text[at] == '.' || text[at] == ',' || text[at] == ':') && is_digit(text[at + 1]))
        for (++at; at < size && is_digit(text[at]);) ++at;
      if (at > digits) {
        number = start;
        number_end = at;
        return;
      }
    }
  };
  find_number(0);
  if (number == size) return;
  std::size_t kept = 0, position = 0, i = 0;
  while (i < work.words.size() && number < size) {
    if (position < number) {
      position = work.words[kept++] = work.words[i++];
      continue;
    }
    const bool any = position < number_end;
    while (position < number_end && i < work.words.size()) position = work.words[i++];
    if (any) work.words[kept++] = static_cast<std::uint32_t>(position);
    find_number(number_end);
  }
  while (i < work.words.size()) work.words[kept++] = work.words[i++];
  work.words.resize(kept);
}

void prepare(Work& work, std::string_view span) {
  work.text.assign(span);
  const std::size_t size = work.text.size();
  work.border.assign(size + 1, 0);
  work.waiting.assign(size + 1, 0);
  work.seen.assign(size + 1, 0);
  work.from.resize(size + 1);
  work.edges.resize(size + 1);
  work.targets.clear();
  work.words.clear();
  for (std::size_t at = 0; at < size;) {
    at = thai_cluster_end(work.text.points.data(), at, size);
    work.border[at] = 1;
  }
}

void Newmm::cut(std::string_view span, std::vector<std::uint32_t>& ends) const {
  const auto lease = pool_.take();
  Work& work = *lease;
  prepare(work, span);
  const std::size_t size = work.text.size();
  std::size_t done = 0;  // the words up to here are found
  std::size_t begin = 0, waiting = 0, graph_size = 0;
  while (begin < size) {  // the first of the places that wait
    waiting += add_edges(work, begin, graph_size);
    work.waiting[begin] = 0;
    if (waiting == 0) {
      done = skip_end(work, begin);
      work.words.push_back(static_cast<std::uint32_t>(done));
      begin = done;
      graph_size = 0;
      work.targets.clear();
      continue;
    }
    do ++begin;
    while (work.waiting[begin] == 0);
    if (waiting == 1) {
      take_shortest(work, done, begin);
      done = begin;
      graph_size = 0;
      work.targets.clear();
    }
    --waiting;  // begin is taken out
  }
  join_numbers(work);
  for (const std::uint32_t word : work.words) ends.push_back(work.text.offsets[word]);
}

}  // namespace

std::unique_ptr<Engine> make_newmm(const fs::path& dictionary_folder) {
  return std::make_unique<Newmm>(dictionary_folder);
}

}  // namespace welt::words
