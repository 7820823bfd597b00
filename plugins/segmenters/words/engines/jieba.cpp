// See jieba.h. The likeliest way through the words of the dictionary: over every start k the best word and rest is
// max(log(count / total) + best(rest)), from the end backwards, equal ones to the longer word. What is left of single
// characters is no dictionary word, and goes through the hidden Markov model.
#include "jieba.h"

#include <charconv>
#include <cmath>

#include "code_points.h"
#include "dictionary.h"
#include "jieba_hmm.h"
#include "pool.h"
#include "trie.h"

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr double no_word = 1;  // no logarithm of a probability is positive
constexpr std::size_t max_word = 255;
constexpr std::uint64_t max_count = std::uint64_t{1} << 53;  // exact as a double

bool is_han(char32_t c) { return c >= JiebaHmm::first && c <= JiebaHmm::last; }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char32_t c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_symbol(char32_t c) { return c == '+' || c == '#' || c == '&' || c == '.' || c == '_' || c == '%' || c == '-'; }
bool is_dictionary_character(char32_t c) { return is_han(c) || is_alphanumeric(c) || is_symbol(c); }

struct Work {
  CodePoints text;
  std::vector<double> best;         // of the text from here
  std::vector<std::uint32_t> next;  // where the best word from here ends
  JiebaHmm::Steps steps;
};

class Jieba final : public Engine {
 public:
  explicit Jieba(const fs::path& folder) {
    const fs::path words = folder / "dict.txt", hmm = folder / "hmm.txt";
    const std::string text = read_dictionary_text(words);
    read_words(text, words);
    const std::string model = read_dictionary_text(hmm);
    hmm_.emplace(model, hmm);
    identity_ = "jieba " + dictionary_version(folder) + " " + digest({text, model});
  }

  std::string identity() const override { return identity_; }

  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override {
    const auto work = pool_.take();
    CodePoints& text = work->text;
    text.assign(span);
    const std::size_t size = text.size();
    for (std::size_t at = 0; at < size;) {
      std::size_t end = at;
      while (end < size && is_dictionary_character(text.points[end])) ++end;
      if (end > at) {
        cut_block(*work, at, end, ends);
      } else {
        end = at + (text.points[at] == '\r' && text.points[at + 1] == '\n' ? 2 : 1);
        ends.push_back(text.offsets[end]);
      }
      at = end;
    }
  }

 private:
  void read_words(std::string_view text, const fs::path& file);
  void find_route(Work& work, std::size_t begin, std::size_t end) const;
  void cut_block(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const;
  void cut_singles(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const;
  void cut_unknown(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const;

  Trie trie_;
  std::vector<double> weights_;  // of each node of trie_: log(count / total), or no_word
  double unknown_ = 0;           // of a character that is no word: as if counted once
  std::optional<JiebaHmm> hmm_;
  std::string identity_;
  mutable Pool<Work> pool_;
};

struct Entry {
  std::string_view word;
  std::uint64_t count = 0;
};

Entry read_entry(std::string_view line, std::size_t number, const fs::path& file) {
  const auto fail = [&](const std::string& expected) {
    return damaged(file, number, "\"" + std::string(line.substr(0, 60)) + "\"", expected);
  };
  Entry entry;
  entry.word = line.substr(0, line.find(' '));
  if (entry.word.empty() || entry.word.size() == line.size()) throw fail("a word, a space and a count");
  const char* const end = line.data() + line.size();
  const auto read = std::from_chars(line.data() + entry.word.size() + 1, end, entry.count);
  if (read.ec != std::errc() || (read.ptr != end && *read.ptr != ' ') || entry.count > max_count) {
    throw fail("a count from 0 to 2^53 behind the word");
  }
  return entry;
}

void Jieba::read_words(std::string_view text, const fs::path& file) {
  std::vector<std::uint64_t> counts(1);
  std::uint64_t total = 0;
  std::size_t number = 0;
  for (std::string_view line; next_line(text, line);) {
    const Entry entry = read_entry(line, ++number, file);
    std::uint32_t node = Trie::root;
    std::size_t length = 0;
    for (std::size_t at = 0; at < entry.word.size();) {
      node = trie_.add(node, text::decode(entry.word, at));
      if (node == Trie::none) throw damaged(file, number, "the words have too many beginnings", "at most 2^23 of them");
      if (++length > max_word) throw damaged(file, number, "a word of more than 255 characters", "at most 255");
    }
    counts.resize(trie_.size());
    counts[node] = entry.count;  // the last of equal words counts, the total has them all
    total += entry.count;
    if (total > max_count) throw damaged(file, number, "the counts add up to more than 2^53", "a smaller sum");
  }
  if (total == 0) throw damaged(file, 0, "there is no word with a count", "lines of words and counts");
  const double log_total = std::log(static_cast<double>(total));
  weights_.resize(counts.size(), no_word);
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) weights_[i] = std::log(static_cast<double>(counts[i])) - log_total;
  unknown_ = 0.0 - log_total;
}

void Jieba::find_route(Work& work, std::size_t begin, std::size_t end) const {
  const char32_t* text = work.text.points.data() + begin;
  const std::size_t size = end - begin;
  if (work.best.size() <= size) {
    work.best.resize(size + 1);
    work.next.resize(size + 1);
  }
  work.best[size] = 0;
  for (std::size_t k = size; k-- > 0;) {
    double best = 0;
    std::size_t next = 0;
    std::uint32_t node = Trie::root;
    for (std::size_t x = k; x < size && (node = trie_.child(node, text[x])) != Trie::none; ++x) {
      const double weight = weights_[node];
      if (weight == no_word) continue;
      const double value = weight + work.best[x + 1];
      if (next != 0 && value < best) continue;
      best = value;
      next = x + 1;
    }
    work.best[k] = next != 0 ? best : unknown_ + work.best[k + 1];
    work.next[k] = static_cast<std::uint32_t>(next != 0 ? next : k + 1);
  }
}

void Jieba::cut_block(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const {
  find_route(work, begin, end);
  std::size_t singles = begin;  // where the characters that are no word begin
  for (std::size_t at = begin; at < end;) {
    const std::size_t next = begin + work.next[at - begin];
    if (next - at > 1) {
      cut_singles(work, singles, at, ends);
      ends.push_back(work.text.offsets[next]);
      singles = next;
    }
    at = next;
  }
  cut_singles(work, singles, end, ends);
}

void Jieba::cut_singles(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const {
  if (end - begin > 1) {
    std::uint32_t node = Trie::root;
    std::size_t at = begin;
    while (at < end && (node = trie_.child(node, work.text.points[at])) != Trie::none) ++at;
    // Together they are a dictionary word that was not the likeliest: then they stay apart.
    if (at < end || weights_[node] == no_word) {
      cut_unknown(work, begin, end, ends);
      return;
    }
  }
  for (std::size_t at = begin; at < end; ++at) ends.push_back(work.text.offsets[at + 1]);
}

void Jieba::cut_unknown(Work& work, std::size_t begin, std::size_t end, std::vector<std::uint32_t>& ends) const {
  const std::vector<char32_t>& text = work.text.points;
  const auto put = [&](std::size_t at) { ends.push_back(work.text.offsets[at]); };
  for (std::size_t at = begin; at < end;) {
    std::size_t next = at;
    if (is_han(text[at])) {
      while (next < end && is_han(text[next])) ++next;
      hmm_->cut(text.data() + at, next - at, work.steps, [&](std::size_t word) { put(at + word); });
    } else if (is_alphanumeric(text[at])) {  // letters and digits, a fraction, a percent sign
      while (next < end && is_alphanumeric(text[next])) ++next;
      if (next + 1 < end && text[next] == '.' && is_digit(text[next + 1])) {
        ++next;
        while (next < end && is_digit(text[next])) ++next;
      }
      if (next < end && text[next] == '%') ++next;
      put(next);
    } else {
      while (next < end && is_symbol(text[next])) ++next;
      put(next);
    }
    at = next;
  }
}

}  // namespace

std::unique_ptr<Engine> make_jieba(const fs::path& dictionary_folder) {
  return std::make_unique<Jieba>(dictionary_folder);
}

}  // namespace welt::words
