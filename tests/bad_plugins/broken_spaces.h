/* What a bad segmenter is made of: it defines one of these, includes this file, and is spaces.c for the rest. The code
 * runs at the beginning of the function that it is named for, or at its end. */
#define _GNU_SOURCE
#define SPACES_IS_BROKEN
#ifndef AT_ENTRY
#define AT_ENTRY
#endif
#ifndef AT_CREATE
#define AT_CREATE
#endif
#ifndef AT_DESTROY
#define AT_DESTROY
#endif
#ifndef AT_SEGMENT
#define AT_SEGMENT
#endif
#ifndef AFTER_SEGMENT
#define AFTER_SEGMENT
#endif
#ifndef AFTER_ENCODE
#define AFTER_ENCODE
#endif
#ifndef SAME
#define SAME(a, b) ((a).size == strlen(b) && memcmp((a).data, b, (a).size) == 0)
#endif
#ifndef IS_COMPLETE
#define IS_COMPLETE (word.size > 0 && word.data[word.size - 1] == ' ')
#endif
#ifndef ILL_FORMED_MESSAGE
#define ILL_FORMED_MESSAGE "the text is not UTF-8 at byte %llu"
#endif
#ifndef DEFAULT_SPACES
#define DEFAULT_SPACES "4"
#endif
#ifndef FACTORY_SIZE
#define FACTORY_SIZE sizeof factory
#endif
#ifndef MODEL_TYPES
#define MODEL_TYPES 1
#endif
#ifndef COMPONENTS
#define COMPONENTS 1
#endif
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "spaces.c"
