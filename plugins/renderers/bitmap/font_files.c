/* See font_files.h. */
#define _POSIX_C_SOURCE 200809L
#include "font_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { largest_file = 128 << 20 }; /* bytes; every character at 16 pixels takes 80 million */

/* A file's whole content. */
struct text {
  char* bytes;
  size_t size;
};

/* One line of it, without its end. */
struct line {
  const char *at, *end;
};

typedef int take_line(struct bitmap_font* font, struct line line, struct bitmap_problem* problem);

/* ---- the file ---- */

static int read_all(int file, const char* path, struct text* out, struct bitmap_problem* problem) {
  struct stat about;
  if (fstat(file, &about) != 0) return bitmap_refuse(problem, "%s: %s", path, strerror(errno));
  if (!S_ISREG(about.st_mode)) return bitmap_refuse(problem, "%s is no regular file", path);
  if (about.st_size > largest_file)
    return bitmap_refuse(problem, "%s has %lld bytes; expected at most %d", path, (long long)about.st_size,
                         (int)largest_file);
  const size_t expected = (size_t)about.st_size;
  out->bytes = malloc(expected + 1);
  if (out->bytes == NULL) return bitmap_refuse(problem, "%s: out of memory", path);
  while (out->size < expected) {
    const ssize_t count = read(file, out->bytes + out->size, expected - out->size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return bitmap_refuse(problem, "%s: %s", path, strerror(errno));
    if (count == 0) break; /* it has become shorter */
    out->size += (size_t)count;
  }
  return 1;
}

/* out->bytes is to be freed whatever the answer. */
static int read_text(const char* path, struct text* out, struct bitmap_problem* problem) {
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer would block */
  if (file < 0)
    return bitmap_refuse(problem, "%s: %s; Unifont's files are in the package unifont (apt-get install unifont)", path,
                         strerror(errno));
  const int good = read_all(file, path, out, problem);
  close(file);
  return good;
}

/* Hands every line that says something to `take`; 0: refused. */
static int each_line(struct bitmap_font* font, const char* path, struct text text, take_line* take,
                     struct bitmap_problem* problem) {
  const char* const end = text.bytes + text.size;
  long long number = 1;
  for (const char* at = text.bytes; at < end; ++number) {
    const char* stop = memchr(at, '\n', (size_t)(end - at));
    if (stop == NULL) stop = end;
    const struct line line = {at, stop > at && stop[-1] == '\r' ? stop - 1 : stop};
    struct bitmap_problem in_line;
    if (line.at < line.end && *line.at != '#' && !take(font, line, &in_line))
      return bitmap_refuse(problem, "%s, line %lld: %s", path, number, in_line.text);
    at = stop + (stop < end);
  }
  return 1;
}

static int read_file(struct bitmap_font* font, const char* path, take_line* take, welt_sha256* hash,
                     struct bitmap_problem* problem) {
  struct text text = {NULL, 0};
  const int good = read_text(path, &text, problem) && each_line(font, path, text, take, problem);
  if (good) {
    char size[32]; /* where one file ends and the next begins counts too */
    snprintf(size, sizeof size, "%llu bytes\n", (unsigned long long)text.size);
    welt_sha256_add(hash, size, strlen(size));
    welt_sha256_add(hash, text.bytes, text.size);
  }
  free(text.bytes);
  return good;
}

/* ---- its lines ---- */

/* The value of a hexadecimal digit; -1: it is none. */
static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/* Takes `CHARACTER:` off the line. */
static int take_character(struct line* line, uint32_t* character, struct bitmap_problem* problem) {
  uint32_t value = 0;
  const char* at = line->at;
  for (; at < line->end && digit(*at) >= 0 && value < bitmap_characters; ++at)
    value = value << 4 | (uint32_t)digit(*at);
  if (at == line->at || at == line->end || *at != ':' || value >= bitmap_characters)
    return bitmap_refuse(problem, "it begins with no character; expected 0 to 10FFFF, hexadecimal, then a colon");
  *character = value;
  line->at = at + 1;
  return 1;
}

static int take_glyph(struct bitmap_font* font, struct line line, struct bitmap_problem* problem) {
  uint32_t character = 0;
  if (!take_character(&line, &character, problem)) return 0;
  const ptrdiff_t digits = line.end - line.at, in_row = digits / bitmap_height;
  if (digits % bitmap_height != 0 || (in_row != 2 && in_row != 4))
    return bitmap_refuse(problem, "the glyph of U+%04X has %lld digits; expected 32 (8 pixels wide) or 64 (16)",
                         (unsigned)character, (long long)digits);
  struct bitmap_glyph glyph = {.width = (uint8_t)(4 * in_row)};
  for (ptrdiff_t i = 0; i < digits; ++i) {
    const int value = digit(line.at[i]);
    if (value < 0)
      return bitmap_refuse(problem, "digit %lld of the glyph of U+%04X is no hexadecimal one", (long long)i + 1,
                           (unsigned)character);
    glyph.rows[i / in_row] = (uint16_t)(glyph.rows[i / in_row] | value << (12 - 4 * (i % in_row)));
  }
  return bitmap_font_add(font, character, &glyph) || bitmap_refuse(problem, "out of memory");
}

static int take_mark(struct bitmap_font* font, struct line line, struct bitmap_problem* problem) {
  uint32_t character = 0;
  if (!take_character(&line, &character, problem)) return 0;
  const int is_negative = line.at < line.end && *line.at == '-';
  const char* at = line.at + is_negative;
  int value = 0;
  for (; at < line.end && *at >= '0' && *at <= '9' && value <= bitmap_widest; ++at) value = 10 * value + (*at - '0');
  if (at == line.at + is_negative || at < line.end || value > bitmap_widest || (value > 0 && !is_negative))
    return bitmap_refuse(problem, "the place of the mark U+%04X is no number from -%d to 0", (unsigned)character,
                         (int)bitmap_widest);
  bitmap_font_mark(font, character, (int8_t)-value);
  return 1;
}

int bitmap_read_glyphs(struct bitmap_font* font, const char* path, welt_sha256* hash, struct bitmap_problem* problem) {
  return read_file(font, path, take_glyph, hash, problem);
}

int bitmap_read_marks(struct bitmap_font* font, const char* path, welt_sha256* hash, struct bitmap_problem* problem) {
  return read_file(font, path, take_mark, hash, problem);
}
