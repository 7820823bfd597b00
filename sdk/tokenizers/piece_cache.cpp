// See piece_cache.h. Open addressing; a key looks at few slots only, so that no text can make look-ups slow.
#include "piece_cache.h"

#include "text_hash.h"

namespace welt::tokenizers {
namespace {

constexpr std::size_t first_slots = 1 << 12, longest_probe = 16;

}  // namespace

bool PieceCache::find(std::string_view piece, std::span<const Token>& tokens) {
  hash_ = hash_of(piece);
  place_ = slots_.size();
  if (slots_.empty()) return false;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < longest_probe; ++i) {
    const std::size_t at = (hash_ + i) & mask;
    const Slot& slot = slots_[at];
    if (!slot.used) {
      place_ = at;
      return false;
    }
    if (slot.hash == hash_ && std::string_view(keys_.data() + slot.key, slot.key_size) == piece) {
      tokens = std::span(tokens_).subspan(slot.token, slot.token_count);
      return true;
    }
  }
  return false;
}

void PieceCache::keep(std::string_view piece, std::span<const Token> tokens) {
  const std::size_t added = piece.size() + tokens.size_bytes();
  if (added + first_slots * sizeof(Slot) > budget_) return;
  if (bytes() + added > budget_) clear();
  if (slots_.empty() || (used_ * 2 >= slots_.size() && bytes() + slots_.size() * sizeof(Slot) <= budget_)) grow();
  std::span<const Token> known;
  if (find(piece, known) || place_ == slots_.size()) return;
  slots_[place_] = {.hash = hash_,
                    .key = static_cast<std::uint32_t>(keys_.size()),
                    .token = static_cast<std::uint32_t>(tokens_.size()),
                    .key_size = static_cast<std::uint16_t>(piece.size()),
                    .token_count = static_cast<std::uint16_t>(tokens.size()),
                    .used = true};
  keys_.insert(keys_.end(), piece.begin(), piece.end());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  ++used_;
}

std::size_t PieceCache::bytes() const {
  return slots_.size() * sizeof(Slot) + keys_.size() + tokens_.size() * sizeof(Token);
}

void PieceCache::clear() {
  slots_.clear();
  keys_.clear();
  tokens_.clear();
  used_ = 0;
}

void PieceCache::grow() {
  std::vector<Slot> old(slots_.empty() ? first_slots : slots_.size() * 2);
  old.swap(slots_);
  used_ = 0;
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (!slot.used) continue;
    for (std::size_t i = 0; i < longest_probe; ++i) {
      Slot& place = slots_[(slot.hash + i) & mask];
      if (place.used) continue;
      place = slot;
      ++used_;
      break;
    }
  }
}

}  // namespace welt::tokenizers
