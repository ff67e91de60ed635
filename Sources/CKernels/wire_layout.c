#include "wire_layout.h"

typedef struct {
  CKernelsProgress (*lay_out)(CKernelsElements, uint8_t *, size_t);
  CKernelsProgress (*take_apart)(const uint8_t *, size_t, size_t, uint8_t *, int64_t *, int64_t);
} Path;

/// Both loops as a compiler may make them for `TARGET`.
#define LOOPS(NAME, TARGET)                                                                               \
  TARGET static CKernelsProgress lay_out_##NAME(CKernelsElements elements, uint8_t *output, size_t room) { \
    return lay_out_either(elements, output, room);                                                        \
  }                                                                                                       \
  TARGET static CKernelsProgress take_apart_##NAME(                                                       \
    const uint8_t *elements, size_t count, size_t room, uint8_t *output, int64_t *ends, int64_t base) {   \
    return take_apart(elements, count, room, output, ends, base);                                         \
  }

LOOPS(portable, )

static const Path portable_path = {lay_out_portable, take_apart_portable};

#if defined(__x86_64__)

LOOPS(avx2, __attribute__((target("avx2"))))

static const Path avx2_path = {lay_out_avx2, take_apart_avx2};

// Set once, before `main` and before any thread, so that reading it needs no lock.
static const Path *fastest_path = &portable_path;

__attribute__((constructor)) static void find_path(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) fastest_path = &avx2_path;
}

#else

static const Path *const fastest_path = &portable_path;

#endif

CKernelsProgress ckernels_lay_out(CKernelsElements elements, void *output, size_t room) {
  return fastest_path->lay_out(elements, output, room);
}

CKernelsProgress ckernels_lay_out_portable(CKernelsElements elements, void *output, size_t room) {
  return portable_path.lay_out(elements, output, room);
}

CKernelsProgress ckernels_take_apart(
  const void *elements, size_t count, size_t room, void *output, int64_t *ends, int64_t base) {
  return fastest_path->take_apart(elements, count, room, output, ends, base);
}

CKernelsProgress ckernels_take_apart_portable(
  const void *elements, size_t count, size_t room, void *output, int64_t *ends, int64_t base) {
  return portable_path.take_apart(elements, count, room, output, ends, base);
}
