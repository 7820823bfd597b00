/* Compares ids by their beginning only. */
#define SAME(a, b) (strncmp((a).data, b, (a).size) == 0)
#include "../broken_spaces.h"
