// See thai_cluster.h. Each function is the rules that begin with one kind of letter, the first that fits wins. What is
// optional in them is never what must come next, so a rule needs no second try.
#include "thai_cluster.h"

#include <initializer_list>
#include <optional>

namespace welt::words {
namespace {

using Place = std::optional<std::size_t>;

enum : char32_t {
  ro_rua = 0x0E23,
  yo_yak = 0x0E22,
  wo_waen = 0x0E27,
  o_ang = 0x0E2D,
  sara_a = 0x0E30,
  mai_han_akat,
  sara_aa,
  sara_am,
  sara_i,
  sara_ii,
  sara_ue,
  sara_uee,
  sara_u,
  sara_uu,
  sara_e = 0x0E40,
  sara_ae,
  sara_o,
  sara_ai_mai_muan,
  sara_ai_mai_malai,
  mai_tai_khu = 0x0E47,
  mai_ek,
  mai_tho,
  mai_tri,
  mai_chattawa,
  thanthakhat,
};

bool any_of(char32_t c, std::initializer_list<char32_t> letters) {
  for (const char32_t letter : letters)
    if (c == letter) return true;
  return false;
}

class Rules {
 public:
  Rules(const char32_t* text, std::size_t at, std::size_t size) : text_(text), at_(at), size_(size) {}

  // The letter n behind the first, and whether it is a consonant.
  char32_t letter(std::size_t n) const { return text_[at_ + n]; }
  bool consonant(std::size_t n) const { return is_thai_consonant(letter(n)); }

  // Behind a tone mark at n, if one is there.
  std::size_t tone(std::size_t n) const { return letter(n) >= mai_ek && letter(n) <= mai_chattawa ? n + 1 : n; }

  // Behind a silenced ending at n (one or two consonants, a vowel sign, thanthakhat), if one is there.
  std::size_t silenced(std::size_t n) const {
    if (!consonant(n)) return n;
    std::size_t end = n + 1;
    if (consonant(end)) ++end;
    if (any_of(letter(end), {sara_i, sara_u, sara_uu})) ++end;
    return letter(end) == thanthakhat ? end + 1 : n;
  }
  std::size_t optional(char32_t c, std::size_t n) const { return letter(n) == c ? n + 1 : n; }

  // A consonant, a vowel that is written first, or the end of the text (or of its last line) is at n.
  bool starts_or_ends(std::size_t n) const {
    const std::size_t at = at_ + n;
    if (at == size_ || (at + 1 == size_ && text_[at] == '\n')) return true;
    return consonant(n) || (letter(n) >= sara_e && letter(n) <= sara_ai_mai_malai);
  }

  // Behind sara e.
  Place after_e() const {
    if (!consonant(1)) return {};
    if (consonant(2)) {
      if (letter(3) == mai_tai_khu && consonant(4)) return silenced(5);
      std::size_t n = tone(3);
      if (letter(n) == sara_aa && letter(n + 1) == sara_a) return silenced(n + 2);
      n = tone(4);
      if (letter(3) == sara_ii && letter(n) == yo_yak) {
        if (letter(n + 1) == sara_a) return silenced(n + 2);
        if (starts_or_ends(n + 1)) return silenced(n + 1);
      }
    }
    if (letter(2) == mai_tai_khu && consonant(3)) return silenced(4);
    const std::size_t n = tone(3);
    if (letter(2) == sara_i) {
      if (consonant(3) && letter(4) == thanthakhat && consonant(5)) return silenced(6);
      if (consonant(n)) return silenced(n + 1);
    }
    if (letter(2) == sara_ii && letter(n) == yo_yak) return silenced(optional(sara_a, n + 1));
    if (letter(2) == sara_uee && letter(n) == o_ang) return silenced(optional(sara_a, n + 1));
    if (any_of(letter(2), {sara_i, sara_ii, sara_u, sara_uu}) && letter(n) == yo_yak && starts_or_ends(n + 1))
      return silenced(n + 1);
    return silenced(optional(sara_a, optional(sara_aa, tone(2))));
  }

  Place after_ae() const {
    if (!consonant(1)) return {};
    if (letter(2) == mai_tai_khu && consonant(3)) return 4;
    if (consonant(2) && letter(3) == thanthakhat) return 4;
    if (const std::size_t n = tone(2); letter(n) == sara_a) return n + 1;
    if (consonant(2) && letter(3) == mai_tai_khu && consonant(4)) return 5;
    if (consonant(2) && consonant(3) && letter(4) == thanthakhat) return 5;
    return tone(2);
  }

  Place after_consonant() const {
    const char32_t vowel = letter(1);
    const std::size_t n = tone(2);
    if (vowel == mai_han_akat && letter(n) == wo_waen && letter(n + 1) == sara_a) return silenced(n + 2);
    if ((vowel == mai_han_akat || vowel == sara_uee) && consonant(n)) {
      const std::size_t end = n + 1;
      return silenced(any_of(letter(end), {sara_a, sara_i, sara_u}) ? end + 1 : end);
    }
    if (any_of(vowel, {sara_i, sara_u, sara_uu}) && letter(2) == thanthakhat) return 3;
    if (vowel >= sara_a && vowel <= sara_uu) return silenced(n);
    if (vowel == ro_rua && letter(2) == ro_rua && consonant(3) && letter(4) == thanthakhat) return 5;
    if (vowel == mai_tai_khu) return 2;
    const std::size_t end = tone(1);
    return silenced(any_of(letter(end), {sara_a, sara_aa, sara_am}) ? end + 1 : end);
  }

  // The length of the cluster.
  std::size_t length() const {
    const char32_t first = letter(0);
    Place end;
    if (is_thai_consonant(first)) end = after_consonant();
    if (first == sara_e) end = after_e();
    if (first == sara_ae) end = after_ae();
    if (first == sara_o || first == sara_ai_mai_muan || first == sara_ai_mai_malai) {
      if (consonant(1)) end = first == sara_o ? optional(sara_a, tone(2)) : tone(2);
    }
    return end.value_or(1);
  }

 private:
  const char32_t* text_;
  std::size_t at_, size_;
};

}  // namespace

std::size_t thai_cluster_end(const char32_t* text, std::size_t at, std::size_t size) {
  return at + Rules(text, at, size).length();
}

}  // namespace welt::words
