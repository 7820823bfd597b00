/* Its factory says that it ends before create(). */
#define FACTORY_SIZE 24
#include "../broken_spaces.h"
