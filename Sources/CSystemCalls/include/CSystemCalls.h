// Calls to the system that Swift's Glibc module does not have.
#ifndef CSYSTEMCALLS_H
#define CSYSTEMCALLS_H

#include <sys/types.h>

/// Writes all of the file system that `descriptor` is on to its disk; see syncfs(2).
int csystemcalls_syncfs(int descriptor);

/// Opens `path` below `directory` as openat(2) does, but fails with EXDEV where a symbolic link, or the path
/// itself, leads out of the directory; see openat2(2). Fails with ENOSYS where the kernel does not know how.
int csystemcalls_open_beneath(int directory, const char *path, int flags, mode_t mode);

#endif
