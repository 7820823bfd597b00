/* The rule that cuts text into words. Knows nothing of tables and handles: plugin.c puts it behind welt.segmenter/1.
 *
 * A word ends behind a separator: "one two  three" is "one ", "two ", " ", "three". A word that is longer than a limit
 * is cut in front of a character that is no mark.
 *
 * Functions begin with the plugin's name: plugins may be linked into one program, where C has one name space. */
#pragma once
#include <welt/abi/segmenter.h>

/* Which bytes end a word; ASCII only, so that no other character has one inside. */
struct rule {
  uint8_t is_separator[128];
};

/* Takes the separators, one or more ASCII characters. 0: they are something else. */
int my_plugin_set_separators(struct rule* rule, welt_string separators);

/* The first byte that fits no character of UTF-8; text.size: there is none. Before the end of the whole text, a
 * character may be cut off by the end of `text`. [any] */
uint64_t my_plugin_find_wrong_byte(welt_string text, int is_final);

/* The end of the word that begins at `begin`, in text without a wrong byte; `begin` itself: more text could change it.
 * [any] */
uint64_t my_plugin_find_word_end(const struct rule* rule, welt_string text, uint64_t begin, int is_final,
                                 const welt_segment_limits* limits);

/* Can nothing be added to `word`? [any] */
int my_plugin_is_whole(const struct rule* rule, welt_string word);
