#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int csystemcalls_syncfs(int descriptor) { return syncfs(descriptor); }

int csystemcalls_lock(int descriptor, off_t start, off_t length, int waits) {
  struct flock lock = {0};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return fcntl(descriptor, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
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
    if (descriptor < 0 && errno == EPERM) errno = ENOSYS;
    return descriptor;
  }
}
