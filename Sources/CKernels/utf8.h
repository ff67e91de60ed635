#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The paths that `ckernels_is_utf8` chooses between, besides the portable one.

#if defined(__x86_64__)
/// Needs AVX2.
bool is_utf8_avx2(const uint8_t *bytes, size_t count);

/// Needs AVX-512BW and GFNI.
bool is_utf8_avx512(const uint8_t *bytes, size_t count);
#endif
