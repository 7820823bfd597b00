/* welt plugin ABI: types, markers and constants that every other header uses.
 *
 * Intent: a plugin built today keeps loading for years. So: plain C11 (also valid C++11 and later), fixed-width integers,
 * no bool, enum, long, size_t or bit-field in any struct, and no LibTorch type. Machines are 64-bit and little-endian.
 *
 * Structs: the first member is `uint32_t struct_size` (what the writer's compiler saw), the second a reserved zero. A
 * struct only ever grows at its end. A reader asks WELT_HAS(p, member), never for equality. Zero means "default" or
 * "absent" for every member. Where a caller hands over a struct to be filled (`out`), it sets struct_size to what it knows
 * and the rest to zero; the callee writes no further than that, and leaves struct_size at what it knew of if that is less.
 *
 * Ownership marks (empty macros, read by people and by the conformance tool):
 *   WELT_BORROW  valid during the call only; the receiver copies what it keeps
 *   WELT_GIVE    the receiver owns it and releases it
 *   WELT_KEEP    the giver owns it and keeps it alive as long as the component (or plugin) it came from
 *
 * Thread tags: [any] any thread, any time. [instance] one thread at a time per component (the default).
 *   [concurrent-eval] several threads at once per component while in evaluation mode. [host] the host's main thread.
 * Since: every declaration without a note is there since ABI 0.1. */
#ifndef WELT_ABI_BASE_H
#define WELT_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define WELT_EXTERN_C extern "C"
extern "C" {
#else
#define WELT_EXTERN_C extern
#endif

#define WELT_ABI_MAJOR 0u
#define WELT_ABI_MINOR 1u

#define WELT_BORROW
#define WELT_GIVE
#define WELT_KEEP
#define WELT_NULLABLE /* the pointer may be null; without this mark it may not */

/* What the headers lean on is checked by whatever compiler reads them. */
#ifdef __cplusplus
#define WELT_STATIC_ASSERT(condition, text) static_assert(condition, text)
#define WELT_ALIGNOF(type) alignof(type)
#else
#define WELT_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#define WELT_ALIGNOF(type) _Alignof(type)
#endif
#define WELT_CHECK_STRUCT(type, bytes)                                                                             \
  WELT_STATIC_ASSERT(sizeof(type) == (bytes) && offsetof(type, struct_size) == 0 && offsetof(type, reserved) == 4, \
                     #type " has another layout than the ABI says: is a #pragma pack or an ABI option in force?")

WELT_STATIC_ASSERT(sizeof(void*) == 8 && sizeof(void (*)(void)) == 8, "the welt ABI is for 64-bit machines");
WELT_STATIC_ASSERT(sizeof(double) == 8 && WELT_ALIGNOF(uint64_t) == 8, "the welt ABI wants doubles and aligned integers");
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the welt ABI is for little-endian machines"
#endif

/* Is `member` inside what the writer of *p knew of? p must be non-null. */
#define WELT_HAS(p, member) \
  ((p)->struct_size >= (uint32_t)((const char*)&(p)->member - (const char*)(p)) + (uint32_t)sizeof((p)->member))

/* Status of a call: 0, or one of the canonical codes. WELT_UNIMPLEMENTED is an ordinary answer, not a defect. */
typedef int32_t welt_status;
#define WELT_OK 0
#define WELT_CANCELLED 1
#define WELT_UNKNOWN 2
#define WELT_INVALID_ARGUMENT 3
#define WELT_DEADLINE_EXCEEDED 4
#define WELT_NOT_FOUND 5
#define WELT_ALREADY_EXISTS 6
#define WELT_PERMISSION_DENIED 7
#define WELT_RESOURCE_EXHAUSTED 8
#define WELT_FAILED_PRECONDITION 9
#define WELT_ABORTED 10
#define WELT_OUT_OF_RANGE 11
#define WELT_UNIMPLEMENTED 12
#define WELT_INTERNAL 13
#define WELT_UNAVAILABLE 14
#define WELT_DATA_LOSS 15

/* UTF-8 text, not null-terminated; {0, 0} is the empty string. */
typedef struct welt_string {
  const char* data;
  uint64_t size;
} welt_string;

typedef struct welt_string_list {
  const welt_string* items;
  uint64_t count;
} welt_string_list;

/* These two are passed by value and never grow. */
WELT_STATIC_ASSERT(sizeof(welt_string) == 16 && WELT_ALIGNOF(welt_string) == 8, "welt_string has another layout");
WELT_STATIC_ASSERT(sizeof(welt_string_list) == 16 && WELT_ALIGNOF(welt_string_list) == 8,
                   "welt_string_list has another layout");

/* Truth values are uint32_t: 0 false, 1 true. Constants of every kind below start at 1: 0 is invalid or absent. */

/* Element types of tensors. */
#define WELT_DTYPE_FLOAT32 1u
#define WELT_DTYPE_FLOAT64 2u
#define WELT_DTYPE_BFLOAT16 3u
#define WELT_DTYPE_FLOAT16 4u
#define WELT_DTYPE_INT64 5u
#define WELT_DTYPE_INT32 6u
#define WELT_DTYPE_INT16 7u
#define WELT_DTYPE_INT8 8u
#define WELT_DTYPE_UINT8 9u
#define WELT_DTYPE_BOOL 10u

/* Opaque types of the host. */
typedef struct welt_tensor welt_tensor; /* tensor.h */
typedef struct welt_error welt_error;   /* error.h */
typedef struct welt_host welt_host;     /* plugin.h */

#ifdef __cplusplus
}
#endif
#endif
