#pragma once

#include <stdint.h>
#include <string.h>

// Loads from any address. The copies become single instructions.

static inline uint32_t load_u32(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static inline uint64_t load_u64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint32_t load_little_u32(const uint8_t *bytes) { return __builtin_bswap32(load_u32(bytes)); }
static inline uint64_t load_little_u64(const uint8_t *bytes) { return __builtin_bswap64(load_u64(bytes)); }
#else
static inline uint32_t load_little_u32(const uint8_t *bytes) { return load_u32(bytes); }
static inline uint64_t load_little_u64(const uint8_t *bytes) { return load_u64(bytes); }
#endif
