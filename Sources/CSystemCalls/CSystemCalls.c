#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int csystemcalls_syncfs(int descriptor) { return syncfs(descriptor); }

int csystemcalls_replace(int descriptor, int other) { return dup3(other, descriptor, O_CLOEXEC); }

int csystemcalls_rename(int directory, const char *path, const char *target, enum csystemcalls_rename kind) {
  unsigned flags = kind == csystemcalls_rename_new ? RENAME_NOREPLACE : RENAME_EXCHANGE;
  return renameat2(directory, path, directory, target, flags);
}

int csystemcalls_lock(int descriptor, off_t start, off_t length, int waits) {
  struct flock lock = {0};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return fcntl(descriptor, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
}

int csystemcalls_unlock(int descriptor) {
  struct flock lock = {0};
  lock.l_type = F_UNLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int csystemcalls_open_beneath(int directory, const char *path, int flags, mode_t mode) {
  struct open_how how = {0};
  how.flags = (unsigned)flags;
  // The kernel refuses a mode where no file can be created.
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    int descriptor = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    // Somebody renamed a directory on the way.
    if (descriptor < 0 && errno == EAGAIN) continue;
    // Some containers answer so to calls that they do not know.
    if (descriptor < 0 && (errno == ENOSYS || errno == EPERM)) {
      return csystemcalls_open_without_links(directory, path, flags, mode);
    }
    return descriptor;
  }
}

/// Opens one name, and says EXDEV where it is a link.
static int open_name(int directory, const char *name, int flags, mode_t mode) {
  int descriptor = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
  if (descriptor >= 0 || (errno != ELOOP && errno != ENOTDIR)) return descriptor;
  int code = errno;
  struct stat status;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) code = EXDEV;
  errno = code;
  return -1;
}

int csystemcalls_open_without_links(int directory, const char *path, int flags, mode_t mode) {
  int current = directory;
  for (;;) {
    const char *slash = strchr(path, '/');
    if (slash == NULL) break;
    char name[256];
    size_t length = (size_t)(slash - path);
    if (length == 0 || length >= sizeof name) {
      if (current != directory) close(current);
      errno = length == 0 ? EXDEV : ENAMETOOLONG;
      return -1;
    }
    memcpy(name, path, length);
    name[length] = 0;
    // A path may not leave the directory by its own names either.
    int next = -1;
    if (strcmp(name, "..") == 0) {
      errno = EXDEV;
    } else {
      next = open_name(current, name, O_PATH | O_DIRECTORY, 0);
    }
    int code = errno;
    if (current != directory) close(current);
    if (next < 0) {
      errno = code;
      return -1;
    }
    current = next;
    path = slash + 1;
  }
  int descriptor = -1;
  if (strcmp(path, "..") == 0) {
    errno = EXDEV;
  } else {
    descriptor = open_name(current, path, flags, mode);
  }
  int code = errno;
  if (current != directory) close(current);
  errno = code;
  return descriptor;
}
