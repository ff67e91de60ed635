#include "crc32c.h"

#include "CKernels.h"
#include "loads.h"

#if defined(__x86_64__)

typedef uint32_t (*Path)(uint32_t, const uint8_t *, size_t);

// Set once, before `main` and before any thread, so that reading them needs no lock.
static Path paths[3] = {crc32c_state_portable};
static size_t path_count = 1;
static Path fastest_path = crc32c_state_portable;

__attribute__((constructor)) static void find_paths(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) return;
  fastest_path = paths[path_count++] = crc32c_state_sse42;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("vpclmulqdq")) return;
  fastest_path = paths[path_count++] = crc32c_state_avx512;
}

uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count) {
  return ~fastest_path(~checksum, bytes, count);
}

size_t ckernels_crc32c_path_count(void) { return path_count; }

uint32_t ckernels_crc32c_by_path(size_t path, uint32_t checksum, const void *bytes, size_t count) {
  return ~paths[path < path_count ? path : 0](~checksum, bytes, count);
}

#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count) {
  const uint8_t *cursor = bytes;
  uint32_t state = ~checksum;
  for (; count >= 8; cursor += 8, count -= 8) state = __crc32cd(state, load_little_u64(cursor));
  for (; count > 0; cursor++, count--) state = __crc32cb(state, *cursor);
  return ~state;
}

#else

uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count) {
  return ckernels_crc32c_portable(checksum, bytes, count);
}

#endif

#if !defined(__x86_64__)

// The path that the compiler chose, and the portable one.
size_t ckernels_crc32c_path_count(void) { return 2; }

uint32_t ckernels_crc32c_by_path(size_t path, uint32_t checksum, const void *bytes, size_t count) {
  if (path == 1) return ckernels_crc32c(checksum, bytes, count);
  return ckernels_crc32c_portable(checksum, bytes, count);
}

#endif

uint32_t ckernels_crc32c_portable(uint32_t checksum, const void *bytes, size_t count) {
  return ~crc32c_state_portable(~checksum, bytes, count);
}
