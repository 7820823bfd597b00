/* welt.segmenter/1: cuts text into words. Torch-free: C, C++, Rust, Zig…
 *
 * The concatenated words give the text back, byte for byte, for any valid UTF-8. */
#ifndef WELT_ABI_SEGMENTER_H
#define WELT_ABI_SEGMENTER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_SEGMENTER_INTERFACE "welt.segmenter/1"

typedef struct welt_segment_limits {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t max_bytes;      /* longest word in UTF-8 bytes, cut at grapheme clusters; 0: no limit */
  int64_t max_characters; /* longest word in code points; 0: no limit. Giving both is an error */
  int64_t max_lookahead;  /* bytes held back at most while is_final is 0; 0: the segmenter's default */
} welt_segment_limits;
WELT_CHECK_STRUCT(welt_segment_limits, 32);

typedef struct welt_segmenter_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [concurrent-eval] Writes the end offset of each word (bytes from the start of `text`, ascending) to `ends`, at most
   * `capacity` of them, and their number to *count. *consumed is the last offset written (0: none): the rest comes again
   * in front of the next piece of text. With is_final and enough capacity everything is consumed. Text that is not UTF-8
   * is WELT_INVALID_ARGUMENT, naming the byte. Optional: `ids` (vocabulary ids, segmenters that have them) and `engines`
   * (which rule or dictionary made the word), each null or `capacity` long. */
  welt_status (*segment)(welt_component* component, WELT_BORROW welt_string text, uint32_t is_final,
                         const welt_segment_limits* limits WELT_NULLABLE, uint64_t* ends, uint64_t capacity,
                         uint64_t* count, uint64_t* consumed, int64_t* ids WELT_NULLABLE,
                         uint32_t* engines WELT_NULLABLE, welt_error* error);
  /* [concurrent-eval] 1 when nothing can be added to `word` any more: generation may go on to the next one. */
  uint32_t (*is_complete)(const welt_component* component, WELT_BORROW welt_string word);
  /* [concurrent-eval] The dictionaries and rules that words depend on, with versions or hashes, in one line; lives as
   * long as the component. A checkpoint keeps it, and a warning says when it is another. Null, or empty: nothing but the
   * plugin's own version. */
  welt_string (*fingerprint)(const welt_component* component) WELT_NULLABLE;
  /* [any] The name of a number of `engines`; empty: no such number. Null: the numbers have no names. */
  welt_string (*engine_name)(const welt_component* component, uint32_t engine) WELT_NULLABLE;
  /* [concurrent-eval] The vocabulary ids of a whole text, as its tokenizer gives them without special tokens: a word that
   * is several tokens, whose id in segment() is -1, has several here. Writes at most `capacity` of them, and to *count how
   * many there are: the caller asks again with more room where that was too little. Text that is not UTF-8 is
   * WELT_INVALID_ARGUMENT, naming the byte. Null: words have no ids. */
  welt_status (*encode)(const welt_component* component, WELT_BORROW welt_string text, int64_t* ids WELT_NULLABLE,
                        uint64_t capacity, uint64_t* count, welt_error* error) WELT_NULLABLE;
} welt_segmenter_v1;
WELT_CHECK_STRUCT(welt_segmenter_v1, 48);

#ifdef __cplusplus
}
#endif
#endif
