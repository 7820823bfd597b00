/* SHA-256 (FIPS 180-4) over bytes that come in pieces. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct bitmap_sha256 {
  uint32_t state[8];
  uint8_t pending[64]; /* the first `size` % 64 bytes are bytes not yet mixed in */
  uint64_t size;       /* bytes so far */
};

void bitmap_sha256_open(struct bitmap_sha256* hash);
void bitmap_sha256_add(struct bitmap_sha256* hash, const void* bytes, size_t size);

/* 64 hexadecimal digits and a NUL; nothing may be added afterwards. */
void bitmap_sha256_close(struct bitmap_sha256* hash, char digits[65]);
