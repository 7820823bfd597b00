// See dedup.h.
#include "core/prepare/dedup.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace welt {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Up to eight bytes, the first the lowest, on every machine.
std::uint64_t word_at(std::string_view text, std::size_t at) {
  unsigned char bytes[8] = {};
  if (at < text.size()) std::memcpy(bytes, text.data() + at, std::min<std::size_t>(8, text.size() - at));
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

constexpr std::uint64_t keys[] = {0x9E3779B97F4A7C15u, 0xD1B54A32D192ED03u, 0x8CB92BA72F3D8DD7u, 0xAEF17502108EF2D9u};

std::uint64_t finished(std::uint64_t value) { return mixed(value ^ keys[2], keys[3]); }

// White space around a word does not make another one.
std::string_view bare(std::string_view word) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  while (!word.empty() && is_blank(word.back())) word.remove_suffix(1);
  while (!word.empty() && is_blank(word.front())) word.remove_prefix(1);
  return word;
}

}  // namespace

TextHash hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t a = seed ^ keys[0], b = text.size() ^ keys[1];
  for (std::size_t at = 0; at < text.size(); at += 16) {
    const std::uint64_t first = word_at(text, at), second = word_at(text, at + 8);
    a = mixed(a ^ first, keys[2]) + second;
    b = mixed(b ^ second, keys[3]) ^ first;
  }
  return {finished(a ^ (b << 1)), finished(b + (a << 1) + seed)};
}

Sketch sketch_text(std::string_view text, std::span<const std::uint64_t> ends) {
  constexpr std::size_t shingle = 5;
  std::vector<std::uint64_t> words;
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    const std::string_view word = bare(text.substr(begin, end - begin));
    if (!word.empty()) words.push_back(hash_text(word).low);
    begin = end;
  }
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  std::array<std::uint64_t, sketch_size> least;
  least.fill(none);
  const std::size_t length = std::min(shingle, words.size());
  for (std::size_t i = 0; i + length <= words.size() && length > 0; ++i) {
    std::uint64_t hash = keys[0];
    for (std::size_t j = 0; j < length; ++j) hash = mixed(hash ^ words[i + j], keys[1]) + j;
    hash = finished(hash);
    std::uint64_t& bin = least[hash % sketch_size];
    bin = std::min(bin, hash / sketch_size);
  }
  Sketch sketch{};
  for (std::size_t bin = 0; bin < sketch_size; ++bin) {
    std::size_t from = 0;
    while (from < sketch_size && least[(bin + from) % sketch_size] == none) ++from;
    const std::uint64_t value = from == sketch_size ? 0 : least[(bin + from) % sketch_size];
    sketch[bin] = static_cast<std::uint16_t>(finished(value + from * keys[3]));
  }
  return sketch;
}

std::uint64_t NearIndex::band_hash(const Sketch& sketch, std::size_t band) {
  std::uint64_t hash = keys[band % 4];
  for (std::size_t i = 0; i < rows; ++i) hash = mixed(hash ^ sketch[band * rows + i], keys[1]) + i;
  return finished(hash);
}

void NearIndex::place(std::size_t band, std::uint32_t text) {
  std::vector<std::uint32_t>& slots = slots_[band];
  std::size_t at = band_hash(sketches_[text], band) % slots.size();
  for (std::size_t steps = 0; slots[at] != 0; at = (at + 1) % slots.size())
    if (++steps == most_steps) return;
  slots[at] = text + 1;
}

void NearIndex::grow() {
  const std::size_t size = std::max<std::size_t>(1024, slots_[0].size() * 2);
  for (std::size_t band = 0; band < bands; ++band) {
    slots_[band].assign(size, 0);
    for (std::uint32_t text = 0; text < sketches_.size(); ++text) place(band, text);
  }
}

bool NearIndex::contains(const Sketch& sketch) const {
  constexpr std::size_t enough = sketch_size * 8 / 10;
  if (sketches_.empty()) return false;
  for (std::size_t band = 0; band < bands; ++band) {
    const std::vector<std::uint32_t>& slots = slots_[band];
    std::size_t at = band_hash(sketch, band) % slots.size();
    for (std::size_t steps = 0; slots[at] != 0 && steps < most_steps; at = (at + 1) % slots.size(), ++steps) {
      const Sketch& other = sketches_[slots[at] - 1];
      std::size_t equal = 0;
      for (std::size_t i = 0; i < sketch_size; ++i) equal += sketch[i] == other[i] ? 1 : 0;
      if (equal >= enough) return true;
    }
  }
  return false;
}

bool NearIndex::add(const Sketch& sketch) {
  if (contains(sketch)) return false;
  if ((sketches_.size() + 1) * 2 > slots_[0].size()) grow();
  sketches_.push_back(sketch);
  for (std::size_t band = 0; band < bands; ++band) place(band, static_cast<std::uint32_t>(sketches_.size() - 1));
  return true;
}

}  // namespace welt
