#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor_private.h"

// MARK: Handles

int floor_store_create(const char *directory, int64_t chunk_count, floor_store **store) {
  *store = NULL;
  if (chunk_count < 0) return FLOOR_BAD_ARGUMENT;
  floor_store *made = calloc(1, sizeof *made);
  if (!made) return FLOOR_NO_MEMORY;
  made->directory = -1;
  made->chunk_count = chunk_count;
  made->byte_counts = calloc((size_t)chunk_count + 1, sizeof *made->byte_counts);
  int code = made->byte_counts ? FLOOR_OK : FLOOR_NO_MEMORY;
  if (!code && directory) {
    made->directory = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (made->directory < 0) code = -errno;
  } else if (!code) {
    made->blocks = calloc((size_t)chunk_count + 1, sizeof *made->blocks);
    if (!made->blocks) code = FLOOR_NO_MEMORY;
  }
  if (code) {
    floor_store_destroy(made);
    return code;
  }
  *store = made;
  return FLOOR_OK;
}

void floor_store_destroy(floor_store *store) {
  if (!store) return;
  for (int64_t i = 0; store->blocks && i < store->chunk_count; i++) free(store->blocks[i]);
  if (store->directory >= 0) close(store->directory);
  free(store->blocks);
  free(store->byte_counts);
  free(store);
}

static void chunk_name(int64_t index, char name[24]) { snprintf(name, 24, "%lld", (long long)index); }

void floor_store_clear(floor_store *store) {
  char name[24];
  for (int64_t i = 0; i < store->chunk_count; i++) {
    store->byte_counts[i] = 0;
    if (store->blocks) {
      free(store->blocks[i]);
      store->blocks[i] = NULL;
    } else {
      chunk_name(i, name);
      unlinkat(store->directory, name, 0);
    }
  }
  if (store->blocks) malloc_trim(0);
}

size_t floor_store_byte_count(const floor_store *store) {
  size_t sum = 0;
  for (int64_t i = 0; i < store->chunk_count; i++) sum += store->byte_counts[i];
  return sum;
}

// MARK: Chunks

static int write_file(int directory, const char *name, floor_bytes encoded) {
  int file = openat(directory, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return -errno;
  const uint8_t *start = encoded.start;
  size_t left = encoded.byte_count;
  int code = FLOOR_OK;
  while (left > 0 && !code) {
    ssize_t written = write(file, start, left);
    if (written < 0) {
      if (errno != EINTR) code = -errno;
    } else {
      start += written;
      left -= (size_t)written;
    }
  }
  if (close(file) < 0 && !code) code = -errno;
  return code;
}

int floor_store_put(floor_store *store, int64_t index, floor_bytes encoded) {
  store->byte_counts[index] = encoded.byte_count;
  if (!store->blocks) {
    char name[24];
    chunk_name(index, name);
    return write_file(store->directory, name, encoded);
  }
  free(store->blocks[index]);
  void *block = malloc(encoded.byte_count ? encoded.byte_count : 1);
  store->blocks[index] = block;
  if (!block) return FLOOR_NO_MEMORY;
  if (encoded.byte_count) memcpy(block, encoded.start, encoded.byte_count);
  return FLOOR_OK;
}

int floor_store_open(const floor_store *store, int64_t index, int *file, size_t *byte_count) {
  char name[24];
  chunk_name(index, name);
  *file = openat(store->directory, name, O_RDONLY | O_CLOEXEC);
  if (*file < 0) return -errno;
  struct stat status;
  if (fstat(*file, &status) < 0) {
    int code = -errno;
    close(*file);
    return code;
  }
  *byte_count = (size_t)status.st_size;
  return FLOOR_OK;
}

int floor_store_read_and_close(int file, void *output, size_t byte_count) {
  uint8_t *start = output;
  size_t left = byte_count;
  int code = FLOOR_OK;
  while (left > 0 && !code) {
    ssize_t count = read(file, start, left);
    if (count < 0) {
      if (errno != EINTR) code = -errno;
    } else if (count == 0) {
      code = FLOOR_DECOMPRESSION_FAILED;
    } else {
      start += count;
      left -= (size_t)count;
    }
  }
  close(file);
  return code;
}
