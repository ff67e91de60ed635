#pragma once

#include <stddef.h>
#include <stdint.h>

// The paths that `ckernels_crc32c` chooses between. Inside them `state` is the bare remainder. The
// caller inverts it before the first and after the last byte of a checksum.
//
// CRC-32C is the remainder modulo the Castagnoli polynomial (RFC 3720, section 12.1)
//
//   P = x³² + x²⁸ + x²⁷ + x²⁶ + x²⁵ + x²³ + x²² + x²⁰ + x¹⁹ + x¹⁸ + x¹⁴ + x¹³ + x¹¹ + x¹⁰ + x⁹ + x⁸ + x⁶ + 1
//
// and it is reflected: the lowest bit of the first byte has the highest power of x. So "x³¹ mod P" is written
// 0x00000001 and P itself, without x³², is written 0x82f63b78.

uint32_t crc32c_state_portable(uint32_t state, const uint8_t *bytes, size_t count);

#if defined(__x86_64__)
/// Needs SSE4.2 and PCLMULQDQ.
uint32_t crc32c_state_sse42(uint32_t state, const uint8_t *bytes, size_t count);

/// Needs AVX-512F and VPCLMULQDQ, and what `crc32c_state_sse42` needs.
uint32_t crc32c_state_avx512(uint32_t state, const uint8_t *bytes, size_t count);
#endif
