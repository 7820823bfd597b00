/* Its entry sets the locale. */
#define AT_ENTRY setlocale(LC_ALL, "C.UTF-8");
#include "../broken_spaces.h"
