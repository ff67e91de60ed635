#include "CKernels.h"
#include "loads.h"

/// The byte count of the character at `bytes`, whose first is not ASCII; 0 where it is ill-formed or cut.
///
/// The rows of table 3-7 of the Unicode standard. The second byte is what rules out overlong forms (after E0
/// and F0), surrogates (after ED) and code points above U+10FFFF (after F4):
///
///     C2..DF  80..BF
///     E0      A0..BF  80..BF
///     E1..EC  80..BF  80..BF
///     ED      80..9F  80..BF
///     EE..EF  80..BF  80..BF
///     F0      90..BF  80..BF  80..BF
///     F1..F3  80..BF  80..BF  80..BF
///     F4      80..8F  80..BF  80..BF
static size_t character_byte_count(const uint8_t *bytes, size_t count) {
  uint8_t first = bytes[0];
  if (first < 0xc2 || first > 0xf4) return 0;
  size_t needed = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (count < needed) return 0;

  uint8_t lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (bytes[1] < lowest || bytes[1] > highest) return 0;
  for (size_t index = 2; index < needed; index++) {
    if ((bytes[index] & 0xc0) != 0x80) return 0;
  }
  return needed;
}

bool ckernels_is_utf8_portable(const void *start, size_t count) {
  const uint8_t *bytes = start;
  while (count > 0) {
    if (count >= 8 && (load_u64(bytes) & 0x8080808080808080) == 0) {
      bytes += 8;
      count -= 8;
      continue;
    }
    size_t step = *bytes < 0x80 ? 1 : character_byte_count(bytes, count);
    if (step == 0) return false;
    bytes += step;
    count -= step;
  }
  return true;
}
