#define _GNU_SOURCE
#include "CSystemFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the executable defines under the names of the C library is what all libraries call: also a sanitizer in a
// thread of which it knows nothing yet, so that none of this tells it anything.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)
#endif

static atomic_int selected;
static atomic_int failure;
static atomic_long next;
static long first_failing, last_failing;
static atomic_int interrupts;

/// Whether nothing is synchronized to the disk any more.
static atomic_int skips_synchronizing;

void systemfaults_begin(int calls, int code, long first, long last) {
  first_failing = first;
  last_failing = last;
  next = 0;
  failure = code;
  skips_synchronizing = 1;
  selected = calls;
}

void systemfaults_begin_interruptions(void) {
  next = 0;
  interrupts = 1;
  skips_synchronizing = 1;
  selected = systemfaults_open | systemfaults_write | systemfaults_synchronize;
}

long systemfaults_end(void) {
  selected = 0;
  interrupts = 0;
  return next;
}

/// Whether a call fails, which it then says in `errno`.
static int fails(int call) {
  if ((selected & call) == 0) return 0;
  long number = next++;
  if (interrupts) {
    if (number % 2 != 0) return 0;
    errno = EINTR;
    return 1;
  }
  if (failure == 0 || number < first_failing || number > last_failing) return 0;
  errno = failure;
  return 1;
}

/// Whether a file is a regular one that is written.
static int is_written(int descriptor) {
  struct stat status;
  int code = errno;
  int result = selected != 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
               (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
  errno = code;
  return result;
}

/// Calls the function that others would find by a name, which may be that of a sanitizer.
#define CALL_NEXT(result, name, parameters, arguments)                      \
  extern __typeof__(name) __interceptor_##name __attribute__((weak));       \
  static __typeof__(name) *_Atomic next_##name;                             \
  static result call_##name parameters {                                    \
    if (__interceptor_##name) return __interceptor_##name arguments;        \
    __typeof__(name) *function = next_##name;                               \
    if (!function) next_##name = function = dlsym(RTLD_NEXT, #name);        \
    return function arguments;                                              \
  }

CALL_NEXT(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
CALL_NEXT(int, close, (int file), (file))
CALL_NEXT(int, fsync, (int file), (file))
CALL_NEXT(int, syncfs, (int file), (file))
CALL_NEXT(int, mkdirat, (int directory, const char *path, mode_t mode), (directory, path, mode))
CALL_NEXT(
    int, renameat, (int directory, const char *path, int other, const char *target),
    (directory, path, other, target))
CALL_NEXT(
    int, renameat2, (int directory, const char *path, int other, const char *target, unsigned flags),
    (directory, path, other, target, flags))
CALL_NEXT(
    long, syscall, (long number, long a, long b, long c, long d, long e, long f),
    (number, a, b, c, d, e, f))

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_written(file)) {
    if (fails(systemfaults_write)) return -1;
    if (interrupts && count > 1) count /= 2;
  }
  return call_write(file, bytes, count);
}

int close(int file) {
  int is_failing = is_written(file) && fails(systemfaults_write);
  int code = errno;
  int result = call_close(file);
  if (!is_failing) return result;
  // It is closed whatever the system says.
  errno = code;
  return -1;
}

int fsync(int file) {
  if (fails(systemfaults_synchronize)) return -1;
  return skips_synchronizing ? 0 : call_fsync(file);
}

int syncfs(int file) {
  if (fails(systemfaults_synchronize)) return -1;
  return skips_synchronizing ? 0 : call_syncfs(file);
}

int mkdirat(int directory, const char *path, mode_t mode) {
  return fails(systemfaults_name) ? -1 : call_mkdirat(directory, path, mode);
}

int renameat(int directory, const char *path, int other, const char *target) {
  return fails(systemfaults_name) ? -1 : call_renameat(directory, path, other, target);
}

int renameat2(int directory, const char *path, int other, const char *target, unsigned flags) {
  return fails(systemfaults_exchange) ? -1 : call_renameat2(directory, path, other, target, flags);
}

long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long);
  long d = va_arg(arguments, long), e = va_arg(arguments, long), f = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_openat2 && fails(systemfaults_open)) return -1;
  return call_syscall(number, a, b, c, d, e, f);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
