/* Sets the locale in segment(). */
#define AT_SEGMENT setlocale(LC_ALL, "C.UTF-8");
#include "../broken_spaces.h"
