// See mutate.h.
#include "tests/fuzz/mutate.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace welt::fuzz {
namespace {

// What lengths, offsets and counts go wrong at.
constexpr std::array<std::uint64_t, 16> numbers = {
    0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, ~0ull >> 1, ~0ull};

}  // namespace

Mutator::Mutator(std::vector<std::string> corpus, std::vector<std::string> dictionary, unsigned seed)
    : corpus_(std::move(corpus)), dictionary_(std::move(dictionary)), random_(seed) {}

std::string Mutator::next(std::size_t longest) {
  std::string text = corpus_[below(corpus_.size())];
  for (std::size_t changes = 1 + below(5); changes > 0; --changes) change(text);
  if (text.size() > longest) text.resize(longest);
  return text;
}

void Mutator::change(std::string& text) {
  if (text.empty()) text.push_back(static_cast<char>(random_()));
  if (below(2) == 0) {
    change_bytes(text);
  } else {
    change_length(text);
  }
}

// Keeps the length.
void Mutator::change_bytes(std::string& text) {
  const std::size_t at = below(text.size());
  switch (below(4)) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ 1 << below(8));
      break;
    case 1:
      text[at] = static_cast<char>(random_());
      break;
    case 2:  // another digit, letter or mark: what text formats are made of
      text[at] = static_cast<char>(' ' + below(95));
      break;
    default: {  // a number of 1 to 8 bytes, either end first
      std::uint64_t number = numbers[below(numbers.size())] + below(3) - 1;
      if (below(2) == 0) number = __builtin_bswap64(number);
      const std::size_t size = std::min<std::size_t>(std::size_t{1} << below(4), text.size() - at);
      std::memcpy(text.data() + at, reinterpret_cast<const char*>(&number) + (below(2) == 0 ? 0 : 8 - size), size);
    }
  }
}

void Mutator::change_length(std::string& text) {
  const std::size_t at = below(text.size()), size = 1 + below(std::min<std::size_t>(text.size() - at, 64));
  switch (below(6)) {
    case 0:
      text.erase(at, size);
      break;
    case 1:
      text.resize(at);
      break;
    case 2:  // a piece many times over
      for (std::size_t times = std::size_t{1} << below(8); times > 0; --times) text.insert(at, text.substr(at, size));
      break;
    case 3: {  // the middle of another input
      const std::string& other = corpus_[below(corpus_.size())];
      const std::size_t from = below(other.size());
      text.replace(at, below(2) == 0 ? size : 0, other.substr(from, 1 + below(other.size() - from)));
      break;
    }
    case 4:
      if (!dictionary_.empty()) text.replace(at, below(2) == 0 ? size : 0, dictionary_[below(dictionary_.size())]);
      break;
    default:
      text.insert(at, 1 + below(4), static_cast<char>(random_()));
  }
}

std::vector<std::string> read_dictionary(const std::string& text) {
  std::vector<std::string> pieces;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    begin += line.size() + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t first = line.find('"'), last = line.rfind('"');
    std::string piece;
    bool good = first != std::string::npos && last > first;
    for (std::size_t i = first + 1; good && i < last; ++i) {
      if (line[i] != '\\') {
        piece += line[i];
      } else if (line[i + 1] == 'x') {
        std::uint8_t byte = 0;
        const char* digits = line.data() + i + 2;
        good = i + 3 < last && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
        piece += static_cast<char>(byte);
        i += 3;
      } else {
        piece += line[++i];
      }
    }
    if (!good || piece.empty()) throw std::runtime_error("dictionary, line " + std::to_string(number) + ": " + line);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace welt::fuzz
