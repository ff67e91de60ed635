#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"
#include "loads.h"

// The two loops between elements back to back and wire form, for a function of each path to inline: the
// compiler makes of a `HalfBlock` the widest copy that the path has.
//
// `memcpy` chooses by size, and on elements of mixed sizes the processor guesses wrong each time. Blocks of a
// fixed width have one guess, when to stop.

#define INLINE static inline __attribute__((always_inline))

/// The bytes that are copied at a time. The last ones may lie past the end of the element on both sides.
enum { block_byte_count = 64 };

/// Elements of more bytes are for `memcpy`, which has better ways for them.
enum { largest_in_blocks = 2048 };

/// How far ahead of an element of one block its source is fetched. The processor's own prefetching is thrown
/// off by elements this small; for larger ones it is enough, and fetching only takes time.
enum { fetched_ahead = 2048 };

typedef uint8_t HalfBlock __attribute__((vector_size(block_byte_count / 2), aligned(1), may_alias));

INLINE void copy_block(uint8_t *to, const uint8_t *from) {
  HalfBlock first = *(const HalfBlock *)from;
  HalfBlock second = *(const HalfBlock *)(from + block_byte_count / 2);
  *(HalfBlock *)to = first;
  *(HalfBlock *)(to + block_byte_count / 2) = second;
}

INLINE void copy_blocks(uint8_t *to, const uint8_t *from, size_t count) {
  if (count > largest_in_blocks) {
    memcpy(to, from, count);
    return;
  }
  copy_block(to, from);
  if (count <= block_byte_count) ckernels_prefetch(from + fetched_ahead);
  for (size_t offset = block_byte_count; offset < count; offset += block_byte_count) {
    copy_block(to + offset, from + offset);
  }
}

INLINE int64_t offset_at(const void *offsets, bool wide, size_t index) {
  return wide ? ((const int64_t *)offsets)[index] : (int64_t)((const uint32_t *)offsets)[index];
}

INLINE void store_length(uint8_t *to, uint32_t length) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  length = __builtin_bswap32(length);
#endif
  memcpy(to, &length, sizeof length);
}

INLINE CKernelsProgress lay_out(CKernelsElements elements, bool wide, uint8_t *output, size_t room) {
  CKernelsProgress done = {0, 0};
  if (elements.byte_count < block_byte_count) return done;
  // The last block of an element that ends here is part of the bytes.
  int64_t last_end = (int64_t)(elements.byte_count - block_byte_count);
  int64_t lower = offset_at(elements.offsets, wide, 0);
  while (done.element_count < elements.count) {
    int64_t upper = offset_at(elements.offsets, wide, done.element_count + 1);
    uint64_t length = (uint64_t)upper - (uint64_t)lower;
    // As an unsigned number a negative length is above every limit.
    if (lower < 0 || length > elements.largest || upper > last_end || length + 4 > room) break;
    store_length(output, (uint32_t)length);
    copy_blocks(output + 4, elements.bytes + lower, length);
    output += length + 4;
    room -= length + 4;
    done.byte_count += length + 4;
    done.element_count += 1;
    lower = upper;
  }
  return done;
}

INLINE CKernelsProgress take_apart(
  const uint8_t *elements, size_t count, size_t room, uint8_t *output, int64_t *ends, int64_t base) {
  CKernelsProgress done = {0, 0};
  while (done.element_count < count) {
    size_t length = load_little_u32(elements);
    if (length > room - done.byte_count) break;
    copy_blocks(output + done.byte_count, elements + 4, length);
    elements += 4 + length;
    done.byte_count += length;
    ends[done.element_count++] = base + (int64_t)done.byte_count;
  }
  return done;
}

INLINE CKernelsProgress lay_out_either(CKernelsElements elements, uint8_t *output, size_t room) {
  return elements.has_64_bit_offsets
    ? lay_out(elements, true, output, room) : lay_out(elements, false, output, room);
}
