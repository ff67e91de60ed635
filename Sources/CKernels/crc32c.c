#include "CKernels.h"

uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count) {
  const uint8_t *cursor = bytes;
  checksum = ~checksum;
  while (count--) {
    checksum ^= *cursor++;
    for (int bit = 0; bit < 8; bit++) checksum = (checksum >> 1) ^ (0x82f63b78 & (0u - (checksum & 1)));
  }
  return ~checksum;
}
