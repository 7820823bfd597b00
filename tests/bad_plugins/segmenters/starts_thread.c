/* Starts a thread in the first segment(). */
#include <unistd.h>
static void* wait_for_ever(void* nothing) {
  for (;;) pause();
  return nothing;
}
#define AT_SEGMENT    \
  static int started; \
  pthread_t thread;   \
  if (!started++) pthread_create(&thread, 0, wait_for_ever, 0);
#include "../broken_spaces.h"
