// Makes new inputs out of known ones: what driver.cpp has in place of libFuzzer's mutators, without its feedback.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace welt::fuzz {

class Mutator {
 public:
  // `corpus`: at least one input. `dictionary`: pieces that an input may hold; may be empty.
  Mutator(std::vector<std::string> corpus, std::vector<std::string> dictionary, unsigned seed);

  // One of the corpus with 1 to 5 changes: bits, bytes, numbers, pieces taken out, doubled, moved in from another input
  // or from the dictionary, or the end cut off. The same seed gives the same inputs. `longest`: in bytes.
  std::string next(std::size_t longest);

 private:
  void change(std::string& text);
  void change_bytes(std::string& text);
  void change_length(std::string& text);
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::vector<std::string> corpus_, dictionary_;
  std::mt19937 random_;
};

// The pieces of a dictionary file as libFuzzer reads it: lines name="text" with \\, \" and \xAB; # starts a comment.
// Throws std::runtime_error naming the line.
std::vector<std::string> read_dictionary(const std::string& text);

}  // namespace welt::fuzz
