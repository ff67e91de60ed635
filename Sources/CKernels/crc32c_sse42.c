#include "crc32c.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "loads.h"

#define SSE42 __attribute__((target("sse4.2,pclmul")))

/// The state after as many zero bytes as `power` stands for, left unreduced for `_mm_crc32_u64` to finish.
///
/// A carry-less product of two reflected 32-bit polynomials comes out multiplied by x, and `_mm_crc32_u64`
/// multiplies by x³² before it reduces. So the power for n zero bytes is x⁸ⁿ⁻³³.
SSE42 static inline uint64_t moved(uint64_t state, uint32_t power) {
  __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)state), _mm_cvtsi32_si128((int)power), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

/// The state after three neighbouring streams of `length` bytes each.
///
/// The instruction takes a new word each cycle but answers after three, so three streams keep it busy. Only
/// the first starts from `state`; then the first is moved past two streams, the second past one, and all are
/// summed.
SSE42 static inline uint32_t three_streams(
  uint64_t state, const uint8_t *bytes, size_t length, uint32_t past_one, uint32_t past_two) {
  uint64_t second = 0, third = 0;
  for (size_t offset = 0; offset < length; offset += 8) {
    state = _mm_crc32_u64(state, load_u64(bytes + offset));
    second = _mm_crc32_u64(second, load_u64(bytes + length + offset));
    third = _mm_crc32_u64(third, load_u64(bytes + 2 * length + offset));
  }
  return (uint32_t)(_mm_crc32_u64(0, moved(state, past_two) ^ moved(second, past_one)) ^ third);
}

SSE42 uint32_t crc32c_state_sse42(uint32_t state, const uint8_t *bytes, size_t count) {
  for (; count >= 3 * 1024; bytes += 3 * 1024, count -= 3 * 1024) {
    state = three_streams(state, bytes, 1024, 0x170076fa /* x⁸¹⁵⁹ */, 0xa51b6135 /* x¹⁶³⁵¹ */);
  }
  for (; count >= 3 * 128; bytes += 3 * 128, count -= 3 * 128) {
    state = three_streams(state, bytes, 128, 0x0d3b6092 /* x⁹⁹¹ */, 0xb9e02b86 /* x²⁰¹⁵ */);
  }
  uint64_t wide = state;
  for (; count >= 8; bytes += 8, count -= 8) wide = _mm_crc32_u64(wide, load_u64(bytes));
  state = (uint32_t)wide;
  if (count & 4) {
    state = _mm_crc32_u32(state, load_u32(bytes));
    bytes += 4;
  }
  if (count & 2) {
    state = _mm_crc32_u8(_mm_crc32_u8(state, bytes[0]), bytes[1]);
    bytes += 2;
  }
  if (count & 1) state = _mm_crc32_u8(state, *bytes);
  return state;
}

#endif
