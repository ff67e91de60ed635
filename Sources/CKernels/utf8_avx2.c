#include "utf8.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "loads.h"
#include "utf8_faults.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load_block(const uint8_t *bytes) {
  return _mm256_loadu_si256((const __m256i *)bytes);
}

AVX2 static inline bool is_ascii(__m256i block) { return _mm256_movemask_epi8(block) == 0; }

AVX2 static inline bool is_zero(__m256i block) { return _mm256_testz_si256(block, block); }

AVX2 static inline __m256i repeated(int byte) { return _mm256_set1_epi8((char)byte); }

/// What each low half of `halves` has in `table`, which is in both lanes because look-ups do not cross them.
AVX2 static inline __m256i looked_up(const uint8_t table[16], __m256i halves) {
  __m128i lane = _mm_loadu_si128((const __m128i *)table);
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lane), halves);
}

AVX2 static inline __m256i high_halves(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), repeated(0x0f));
}

/// Nonzero where a byte of `block` makes a fault with those one, two and three before it.
AVX2 static inline __m256i faults(
  __m256i block, __m256i one_before, __m256i two_before, __m256i three_before) {
  __m256i first_high = looked_up(faults_of_first_high, high_halves(one_before));
  __m256i first_low = looked_up(faults_of_first_low, _mm256_and_si256(one_before, repeated(0x0f)));
  __m256i second_high = looked_up(faults_of_second_high, high_halves(block));
  __m256i pairs = _mm256_and_si256(_mm256_and_si256(first_high, first_low), second_high);

  // The highest bit is left where the byte two before is at least E0, or the one three before at least F0.
  __m256i third = _mm256_subs_epu8(two_before, repeated(0xe0 - 0x80));
  __m256i fourth = _mm256_subs_epu8(three_before, repeated(0xf0 - 0x80));
  __m256i expected = _mm256_and_si256(_mm256_or_si256(third, fourth), repeated(two_continuations));
  return _mm256_xor_si256(pairs, expected);
}

/// The faults of the 32 bytes at `bytes`, which has at least three before it: loads are cheaper than shifts
/// here.
AVX2 static inline __m256i faults_at(const uint8_t *bytes) {
  return faults(load_block(bytes), load_block(bytes - 1), load_block(bytes - 2), load_block(bytes - 3));
}

/// The faults of `block` after the four bytes `before`, the nearest of them highest.
AVX2 static inline __m256i faults_after(uint32_t before, __m256i block) {
  // Shifts stay in their lane, so each needs the lane before it beside it.
  __m256i before_block = _mm256_setr_epi32(0, 0, 0, (int)before, 0, 0, 0, 0);
  __m256i lane_before = _mm256_inserti128_si256(before_block, _mm256_castsi256_si128(block), 1);
  return faults(
    block, _mm256_alignr_epi8(block, lane_before, 15), _mm256_alignr_epi8(block, lane_before, 14),
    _mm256_alignr_epi8(block, lane_before, 13));
}

/// Nonzero where the last three bytes of `block` begin a character that goes on after it.
AVX2 static inline __m256i cut_character(__m256i block) {
  uint32_t highest = (uint32_t)(0xc0 - 1) << 24 | (0xe0 - 1) << 16 | (0xf0 - 1) << 8 | 0xff;
  return _mm256_subs_epu8(block, _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, -1, (int)highest));
}

/// `count` bytes, below 8, and zeros after them. The loads overlap, and agree where they do.
static inline uint64_t load_below_8(const uint8_t *bytes, size_t count) {
  if (count >= 4) return load_u32(bytes) | (uint64_t)load_u32(bytes + count - 4) << (8 * (count - 4));
  if (count == 0) return 0;
  size_t middle = count / 2, last = count - 1;
  return bytes[0] | (uint64_t)bytes[middle] << (8 * middle) | (uint64_t)bytes[last] << (8 * last);
}

/// `count` bytes, below 32, and zeros after them.
AVX2 static inline __m256i load_below_32(const uint8_t *bytes, size_t count) {
  if (count < 8) return _mm256_setr_epi64x((int64_t)load_below_8(bytes, count), 0, 0, 0);
  if (count < 16) {
    // Two shifts, because one by 64 is undefined.
    uint64_t second = load_u64(bytes + count - 8) >> 1 >> (127 - 8 * count);
    return _mm256_setr_epi64x((int64_t)load_u64(bytes), (int64_t)second, 0, 0);
  }
  // The sixteen places from 32 - `count` on drop what the first sixteen bytes have already, and add zeros.
  static const int8_t places[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  __m128i last = _mm_loadu_si128((const __m128i *)(bytes + count - 16));
  __m128i second = _mm_shuffle_epi8(last, _mm_loadu_si128((const __m128i *)(places + 32 - count)));
  return _mm256_set_m128i(second, _mm_loadu_si128((const __m128i *)bytes));
}

/// The four bytes before the last 32 of `count`, which is at least 32; zeros where there are none.
static inline uint32_t load_before_last_32(const uint8_t *bytes, size_t count) {
  if (count >= 36) return load_u32(bytes + count - 36);
  return (uint32_t)((uint64_t)load_u32(bytes) << (8 * (36 - count)));
}

AVX2 bool is_utf8_avx2(const uint8_t *bytes, size_t count) {
  if (count < 32) {
    // The zeros after the bytes are ASCII, so that a cut character lacks its continuation.
    __m256i block = load_below_32(bytes, count);
    return is_ascii(block) || is_zero(faults_after(0, block));
  }

  __m256i found = faults_after(0, load_block(bytes));
  size_t offset = 32;
  for (; offset + 128 <= count; offset += 128) {
    const uint8_t *here = bytes + offset;
    __m256i either = _mm256_or_si256(load_block(here), load_block(here + 32));
    __m256i other = _mm256_or_si256(load_block(here + 64), load_block(here + 96));
    if (is_ascii(_mm256_or_si256(either, other))) {
      found = _mm256_or_si256(found, cut_character(load_block(here - 32)));
    } else {
      either = _mm256_or_si256(faults_at(here), faults_at(here + 32));
      other = _mm256_or_si256(faults_at(here + 64), faults_at(here + 96));
      found = _mm256_or_si256(found, _mm256_or_si256(either, other));
    }
  }
  for (; offset + 32 < count; offset += 32) found = _mm256_or_si256(found, faults_at(bytes + offset));

  // The last block is whole too: it may begin in bytes that were looked at before.
  __m256i last = load_block(bytes + count - 32);
  found = _mm256_or_si256(found, faults_after(load_before_last_32(bytes, count), last));
  return is_zero(_mm256_or_si256(found, cut_character(last)));
}

#endif
