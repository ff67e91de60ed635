#include "utf8.h"

#include "CKernels.h"

#if defined(__x86_64__)

static bool is_utf8_portable(const uint8_t *bytes, size_t count) {
  return ckernels_is_utf8_portable(bytes, count);
}

typedef bool (*Path)(const uint8_t *, size_t);

// Set once, before `main` and before any thread, so that reading them needs no lock.
static Path paths[3] = {is_utf8_portable};
static size_t path_count = 1;
static Path fastest_path = is_utf8_portable;

__attribute__((constructor)) static void find_paths(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) return;
  fastest_path = paths[path_count++] = is_utf8_avx2;
  // The first processors with AVX-512 slow down when they use it. Those that also have GFNI do not.
  if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("gfni")) return;
  fastest_path = paths[path_count++] = is_utf8_avx512;
}

bool ckernels_is_utf8(const void *bytes, size_t count) { return fastest_path(bytes, count); }

size_t ckernels_is_utf8_path_count(void) { return path_count; }

bool ckernels_is_utf8_by_path(size_t path, const void *bytes, size_t count) {
  return paths[path < path_count ? path : 0](bytes, count);
}

#else

bool ckernels_is_utf8(const void *bytes, size_t count) { return ckernels_is_utf8_portable(bytes, count); }

size_t ckernels_is_utf8_path_count(void) { return 1; }

bool ckernels_is_utf8_by_path(size_t path, const void *bytes, size_t count) {
  (void)path;
  return ckernels_is_utf8_portable(bytes, count);
}

#endif
