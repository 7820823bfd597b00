/* Does not say where a text is ill-formed. */
#define ILL_FORMED_MESSAGE "the text is not UTF-8%.0llu"
#include "../broken_spaces.h"
