#include "utf8.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "utf8_faults.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,gfni")))

AVX512 static inline __m512i repeated(int byte) { return _mm512_set1_epi8((char)byte); }

/// What each low half of `halves` has in `table`, which is in all lanes because look-ups do not cross them.
AVX512 static inline __m512i looked_up(const uint8_t table[16], __m512i halves) {
  __m128i lane = _mm_loadu_si128((const __m128i *)table);
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(lane), halves);
}

/// Each byte shifted right by four, for which there is no instruction but a product with a matrix of bits.
AVX512 static inline __m512i high_halves(__m512i bytes) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, _mm512_set1_epi64(0x1020408000000000), 0);
}

/// `found`, and nonzero where a byte of `block` makes a fault with those one, two and three before it.
AVX512 static inline __m512i with_faults(
  __m512i found, __m512i block, __m512i one_before, __m512i two_before, __m512i three_before) {
  __m512i first_high = looked_up(faults_of_first_high, high_halves(one_before));
  __m512i first_low = looked_up(faults_of_first_low, _mm512_and_si512(one_before, repeated(0x0f)));
  __m512i second_high = looked_up(faults_of_second_high, high_halves(block));
  __m512i pairs = _mm512_ternarylogic_epi64(first_high, first_low, second_high, 0x80);  // a & b & c

  // The highest bit is left where the byte two before is at least E0, or the one three before at least F0.
  __m512i third = _mm512_subs_epu8(two_before, repeated(0xe0 - 0x80));
  __m512i fourth = _mm512_subs_epu8(three_before, repeated(0xf0 - 0x80));
  __m512i highest = repeated(two_continuations);
  __m512i expected = _mm512_ternarylogic_epi64(third, fourth, highest, 0xa8);  // (a | b) & c
  return _mm512_ternarylogic_epi64(found, pairs, expected, 0xf6);              // a | (b ^ c)
}

/// `found`, and the faults of the 64 bytes at `bytes`, which has at least three before it.
AVX512 static inline __m512i with_faults_at(__m512i found, const uint8_t *bytes) {
  return with_faults(
    found, _mm512_loadu_si512(bytes), _mm512_loadu_si512(bytes - 1), _mm512_loadu_si512(bytes - 2),
    _mm512_loadu_si512(bytes - 3));
}

/// `found`, and the faults of those bytes at `bytes` that `places` has, all from the first on; zeros follow
/// them.
///
/// A masked load does not touch what its mask leaves out, so nothing is read before or after a buffer.
AVX512 static inline __m512i with_faults_among(
  __m512i found, const uint8_t *bytes, uint64_t places, bool has_before) {
  uint64_t before = has_before ? ~(uint64_t)0 : 0;
  return with_faults(
    found, _mm512_maskz_loadu_epi8(places, bytes),
    _mm512_maskz_loadu_epi8(places << 1 | (before & 1), bytes - 1),
    _mm512_maskz_loadu_epi8(places << 2 | (before & 3), bytes - 2),
    _mm512_maskz_loadu_epi8(places << 3 | (before & 7), bytes - 3));
}

AVX512 static inline bool is_ascii_256(const uint8_t *bytes) {
  __m512i either = _mm512_or_si512(_mm512_loadu_si512(bytes), _mm512_loadu_si512(bytes + 64));
  __m512i other = _mm512_or_si512(_mm512_loadu_si512(bytes + 128), _mm512_loadu_si512(bytes + 192));
  return _mm512_movepi8_mask(_mm512_or_si512(either, other)) == 0;
}

AVX512 bool is_utf8_avx512(const uint8_t *bytes, size_t count) {
  __m512i found = _mm512_setzero_si512();
  bool is_cut = false;
  size_t offset = 0;
  if (count >= 64) {
    found = with_faults_among(found, bytes, ~(uint64_t)0, false);
    offset = 64;
  }
  for (; count - offset >= 256; offset += 256) {
    const uint8_t *here = bytes + offset;
    if (is_ascii_256(here)) {
      // Bytes that are ASCII are well-formed unless a character before them goes on.
      is_cut |= here[-1] >= 0xc0 || here[-2] >= 0xe0 || here[-3] >= 0xf0;
    } else {
      for (size_t block = 0; block < 256; block += 64) found = with_faults_at(found, here + block);
    }
  }
  for (; count - offset >= 64; offset += 64) found = with_faults_at(found, bytes + offset);

  // Fewer than 64 bytes, perhaps none, and then a zero, which is no continuation of a cut character.
  found = with_faults_among(found, bytes + offset, ((uint64_t)1 << (count - offset)) - 1, offset > 0);
  return !is_cut && _mm512_test_epi64_mask(found, found) == 0;
}

#endif
