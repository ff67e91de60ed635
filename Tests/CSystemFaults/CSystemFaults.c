#define _GNU_SOURCE
#include "CSystemFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// All libraries call the functions that the executable defines under names of the C library. So does a sanitizer, in
// threads that it does not know yet: hence no instrumentation here. A preloaded library has the same effect for an
// executable without these functions.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)
#endif

/// The fate of counted calls.
enum action {
  /// They fail with a code.
  action_fail,
  /// Every second one is interrupted, and the others write half of their bytes.
  action_interrupt,
  /// They write half of their bytes.
  action_shorten,
  /// The process is killed in place of the call, after half of its bytes are written, or after all of it.
  action_kill_before,
  action_kill_within,
  action_kill_after,
  /// They wait for the removal of a file.
  action_hold,
};

static const char *const action_names[] = {
    "fail", "interrupt", "shorten", "kill-before", "kill-within", "kill-after", "hold",
};

static atomic_int selected;
static atomic_int failure;
static atomic_int action;
static atomic_long next;
static long first_chosen, last_chosen;

/// Whether synchronizing to the disk is skipped.
static atomic_int skips_synchronizing;

/// Whether this is a preloaded library.
static int is_preloaded;

/// The pattern of counted calls, or NULL for all.
static const char *pattern;

/// The log of counted calls, or -1.
static int log_file = -1;

/// The file that a call waits for, beside the log.
static char held_path[PATH_MAX];

static void begin(int calls, int new_action, int code, long first, long last) {
  first_chosen = first;
  last_chosen = last;
  next = 0;
  action = new_action;
  failure = code;
  skips_synchronizing = 1;
  selected = calls;
}

void systemfaults_begin(int calls, int code, long first, long last) {
  begin(calls, action_fail, code, first, last);
}

void systemfaults_begin_interruptions(void) {
  begin(
      systemfaults_open | systemfaults_write | systemfaults_synchronize, action_interrupt, EINTR, 0, LONG_MAX);
}

long systemfaults_end(void) {
  selected = 0;
  return next;
}

/// Calls the function that would otherwise have this name, which can be a sanitizer's.
#define CALL_NEXT(result, name, parameters, arguments)                                   \
  extern __typeof__(name) __interceptor_##name __attribute__((weak));                    \
  static __typeof__(name) *_Atomic next_##name;                                          \
  static result call_##name parameters {                                                 \
    if (!is_preloaded && __interceptor_##name) return __interceptor_##name arguments;    \
    __typeof__(name) *function = next_##name;                                            \
    if (!function) next_##name = function = dlsym(RTLD_NEXT, #name);                     \
    return function arguments;                                                           \
  }

CALL_NEXT(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
CALL_NEXT(
    int, openat, (int directory, const char *path, int flags, mode_t mode), (directory, path, flags, mode))
CALL_NEXT(int, close, (int file), (file))
CALL_NEXT(int, fsync, (int file), (file))
CALL_NEXT(int, fdatasync, (int file), (file))
CALL_NEXT(int, syncfs, (int file), (file))
CALL_NEXT(int, fcntl, (int file, int command, long argument), (file, command, argument))
CALL_NEXT(
    long, syscall, (long number, long a, long b, long c, long d, long e, long f),
    (number, a, b, c, d, e, f))

/// A call that was counted.
struct visit {
  /// Whether it fails with `errno`.
  int fails;
  /// Whether it writes half of its bytes.
  int is_half;
  /// Whether the process ends with the call.
  int is_last;
};

static void end_process(void) {
  call_syscall(SYS_kill, call_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
  for (;;) pause();
}

/// Creates the file that says that the process waits, and waits until the driver removes it.
static void hold(void) {
  long file = call_syscall(SYS_openat, AT_FDCWD, (long)held_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666, 0, 0);
  if (file >= 0) call_syscall(SYS_close, file, 0, 0, 0, 0, 0);
  while (access(held_path, F_OK) == 0) usleep(200);
}

/// Counts a call, and returns its fate.
///
/// The paths are the arguments of the call, or the path of its file.
static struct visit enter(int call, const char *name, int file, const char *path, const char *other) {
  struct visit visit = {0, 0, 0};
  if ((selected & call) == 0) return visit;
  // Libraries rely on the files in which the system describes itself.
  if (path && (strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0)) return visit;
  int code = errno;
  if (is_preloaded) {
    char line[3 * PATH_MAX], own_path[PATH_MAX] = "";
    if (path == NULL) {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", file);
      if (readlink(link, own_path, sizeof own_path - 1) > 0) path = own_path;
    }
    int count = snprintf(
        line, sizeof line, "%d %s %s%s%s\n", call, name, path ? path : "", other ? " " : "",
        other ? other : "");
    if (pattern) {
      line[count - 1] = 0;
      if (fnmatch(pattern, strchr(line, ' ') + 1, 0) != 0) {
        errno = code;
        return visit;
      }
      line[count - 1] = '\n';
    }
    if (log_file >= 0) call_syscall(SYS_write, log_file, (long)line, count, 0, 0, 0);
  }
  errno = code;
  long number = next++;
  if (number < first_chosen || number > last_chosen) return visit;
  switch ((enum action)action) {
    case action_fail:
      if (failure == 0) return visit;
      errno = failure;
      visit.fails = 1;
      break;
    case action_interrupt:
      errno = number % 2 == 0 ? failure : code;
      visit.fails = number % 2 == 0;
      visit.is_half = 1;
      break;
    case action_shorten: visit.is_half = 1; break;
    case action_kill_before: end_process();
    case action_kill_within: visit.is_half = visit.is_last = 1; break;
    case action_kill_after: visit.is_last = 1; break;
    case action_hold:
      hold();
      errno = code;
      break;
  }
  return visit;
}

/// Whether a file is a regular one that is written, and not the output of a program.
static int is_written(int descriptor) {
  struct stat status;
  int code = errno;
  int result = selected != 0 && descriptor > STDERR_FILENO && fstat(descriptor, &status) == 0 &&
               S_ISREG(status.st_mode) && (call_fcntl(descriptor, F_GETFL, 0) & O_ACCMODE) != O_RDONLY;
  errno = code;
  return result;
}

/// Defines a call that is counted.
#define COUNT(result, call, name, file, path, other, parameters, arguments) \
  CALL_NEXT(result, name, parameters, arguments)                            \
  result name parameters {                                                  \
    struct visit visit = enter(call, #name, file, path, other);             \
    if (visit.fails) return -1;                                             \
    result value = call_##name arguments;                                   \
    if (visit.is_last) end_process();                                       \
    return value;                                                           \
  }

/// Defines a call that writes `count` bytes, or parts, to a regular file.
#define COUNT_WRITING(name, parameters, arguments)                                                       \
  CALL_NEXT(ssize_t, name, parameters, arguments)                                                        \
  ssize_t name parameters {                                                                              \
    struct visit visit = enter(is_written(file) ? systemfaults_write : 0, #name, file, NULL, NULL);      \
    if (visit.fails) return -1;                                                                          \
    if (visit.is_half && count > 1) count /= 2;                                                          \
    ssize_t value = call_##name arguments;                                                               \
    if (visit.is_last) end_process();                                                                    \
    return value;                                                                                        \
  }

COUNT(int, systemfaults_name, mkdir, -1, path, NULL, (const char *path, mode_t mode), (path, mode))
COUNT(
    int, systemfaults_name, mkdirat, -1, path, NULL, (int directory, const char *path, mode_t mode),
    (directory, path, mode))
COUNT(
    int, systemfaults_name, rename, -1, path, target, (const char *path, const char *target), (path, target))
COUNT(
    int, systemfaults_name, renameat, -1, path, target,
    (int directory, const char *path, int other, const char *target), (directory, path, other, target))
COUNT(
    int, systemfaults_exchange, renameat2, -1, path, target,
    (int directory, const char *path, int other, const char *target, unsigned flags),
    (directory, path, other, target, flags))
COUNT(
    int, systemfaults_name, link, -1, path, target, (const char *path, const char *target), (path, target))
COUNT(
    int, systemfaults_name, linkat, -1, path, target,
    (int directory, const char *path, int other, const char *target, int flags),
    (directory, path, other, target, flags))
COUNT(
    int, systemfaults_name, symlink, -1, path, target, (const char *path, const char *target), (path, target))
COUNT(int, systemfaults_remove, unlink, -1, path, NULL, (const char *path), (path))
COUNT(
    int, systemfaults_remove, unlinkat, -1, path, NULL, (int directory, const char *path, int flags),
    (directory, path, flags))
COUNT(int, systemfaults_remove, rmdir, -1, path, NULL, (const char *path), (path))
COUNT(
    int, is_written(file) ? systemfaults_write : 0, ftruncate, file, NULL, NULL, (int file, off_t length),
    (file, length))
COUNT(
    int, is_written(file) ? systemfaults_write : 0, fallocate, file, NULL, NULL,
    (int file, int mode, off_t offset, off_t length), (file, mode, offset, length))
COUNT_WRITING(
    write, (int file, const void *bytes, size_t count), (file, bytes, count))
COUNT_WRITING(
    pwrite, (int file, const void *bytes, size_t count, off_t offset),
    (file, bytes, count, offset))
COUNT_WRITING(
    writev, (int file, const struct iovec *parts, int count), (file, parts, count))
COUNT_WRITING(
    sendfile, (int file, int source, off_t *offset, size_t count),
    (file, source, offset, count))
COUNT_WRITING(
    copy_file_range, (int source, off_t *start, int file, off_t *offset, size_t count, unsigned flags),
    (source, start, file, offset, count, flags))
COUNT(int, systemfaults_lock, flock, file, NULL, NULL, (int file, int operation), (file, operation))

/// Closes a written file even if the call is to fail.
int close(int file) {
  // Ending the process here shows nothing new.
  int is_counted = action <= action_interrupt && is_written(file);
  struct visit visit = enter(is_counted ? systemfaults_write : 0, "close", file, NULL, NULL);
  int code = errno;
  int result = call_close(file);
  if (!visit.fails) return result;
  errno = code;
  return -1;
}

/// Defines a call that waits for the disk, and may skip that.
#define COUNT_SYNCHRONIZING(name)                                                       \
  int name(int file) {                                                                  \
    struct visit visit = enter(systemfaults_synchronize, #name, file, NULL, NULL);      \
    if (visit.fails) return -1;                                                         \
    int result = skips_synchronizing ? 0 : call_##name(file);                           \
    if (visit.is_last) end_process();                                                   \
    return result;                                                                      \
  }

COUNT_SYNCHRONIZING(fsync)
COUNT_SYNCHRONIZING(fdatasync)
COUNT_SYNCHRONIZING(syncfs)

/// The kind of a call that opens with some flags.
static int opening(long flags) {
  int creates = (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return systemfaults_open | (creates ? systemfaults_create : 0);
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = opening(flags) & systemfaults_create ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  struct visit visit = enter(opening(flags), "open", -1, path, NULL);
  if (visit.fails) return -1;
  int file = call_open(path, flags, mode);
  if (visit.is_last) end_process();
  return file;
}

int openat(int directory, const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = opening(flags) & systemfaults_create ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  struct visit visit = enter(opening(flags), "openat", -1, path, NULL);
  if (visit.fails) return -1;
  int file = call_openat(directory, path, flags, mode);
  if (visit.is_last) end_process();
  return file;
}

long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long);
  long d = va_arg(arguments, long), e = va_arg(arguments, long), f = va_arg(arguments, long);
  va_end(arguments);
  struct visit visit = {0, 0, 0};
  if (number == SYS_openat2) {
    visit = enter(opening((long)((struct open_how *)c)->flags), "openat2", -1, (const char *)b, NULL);
  }
  if (visit.fails) return -1;
  long result = call_syscall(number, a, b, c, d, e, f);
  if (visit.is_last) end_process();
  return result;
}

int fcntl(int file, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  long argument = va_arg(arguments, long);
  va_end(arguments);
  int locks = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
  struct visit visit = enter(locks ? systemfaults_lock : 0, "fcntl", file, NULL, NULL);
  if (visit.fails) return -1;
  int result = call_fcntl(file, command, argument);
  if (visit.is_last) end_process();
  return result;
}

/// A number in the environment.
static long number_named(const char *name, long standard) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : standard;
}

/// Starts before the program, if the environment says so.
__attribute__((constructor)) static void begin_preloaded(void) {
  const char *log = getenv("SYSTEMFAULTS_LOG");
  if (log == NULL) return;
  is_preloaded = 1;
  pattern = getenv("SYSTEMFAULTS_PATTERN");
  snprintf(held_path, sizeof held_path, "%s.held", log);
  int file = call_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  // Keeps the descriptors of the program's own files unchanged.
  log_file = call_fcntl(file, F_DUPFD_CLOEXEC, 200);
  call_close(file);
  int chosen = action_fail;
  const char *name = getenv("SYSTEMFAULTS_ACTION");
  for (int index = 0; name && index < (int)(sizeof action_names / sizeof *action_names); index++) {
    if (strcmp(name, action_names[index]) == 0) chosen = index;
  }
  begin(
      (int)number_named("SYSTEMFAULTS_CALLS", 0), chosen, (int)number_named("SYSTEMFAULTS_CODE", 0),
      number_named("SYSTEMFAULTS_FIRST", 0), number_named("SYSTEMFAULTS_LAST", LONG_MAX));
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
