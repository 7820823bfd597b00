/* Its fingerprint changes with every call. */
#define AT_FINGERPRINT text[0] = text[0] == 'b' ? 'c' : 'b';
#include "../broken_boxes.h"
