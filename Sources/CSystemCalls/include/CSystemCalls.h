// Calls to the system that Swift's Glibc module does not have.
#ifndef CSYSTEMCALLS_H
#define CSYSTEMCALLS_H

#include <sys/types.h>

/// Writes all of the file system that `descriptor` is on to its disk; see syncfs(2).
int csystemcalls_syncfs(int descriptor);

/// Has `descriptor` mean what `other` means, in one step, and not in programs that are started; see dup3(2).
int csystemcalls_replace(int descriptor, int other);

/// What becomes of a file that has the name which another one is to get.
enum csystemcalls_rename {
  /// There must be none; it fails with EEXIST otherwise.
  csystemcalls_rename_new,
  /// The two exchange their names; without one it fails with ENOENT.
  csystemcalls_rename_exchange,
};

/// Gives a file in `directory` another name; see renameat2(2). Some file systems cannot, and fail with EINVAL.
int csystemcalls_rename(int directory, const char *path, const char *target, enum csystemcalls_rename kind);

/// Locks bytes of a file for whoever has it open by this description, and no longer; see fcntl(2). No `length`
/// means all that follow. If others hold one of them, this waits or fails with EAGAIN or EACCES.
int csystemcalls_lock(int descriptor, off_t start, off_t length, int waits);

/// Unlocks all bytes that are locked by this description, also where a forked process has it open too.
int csystemcalls_unlock(int descriptor);

/// Opens `path` below `directory` as openat(2) does, but fails with EXDEV where a symbolic link, or the path
/// itself, leads out of the directory; see openat2(2). Kernels before 5.6 do not know how: there no link is
/// followed at all.
int csystemcalls_open_beneath(int directory, const char *path, int flags, mode_t mode);

/// Opens `path` below `directory`, and fails with EXDEV where a part of it is a symbolic link.
int csystemcalls_open_without_links(int directory, const char *path, int flags, mode_t mode);

#endif
