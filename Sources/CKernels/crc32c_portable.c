#include "crc32c.h"
#include "loads.h"

// `remainders[k][b]` is the state that the byte `b` leaves when `k` zero bytes follow it. Eight bytes are
// then eight look-ups that do not wait for each other ("slicing by 8"), where a byte at a time is a chain.
//
// Filled before `main`: 8 KiB of numbers would tell a reader less than the loop that makes them.
static uint32_t remainders[8][256];

// The lowest priority number that programs may use, so that other constructors may already take checksums.
__attribute__((constructor(101))) static void fill_remainders(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ (0x82f63b78 & (0u - (state & 1)));
    remainders[0][byte] = state;
  }
  for (int zeros = 1; zeros < 8; zeros++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t state = remainders[zeros - 1][byte];
      remainders[zeros][byte] = (state >> 8) ^ remainders[0][state & 0xff];
    }
  }
}

uint32_t crc32c_state_portable(uint32_t state, const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word = load_little_u64(bytes) ^ state;
    state = 0;
    // From the end, because only the first four bytes wait for the state before.
    for (int index = 7; index >= 0; index--) state ^= remainders[7 - index][(word >> (8 * index)) & 0xff];
  }
  for (; count > 0; bytes++, count--) state = (state >> 8) ^ remainders[0][(state ^ *bytes) & 0xff];
  return state;
}
