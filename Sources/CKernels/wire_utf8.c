#include <string.h>

#include "CKernels.h"
#include "loads.h"

enum {
  prefix_byte_count = 4,

  // Small enough that a window and what it is copied from stay in the nearest cache.
  window_byte_count = 16 * 1024,

  // An element this large makes up for a call of its own. Smaller ones fill most of a window.
  large_byte_count = 4 * 1024,
};

/// Whether the next element, of `length` bytes, is in the `byte_count` bytes at `bytes`.
static bool next_element(const uint8_t *bytes, size_t byte_count, size_t *length) {
  if (byte_count < prefix_byte_count) return false;
  *length = load_little_u32(bytes);
  return *length <= byte_count - prefix_byte_count;
}

/// The first ill-formed element, told one by one.
static size_t first_failure(const uint8_t *bytes, size_t byte_count, size_t element_count) {
  for (size_t index = 0; index < element_count; index++) {
    size_t length;
    if (!next_element(bytes, byte_count, &length)) return index;
    if (!ckernels_is_utf8(bytes + prefix_byte_count, length)) return index;
    bytes += prefix_byte_count + length;
    byte_count -= prefix_byte_count + length;
  }
  return element_count;
}

size_t ckernels_wire_utf8_failure(const void *start, size_t byte_count, size_t element_count) {
  const uint8_t *bytes = start;
  uint8_t window[window_byte_count];
  size_t done = 0;
  while (done < element_count) {
    size_t length;
    if (!next_element(bytes, byte_count, &length)) return done;
    if (length >= large_byte_count) {
      if (!ckernels_is_utf8(bytes + prefix_byte_count, length)) return done;
      bytes += prefix_byte_count + length;
      byte_count -= prefix_byte_count + length;
      done += 1;
      continue;
    }

    // A copy with zeros in place of lengths is well-formed if and only if each element is, since no character
    // goes on over a zero. A validator called for each element spends more time on mispredicted branches than
    // on bytes.
    size_t copied = byte_count < window_byte_count ? byte_count : window_byte_count;
    memcpy(window, bytes, copied);
    size_t offset = 0, count = 0;
    while (count < element_count - done && next_element(window + offset, copied - offset, &length)) {
      memset(window + offset, 0, prefix_byte_count);
      offset += prefix_byte_count + length;
      count += 1;
    }
    if (!ckernels_is_utf8(window, offset)) return done + first_failure(bytes, offset, count);
    bytes += offset;
    byte_count -= offset;
    done += count;
  }
  return element_count;
}
