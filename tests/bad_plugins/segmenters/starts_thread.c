/* Starts a thread in segment(). */
#include <unistd.h>
static void* wait_for_ever(void* nothing) {
  for (;;) pause();
  return nothing;
}
#define AT_SEGMENT   \
  pthread_t thread;  \
  pthread_create(&thread, 0, wait_for_ever, 0);
#include "../broken_spaces.h"
