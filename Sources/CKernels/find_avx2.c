#include "find.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

/// A bit for each of 32 positions from `start` on at which both bytes are those of the needle.
AVX2 static inline uint32_t candidates(const uint8_t *start, Needle needle, __m256i first, __m256i second) {
  __m256i firsts = _mm256_loadu_si256((const __m256i *)(start + needle.first));
  __m256i seconds = _mm256_loadu_si256((const __m256i *)(start + needle.second));
  return (uint32_t)_mm256_movemask_epi8(
    _mm256_and_si256(_mm256_cmpeq_epi8(firsts, first), _mm256_cmpeq_epi8(seconds, second)));
}

/// The lowest of some positions at which the whole needle is, or -1.
static inline int matching(const uint8_t *start, uint32_t bits, Needle needle) {
  while (bits) {
    int position = __builtin_ctz(bits);
    if (memcmp(start + position, needle.bytes, needle.count) == 0) return position;
    bits &= bits - 1;
  }
  return -1;
}

AVX2 size_t find_avx2(const uint8_t *bytes, size_t count, Needle needle) {
  // The positions at which the needle fits. A load at the last 32 of them ends where the bytes end, or before.
  size_t position_count = count - needle.count + 1;
  if (position_count < 32) return find_portable(bytes, count, needle);
  __m256i first = _mm256_set1_epi8((char)needle.bytes[needle.first]);
  __m256i second = _mm256_set1_epi8((char)needle.bytes[needle.second]);
  size_t position = 0;
  for (; position + 64 <= position_count; position += 64) {
    uint32_t low = candidates(bytes + position, needle, first, second);
    uint32_t high = candidates(bytes + position + 32, needle, first, second);
    if (!(low | high)) continue;
    int found = matching(bytes + position, low, needle);
    if (found >= 0) return position + (size_t)found;
    found = matching(bytes + position + 32, high, needle);
    if (found >= 0) return position + 32 + (size_t)found;
  }
  for (; position < position_count; position += 32) {
    // The last block begins earlier than it has to, where nothing was found.
    if (position > position_count - 32) position = position_count - 32;
    int found = matching(bytes + position, candidates(bytes + position, needle, first, second), needle);
    if (found >= 0) return position + (size_t)found;
  }
  return count;
}

#endif
