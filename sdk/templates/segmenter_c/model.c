/* See model.h. */
#include "model.h"

#include <string.h>
#include <welt/sdk/utf8.h>

enum { default_lookahead = 4096 }; /* bytes */

int my_plugin_set_separators(struct rule* rule, welt_string separators) {
  memset(rule->is_separator, 0, sizeof rule->is_separator);
  for (uint64_t i = 0; i < separators.size; ++i) {
    const unsigned char byte = (unsigned char)separators.data[i];
    if (byte >= sizeof rule->is_separator) return 0;
    rule->is_separator[byte] = 1;
  }
  return separators.size > 0;
}

uint64_t my_plugin_find_wrong_byte(welt_string text, int is_final) {
  uint64_t at = 0;
  while (at < text.size) {
    uint32_t c = 0;
    const int32_t length = welt_utf8_decode(text, at, &c);
    if (length == WELT_UTF8_CUT_OFF && !is_final) return text.size;
    if (length <= 0) return at;
    at += (uint64_t)length;
  }
  return text.size;
}

/* Accents, variation selectors, skin tones and the joiner belong to the character before them. Every script's clusters
 * take a table of Unicode's. */
static int is_mark(uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F) ||
         (c >= 0x1F3FB && c <= 0x1F3FF) || c == 0x200D;
}

uint64_t my_plugin_find_word_end(const struct rule* rule, welt_string text, uint64_t begin, int is_final,
                                 const welt_segment_limits* limits) {
  uint64_t at = begin, cluster = begin; /* cluster: where the last character that is no mark begins */
  uint32_t c = 0;
  for (int64_t characters = 0; at < text.size; ++characters) {
    const int32_t length = welt_utf8_decode(text, at, &c);
    if (length <= 0) break; /* cut off */
    if (!is_mark(c)) cluster = at;
    const uint64_t next = at + (uint64_t)length;
    if (limits->max_bytes > 0 && next - begin > (uint64_t)limits->max_bytes && cluster > begin) return cluster;
    if (limits->max_characters > 0 && characters == limits->max_characters) return at;
    at = next;
    if (c < sizeof rule->is_separator && rule->is_separator[c]) return at;
  }
  if (is_final) return at;
  const uint64_t lookahead = limits->max_lookahead > 0 ? (uint64_t)limits->max_lookahead : default_lookahead;
  if (text.size - begin <= lookahead) return begin;
  return cluster > begin ? cluster : at;
}

int my_plugin_is_whole(const struct rule* rule, welt_string word) {
  if (word.size == 0) return 0;
  const unsigned char last = (unsigned char)word.data[word.size - 1];
  return last < sizeof rule->is_separator && rule->is_separator[last];
}
