/* Why something is refused, as one line of text for a person. Handed up to renderer.c, which gives it to the host. */
#pragma once
#include <stdarg.h>
#include <stdio.h>

struct bitmap_problem {
  char text[480];
};

/* Fills in the line; always 0, the answer of a function that says whether it succeeded. */
__attribute__((format(printf, 2, 3))) static inline int bitmap_refuse(struct bitmap_problem* problem,
                                                                      const char* format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(problem->text, sizeof problem->text, format, values);
  va_end(values);
  return 0;
}
