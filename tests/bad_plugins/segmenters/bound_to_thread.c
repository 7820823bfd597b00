/* Must be destroyed on the thread that made it. */
#include <pthread.h>
#define AT_CREATE maker = pthread_self();
#define AT_DESTROY \
  if (!pthread_equal(maker, pthread_self())) abort();
static pthread_t maker;
#include "../broken_spaces.h"
