/* Cannot draw characters outside the first plane. */
#define AT_RENDER \
  if (memchr(word.data, 0xF0, word.size)) return refuse(error, WELT_UNIMPLEMENTED, "no such glyph");
#include "../broken_boxes.h"
