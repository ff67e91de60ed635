#include "find.h"

#include <string.h>

#include "CKernels.h"

size_t find_portable(const uint8_t *bytes, size_t count, Needle needle) {
  if (count < needle.count) return count;
  const uint8_t *start = bytes + needle.first;
  const uint8_t *end = bytes + (count - needle.count) + needle.first + 1;
  while (start < end) {
    const uint8_t *found = memchr(start, needle.bytes[needle.first], (size_t)(end - start));
    if (!found) return count;
    const uint8_t *candidate = found - needle.first;
    if (memcmp(candidate, needle.bytes, needle.count) == 0) return (size_t)(candidate - bytes);
    start = found + 1;
  }
  return count;
}

#if defined(__x86_64__)

typedef size_t (*Path)(const uint8_t *, size_t, Needle);

// Set once, before `main` and before any thread, so that reading them needs no lock.
static Path paths[2] = {find_portable};
static size_t path_count = 1;
static Path fastest_path = find_portable;

__attribute__((constructor)) static void find_paths(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) fastest_path = paths[path_count++] = find_avx2;
}

#else

static size_t (*const paths[1])(const uint8_t *, size_t, Needle) = {find_portable};
static const size_t path_count = 1;
#define fastest_path find_portable

#endif

size_t ckernels_find(
  const void *bytes, size_t count, const void *needle, size_t needle_count, size_t first, size_t second) {
  if (count < needle_count) return count;
  return fastest_path(bytes, count, (Needle){needle, needle_count, first, second});
}

size_t ckernels_find_path_count(void) { return path_count; }

size_t ckernels_find_by_path(
  size_t path, const void *bytes, size_t count, const void *needle, size_t needle_count, size_t first,
  size_t second) {
  if (count < needle_count) return count;
  return paths[path < path_count ? path : 0](bytes, count, (Needle){needle, needle_count, first, second});
}
