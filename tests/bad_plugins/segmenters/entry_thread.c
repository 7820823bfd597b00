/* Its entry starts a thread. */
#include <unistd.h>
static void* wait_for_ever(void* nothing) {
  for (;;) pause();
  return nothing;
}
#define AT_ENTRY    \
  pthread_t thread; \
  pthread_create(&thread, 0, wait_for_ever, 0);
#include "../broken_spaces.h"
