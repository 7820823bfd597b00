/* Holds back any number of bytes. */
#define AT_SEGMENT                                                   \
  welt_segment_limits patient = whole(limits);                       \
  if (patient.max_lookahead >= 0) patient.max_lookahead = INT64_MAX; \
  limits = &patient;
#include "../broken_spaces.h"
