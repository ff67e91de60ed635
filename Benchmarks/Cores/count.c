// Counts how often threads change the reference count of an object that other threads change too. It is loaded into a
// program in Swift with LD_PRELOAD, and writes its result to the file that SHARED_COUNTS names:
//
//     accesses of all such objects
//     accesses of the one with most
//
// A change of such a count moves a line of memory from one core to another, which takes 50 to 150 ns. Objects that never
// die, such as the empty array, are not changed and not counted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Threads beyond these share a bit.
#define THREADS 64

// A power of two. Objects for which there is no room are not counted.
#define OBJECTS (1u << 18)
#define STEPS 32

typedef struct {
  _Atomic(uintptr_t) address;
  _Atomic(uint64_t) threads;
  _Atomic(uint64_t) count;
} Object;

static Object *objects;
static _Atomic(uint64_t) shared_by_the_dead, most_of_the_dead;
static _Atomic(unsigned) thread_count;
static _Thread_local unsigned own = THREADS;
static atomic_bool is_counting;

static Object *object_at(uintptr_t address, bool adds) {
  uint32_t first = (uint32_t)((address >> 4) * 2654435761u) >> 14;
  for (uint32_t step = 0; step < STEPS; step++) {
    Object *object = &objects[(first + step) & (OBJECTS - 1)];
    uintptr_t found = atomic_load_explicit(&object->address, memory_order_relaxed);
    if (found == 0 && adds && atomic_compare_exchange_strong(&object->address, &found, address)) return object;
    if (found == address) return object;
    if (found == 0 && !adds) return NULL;
  }
  return NULL;
}

static void count(const void *pointer, uint64_t added) {
  uintptr_t address = (uintptr_t)pointer;
  if (!atomic_load_explicit(&is_counting, memory_order_relaxed) || (intptr_t)address <= 0 || address & 7) return;
  if (own == THREADS) own = atomic_fetch_add(&thread_count, 1) % THREADS;
  Object *object = object_at(address, true);
  if (!object) return;
  atomic_fetch_or_explicit(&object->threads, 1ull << own, memory_order_relaxed);
  atomic_fetch_add_explicit(&object->count, added, memory_order_relaxed);
}

static bool is_shared(Object *object) {
  uint64_t threads = atomic_load(&object->threads);
  return threads & (threads - 1);
}

/// Forgets what was at an address before. Its place stays, so that others are found after it.
static void begin(const void *pointer) {
  if (!atomic_load_explicit(&is_counting, memory_order_relaxed)) return;
  Object *object = object_at((uintptr_t)pointer, false);
  if (!object) return;
  if (is_shared(object)) {
    uint64_t count = atomic_load(&object->count);
    atomic_fetch_add(&shared_by_the_dead, count);
    uint64_t most = atomic_load(&most_of_the_dead);
    while (count > most && !atomic_compare_exchange_weak(&most_of_the_dead, &most, count)) {}
  }
  atomic_store(&object->threads, 0);
  atomic_store(&object->count, 0);
}

#define REAL(name)                 \
  static __typeof__(name) *real;   \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

void *swift_allocObject(void *type, size_t byte_count, size_t alignment) {
  REAL(swift_allocObject);
  void *object = real(type, byte_count, alignment);
  begin(object);
  return object;
}

void *swift_retain(void *object) {
  REAL(swift_retain);
  count(object, 1);
  return real(object);
}

void swift_release(void *object) {
  REAL(swift_release);
  count(object, 1);
  real(object);
}

void *swift_retain_n(void *object, uint32_t added) {
  REAL(swift_retain_n);
  count(object, 1);
  return real(object, added);
}

void swift_release_n(void *object, uint32_t removed) {
  REAL(swift_release_n);
  count(object, 1);
  real(object, removed);
}

static void finish(void) {
  atomic_store(&is_counting, false);
  uint64_t shared = shared_by_the_dead, most = most_of_the_dead;
  const void *empty = dlsym(RTLD_DEFAULT, "_swiftEmptyArrayStorage");
  for (uint32_t index = 0; index < OBJECTS; index++) {
    Object *object = &objects[index];
    if (!object->address || object->address == (uintptr_t)empty || !is_shared(object)) continue;
    shared += object->count;
    if (object->count > most) most = object->count;
  }
  const char *path = getenv("SHARED_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%llu %llu\n", (unsigned long long)shared, (unsigned long long)most);
  fclose(file);
}

__attribute__((constructor)) static void start(void) {
  objects = calloc(OBJECTS, sizeof *objects);
  if (!objects) return;
  atomic_store(&is_counting, true);
  atexit(finish);
}
