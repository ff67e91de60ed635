/* The command zvlen: the tool of the library that the package brings.
 *
 * pip puts it into a folder of commands and the library into a folder of packages, whose place from there depends on
 * the version of Python:
 *
 *     bin/zvlen                                                 as pip installs it
 *     lib/python3.12/site-packages/zarr_vlen/lib/libzarr_vlen.so
 *
 *     bin/zvlen                                                 with --target
 *     zarr_vlen/lib/libzarr_vlen.so
 *
 *     zarr_vlen/lib/zvlen                                       for python -m zarr_vlen
 *     zarr_vlen/lib/libzarr_vlen.so
 *
 * Python itself is not started. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "zarr_vlen.h"

static const char *const places[] = {
    "/libzarr_vlen.so",
    "/../lib*/python3*/*-packages/zarr_vlen/lib/libzarr_vlen.so",
    "/../zarr_vlen/lib/libzarr_vlen.so",
};

typedef __typeof__(&zarr_vlen_main) Start;

/* The start of the tool in a library, or NULL with the reason. */
static Start start_of(const char *path, char *reason, size_t capacity) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  Start start = library ? (Start)dlsym(library, "zarr_vlen_main") : NULL;
  if (!start) snprintf(reason, capacity, "%s", dlerror());
  return start;
}

int main(int argc, char **argv) {
  char path[PATH_MAX], pattern[2 * PATH_MAX + 64], reason[2 * PATH_MAX] = "there is no package zarr_vlen near it";
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  while (length > 0 && path[length - 1] != '/') length--;
  /* A folder may have characters in its name that mean something in a pattern. */
  char *end = pattern;
  for (ssize_t i = 0; i + 1 < length; i++) {
    if (strchr("*?[\\", path[i])) *end++ = '\\';
    *end++ = path[i];
  }
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    strcpy(end, places[i]);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) continue;
    for (size_t k = 0; k < found.gl_pathc; k++) {
      Start start = start_of(found.gl_pathv[k], reason, sizeof reason);
      if (start) start(argc, argv);
    }
    globfree(&found);
  }
  fprintf(stderr, "zvlen: error: the tool cannot be started: %s; python -m zarr_vlen may work\n", reason);
  return 1;
}
