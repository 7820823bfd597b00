/* One character of UTF-8 at a time, checked. Plain C11, also valid C++20; torch-free. [any]
 *
 *   uint32_t code_point;
 *   const int32_t length = welt_utf8_decode(text, at, &code_point);
 *   if (length == WELT_UTF8_WRONG) …the text is not UTF-8: say which byte…
 *
 * Well-formed is what Unicode's table 3-7 lists: no overlong form, no surrogate, nothing above U+10FFFF. */
#ifndef WELT_SDK_UTF8_H
#define WELT_SDK_UTF8_H
#include <welt/abi/base.h>

#define WELT_UTF8_WRONG 0      /* no character can begin with these bytes */
#define WELT_UTF8_CUT_OFF (-1) /* the text ends inside a character: its other bytes may come with more text */

/* The bytes of the character that begins at text.data[at], 1 to 4, and its code point; or one of the two above, and
 * then *code_point is untouched. `at` is below text.size. */
static inline int32_t welt_utf8_decode(welt_string text, uint64_t at, uint32_t* code_point) {
  const unsigned char* bytes = (const unsigned char*)text.data + at;
  const uint32_t lead = bytes[0];
  if (lead < 0x80) {
    *code_point = lead;
    return 1;
  }
  if (lead < 0xC2 || lead > 0xF4) return WELT_UTF8_WRONG;
  const int32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  uint32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80; /* what may come second depends on the first */
  uint32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  uint32_t code = lead & (0x7Fu >> length);
  for (int32_t i = 1; i < length; ++i) {
    if (at + (uint64_t)i >= text.size) return WELT_UTF8_CUT_OFF;
    if (bytes[i] < low || bytes[i] > high) return WELT_UTF8_WRONG;
    code = code << 6 | (bytes[i] & 0x3Fu);
    low = 0x80, high = 0xBF;
  }
  *code_point = code;
  return length;
}

#endif
