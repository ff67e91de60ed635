#include "CAllocationCounter.h"

#include <errno.h>
#include <stddef.h>

// What the executable defines under the names of the C library is what all libraries call. Sanitizers do the
// same, and are asked to tell instead.

static _Thread_local long count;

long callocationcounter_count(void) { return count; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#if HAS_SANITIZER

int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));

static void did_allocate(const volatile void *memory, size_t byte_count) { count++; }

static void did_free(const volatile void *memory) {}

__attribute__((constructor)) static void install(void) {
  __sanitizer_install_malloc_and_free_hooks(did_allocate, did_free);
}

#else

void *__libc_malloc(size_t byte_count);
void *__libc_calloc(size_t item_count, size_t byte_count);
void *__libc_realloc(void *memory, size_t byte_count);
void *__libc_memalign(size_t alignment, size_t byte_count);

void *malloc(size_t byte_count) {
  count++;
  return __libc_malloc(byte_count);
}

void *calloc(size_t item_count, size_t byte_count) {
  count++;
  return __libc_calloc(item_count, byte_count);
}

void *realloc(void *memory, size_t byte_count) {
  count++;
  return __libc_realloc(memory, byte_count);
}

void *memalign(size_t alignment, size_t byte_count) {
  count++;
  return __libc_memalign(alignment, byte_count);
}

void *aligned_alloc(size_t alignment, size_t byte_count) { return memalign(alignment, byte_count); }

int posix_memalign(void **memory, size_t alignment, size_t byte_count) {
  void *made = memalign(alignment, byte_count);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

#endif
