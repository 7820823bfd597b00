/* welt.words/1: a bytes encoder that reads a word as text: one that cuts it into tokens of its own, say, whose vectors it
 * keeps. Such an encoder has no use for a byte table, and a model that has one makes none.
 *
 * Scenario: the host hands over the distinct words of a batch and gets a vector for each, which it does not pool. What
 * welt.bytes_encoder/1 has beside that goes on being there: the width, and hidden states of rows. */
#ifndef WELT_ABI_WORDS_H
#define WELT_ABI_WORDS_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_WORDS_INTERFACE "welt.words/1"

typedef struct welt_words_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] N words in UTF-8 → [N,D] with its graph, where the parameters are; a word may be empty, N may be 0. Text
   * that is not UTF-8 is refused. null: as without this interface. */
  welt_status (*encode)(welt_component* component, WELT_BORROW const welt_string* words, uint64_t count,
                        WELT_GIVE welt_tensor** out, welt_error* error);
} welt_words_v1;
WELT_CHECK_STRUCT(welt_words_v1, 16);

#ifdef __cplusplus
}
#endif
#endif
