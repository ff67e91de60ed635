#include "crc32c.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "loads.h"

#define AVX512 __attribute__((target("sse4.2,avx512f,vpclmulqdq")))

/// The powers that move each 128-bit lane of a register D bits on: x^(D+31) for its first eight bytes, which
/// are 64 bits further from the end, and x^(D-33) for its second.
#define POWERS(first, second) _mm512_set_epi64(second, first, second, first, second, first, second, first)

/// `next` with `lanes` added to it, moved by the distance of `powers`.
AVX512 static inline __m512i folded(__m512i lanes, __m512i powers, __m512i next) {
  __m512i first = _mm512_clmulepi64_epi128(lanes, powers, 0x00);
  __m512i second = _mm512_clmulepi64_epi128(lanes, powers, 0x11);
  return _mm512_ternarylogic_epi64(first, second, next, 0x96);  // the sum of three: a ^ b ^ c
}

/// Folds 256 bytes at a time onto the 256 bytes after them, which leaves the remainder the same, until a last
/// 64 are short enough for the checksum instruction.
///
/// Four registers, because a carry-less product takes about as long as starting the products of all four.
AVX512 uint32_t crc32c_state_avx512(uint32_t state, const uint8_t *bytes, size_t count) {
  if (count < 256) return crc32c_state_sse42(state, bytes, count);

  const __m512i past_64_bytes = POWERS(0x740eef02 /* x⁵⁴³ */, 0x9e4addf8 /* x⁴⁷⁹ */);
  const __m512i past_256_bytes = POWERS(0xdcb17aa4 /* x²⁰⁷⁹ */, 0xb9e02b86 /* x²⁰¹⁵ */);

  __m512i a = _mm512_loadu_si512(bytes), b = _mm512_loadu_si512(bytes + 64);
  __m512i c = _mm512_loadu_si512(bytes + 128), d = _mm512_loadu_si512(bytes + 192);
  // The state so far is a summand of the next four bytes.
  a = _mm512_xor_si512(a, _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)state)));
  for (bytes += 256, count -= 256; count >= 256; bytes += 256, count -= 256) {
    a = folded(a, past_256_bytes, _mm512_loadu_si512(bytes));
    b = folded(b, past_256_bytes, _mm512_loadu_si512(bytes + 64));
    c = folded(c, past_256_bytes, _mm512_loadu_si512(bytes + 128));
    d = folded(d, past_256_bytes, _mm512_loadu_si512(bytes + 192));
  }
  d = folded(folded(folded(a, past_64_bytes, b), past_64_bytes, c), past_64_bytes, d);
  for (; count >= 64; bytes += 64, count -= 64) d = folded(d, past_64_bytes, _mm512_loadu_si512(bytes));

  uint8_t last[64];
  _mm512_storeu_si512(last, d);
  return crc32c_state_sse42(crc32c_state_sse42(0, last, sizeof last), bytes, count);
}

#endif
