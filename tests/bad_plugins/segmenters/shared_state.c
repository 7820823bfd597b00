/* The end of one component ends all. */
#define AT_CREATE ended = 0;
#define AT_DESTROY ended = 1;
#define AT_SEGMENT \
  if (ended) return refuse(error, WELT_UNAVAILABLE, "it was ended");
static int ended;
#include "../broken_spaces.h"
