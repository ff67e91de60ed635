#pragma once

#include <stddef.h>
#include <stdint.h>

// The path that `ckernels_find` takes besides the portable one.

/// What is searched for: its bytes, and the places of the two that are looked at first.
typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t first;
  size_t second;
} Needle;

size_t find_portable(const uint8_t *bytes, size_t count, Needle needle);

#if defined(__x86_64__)
/// Needs AVX2.
size_t find_avx2(const uint8_t *bytes, size_t count, Needle needle);
#endif
