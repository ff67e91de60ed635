#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "floor_private.h"

/// A buffer for one shard, reused for later ones.
typedef struct {
  uint8_t *buffer;
  /// The shard that may use the buffer.
  _Atomic int64_t shard;
  /// The number of its runs that are not encoded yet.
  _Atomic int64_t rest;
} shard_slot;

struct floor_shards {
  const floor_bytes *chunks;
  int64_t chunk_count, chunks_per_shard, chunks_per_run, runs_per_shard, run_count, shard_count;
  floor_codec codec;
  /// -1 for shards in memory.
  int directory;
  void **blocks;
  size_t *shard_byte_counts;
  /// The offset of each chunk in its shard, and its encoded size.
  size_t *offsets, *byte_counts;
  /// The bytes of each run, decoded and encoded.
  size_t *run_decoded, *run_encoded;
  size_t largest_run, run_bound, buffer_byte_count;
  int slot_count;
  shard_slot *slots;
  /// The open files during a read.
  int *files;
};

// MARK: Handles

static int64_t smaller(int64_t left, int64_t right) { return left < right ? left : right; }

static int64_t first_chunk(const floor_shards *shards, int64_t run) {
  int64_t shard = run / shards->runs_per_shard, index = run % shards->runs_per_shard;
  return smaller(shards->chunk_count, shard * shards->chunks_per_shard + index * shards->chunks_per_run);
}

static int64_t end_chunk(const floor_shards *shards, int64_t run) {
  int64_t shard = run / shards->runs_per_shard;
  int64_t shard_end = smaller(shards->chunk_count, (shard + 1) * shards->chunks_per_shard);
  return smaller(shard_end, first_chunk(shards, run) + shards->chunks_per_run);
}

static void measure_runs(floor_shards *made) {
  for (int64_t run = 0; run < made->run_count; run++) {
    size_t sum = 0, bound = 0;
    for (int64_t i = first_chunk(made, run); i < end_chunk(made, run); i++) {
      sum += made->chunks[i].byte_count;
      bound += floor_encoded_bound(made->codec, made->chunks[i].byte_count);
    }
    made->run_decoded[run] = sum;
    if (sum > made->largest_run) made->largest_run = sum;
    if (bound > made->run_bound) made->run_bound = bound;
  }
  made->buffer_byte_count = made->run_bound * (size_t)made->runs_per_shard + 1;
}

int floor_shards_create(
    const floor_bytes *chunks, int64_t chunk_count, int64_t chunks_per_shard, int64_t chunks_per_run,
    const char *directory, floor_codec codec, int worker_count, floor_shards **shards) {
  *shards = NULL;
  if (chunk_count < 0 || chunks_per_shard < 1 || chunks_per_run < 1 || worker_count < 1 || worker_count > 4096)
    return FLOOR_BAD_ARGUMENT;
  floor_shards *made = calloc(1, sizeof *made);
  if (!made) return FLOOR_NO_MEMORY;
  made->chunks = chunks;
  made->chunk_count = chunk_count;
  made->chunks_per_shard = chunks_per_shard;
  made->chunks_per_run = chunks_per_run;
  made->codec = codec;
  made->directory = -1;
  made->shard_count = (chunk_count + chunks_per_shard - 1) / chunks_per_shard;
  made->runs_per_shard = (chunks_per_shard + chunks_per_run - 1) / chunks_per_run;
  made->run_count = made->shard_count * made->runs_per_shard;
  size_t shard_room = (size_t)made->shard_count + 1;
  size_t run_room = (size_t)made->run_count + 1, chunk_room = (size_t)chunk_count + 1;
  made->blocks = calloc(shard_room, sizeof *made->blocks);
  made->shard_byte_counts = calloc(shard_room, sizeof *made->shard_byte_counts);
  made->files = calloc(shard_room, sizeof *made->files);
  made->offsets = calloc(chunk_room, sizeof *made->offsets);
  made->byte_counts = calloc(chunk_room, sizeof *made->byte_counts);
  made->run_decoded = calloc(run_room, sizeof *made->run_decoded);
  made->run_encoded = calloc(run_room, sizeof *made->run_encoded);
  made->slot_count = worker_count + 1;
  made->slots = calloc((size_t)made->slot_count, sizeof *made->slots);
  int code = made->blocks && made->shard_byte_counts && made->files && made->offsets && made->byte_counts &&
                     made->run_decoded && made->run_encoded && made->slots
                 ? FLOOR_OK
                 : FLOOR_NO_MEMORY;
  if (!code) measure_runs(made);
  if (!code && directory) {
    made->directory = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (made->directory < 0) code = -errno;
  }
  for (int i = 0; i < made->slot_count && !code; i++) {
    // Only pages with encoded runs are ever touched.
    void *buffer =
        mmap(NULL, made->buffer_byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
             -1, 0);
    if (buffer == MAP_FAILED) code = FLOOR_NO_MEMORY;
    else made->slots[i].buffer = buffer;
  }
  if (code) {
    floor_shards_destroy(made);
    return code;
  }
  *shards = made;
  return FLOOR_OK;
}

void floor_shards_destroy(floor_shards *shards) {
  if (!shards) return;
  for (int64_t i = 0; shards->blocks && i < shards->shard_count; i++) free(shards->blocks[i]);
  for (int i = 0; shards->slots && i < shards->slot_count; i++)
    if (shards->slots[i].buffer) munmap(shards->slots[i].buffer, shards->buffer_byte_count);
  if (shards->directory >= 0) close(shards->directory);
  free(shards->blocks);
  free(shards->shard_byte_counts);
  free(shards->files);
  free(shards->offsets);
  free(shards->byte_counts);
  free(shards->run_decoded);
  free(shards->run_encoded);
  free(shards->slots);
  free(shards);
}

static void shard_name(int64_t index, char name[24]) { snprintf(name, 24, "%lld", (long long)index); }

void floor_shards_clear(floor_shards *shards) {
  char name[24];
  for (int64_t i = 0; i < shards->shard_count; i++) {
    shards->shard_byte_counts[i] = 0;
    free(shards->blocks[i]);
    shards->blocks[i] = NULL;
    if (shards->directory >= 0) {
      shard_name(i, name);
      unlinkat(shards->directory, name, 0);
    }
  }
  for (int i = 0; i < shards->slot_count; i++)
    madvise(shards->slots[i].buffer, shards->buffer_byte_count, MADV_DONTNEED);
  malloc_trim(0);
}

size_t floor_shards_byte_count(const floor_shards *shards) {
  size_t sum = 0;
  for (int64_t i = 0; i < shards->shard_count; i++) sum += shards->shard_byte_counts[i];
  return sum;
}

int64_t floor_shards_run_count(const floor_shards *shards) { return shards->run_count; }

size_t floor_shards_largest_run(const floor_shards *shards) {
  return shards->largest_run > shards->run_bound ? shards->largest_run : shards->run_bound;
}

// MARK: Writing

static int write_parts(int file, struct iovec *parts, int count) {
  int first = 0;
  while (first < count) {
    int some = count - first > 1000 ? 1000 : count - first;
    ssize_t written = writev(file, parts + first, some);
    if (written < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    size_t left = (size_t)written;
    while (first < count && left >= parts[first].iov_len) left -= parts[first++].iov_len;
    if (first < count) {
      parts[first].iov_base = (uint8_t *)parts[first].iov_base + left;
      parts[first].iov_len -= left;
    }
  }
  return FLOOR_OK;
}

static int write_file(const floor_shards *shards, int64_t shard, struct iovec *parts, int count) {
  char name[24];
  shard_name(shard, name);
  int file = openat(shards->directory, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return -errno;
  int code = write_parts(file, parts, count);
  if (close(file) < 0 && !code) code = -errno;
  return code;
}

static int write_block(floor_shards *shards, int64_t shard, const struct iovec *parts, int count) {
  free(shards->blocks[shard]);
  uint8_t *block = malloc(shards->shard_byte_counts[shard] + 1);
  shards->blocks[shard] = block;
  if (!block) return FLOOR_NO_MEMORY;
  for (int i = 0; i < count; i++) {
    if (parts[i].iov_len) memcpy(block, parts[i].iov_base, parts[i].iov_len);
    block += parts[i].iov_len;
  }
  return FLOOR_OK;
}

/// Writes the runs of a shard, and their index.
static int write_shard(floor_shards *shards, int64_t shard, shard_slot *slot) {
  int64_t first_run = shard * shards->runs_per_shard;
  int64_t first = shard * shards->chunks_per_shard;
  int64_t end = smaller(shards->chunk_count, first + shards->chunks_per_shard);
  struct iovec *parts = calloc((size_t)shards->runs_per_shard + 1, sizeof *parts);
  uint64_t *index = malloc((size_t)(end - first + 1) * 16);
  if (!parts || !index) {
    free(parts);
    free(index);
    return FLOOR_NO_MEMORY;
  }
  size_t offset = 0;
  for (int64_t run = 0; run < shards->runs_per_shard; run++) {
    parts[run].iov_base = slot->buffer + (size_t)run * shards->run_bound;
    parts[run].iov_len = shards->run_encoded[first_run + run];
  }
  for (int64_t i = first; i < end; i++) {
    shards->offsets[i] = offset;
    index[2 * (i - first)] = offset;
    index[2 * (i - first) + 1] = shards->byte_counts[i];
    offset += shards->byte_counts[i];
  }
  int count = (int)shards->runs_per_shard;
  parts[count].iov_base = index;
  parts[count].iov_len = (size_t)(end - first) * 16;
  shards->shard_byte_counts[shard] = offset + parts[count].iov_len;
  int code = shards->directory >= 0 ? write_file(shards, shard, parts, count + 1)
                                    : write_block(shards, shard, parts, count + 1);
  free(parts);
  free(index);
  return code;
}

static int write_run(void *job, floor_worker *worker, int64_t run) {
  floor_shards *shards = job;
  int64_t shard = run / shards->runs_per_shard;
  shard_slot *slot = &shards->slots[shard % shards->slot_count];
  while (atomic_load_explicit(&slot->shard, memory_order_acquire) != shard) sched_yield();
  uint8_t *start = slot->buffer + (size_t)(run % shards->runs_per_shard) * shards->run_bound;
  size_t at = 0;
  for (int64_t i = first_chunk(shards, run); i < end_chunk(shards, run); i++) {
    int code = floor_encode_chunk_into(
        shards->codec, worker, shards->chunks[i], start + at, shards->run_bound - at, &shards->byte_counts[i]);
    if (code) return code;
    at += shards->byte_counts[i];
  }
  shards->run_encoded[run] = at;
  if (atomic_fetch_sub_explicit(&slot->rest, 1, memory_order_acq_rel) > 1) return FLOOR_OK;
  int code = write_shard(shards, shard, slot);
  atomic_store_explicit(&slot->rest, shards->runs_per_shard, memory_order_relaxed);
  atomic_store_explicit(&slot->shard, shard + shards->slot_count, memory_order_release);
  return code;
}

int floor_shards_write(floor_shards *shards, floor_workers *workers) {
  if (workers->count >= shards->slot_count) return FLOOR_BAD_ARGUMENT;
  for (int i = 0; i < shards->slot_count; i++) {
    atomic_store(&shards->slots[i].shard, i);
    atomic_store(&shards->slots[i].rest, shards->runs_per_shard);
  }
  return floor_run(workers, shards->run_count, write_run, shards);
}

// MARK: Reading

typedef struct {
  floor_shards *shards;
  floor_blocks *blocks;
} shard_read;

static int read_bytes(int file, void *output, size_t byte_count, size_t offset) {
  while (byte_count > 0) {
    ssize_t count = pread(file, output, byte_count, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) return FLOOR_DECOMPRESSION_FAILED;
    output = (uint8_t *)output + count;
    offset += (size_t)count;
    byte_count -= (size_t)count;
  }
  return FLOOR_OK;
}

static int read_run(void *opaque, floor_worker *worker, int64_t run) {
  shard_read *job = opaque;
  floor_shards *shards = job->shards;
  int64_t first = first_chunk(shards, run), end = end_chunk(shards, run);
  int64_t shard = run / shards->runs_per_shard;
  if (first == end) return FLOOR_OK;
  size_t encoded = shards->run_encoded[run], decoded = shards->run_decoded[run];
  if (decoded >= worker->decoded_capacity || encoded > worker->encoded_capacity) return FLOOR_TOO_LARGE;
  uint8_t *output = job->blocks ? floor_blocks_reserve(job->blocks, run, decoded) : worker->decoded;
  if (!output) return FLOOR_NO_MEMORY;
  const uint8_t *source = worker->encoded;
  int is_plain = shards->codec.kind == FLOOR_CODEC_NONE;
  if (shards->directory < 0) source = (uint8_t *)shards->blocks[shard] + shards->offsets[first];
  else {
    int code = read_bytes(
        shards->files[shard], is_plain ? output : worker->encoded, encoded, shards->offsets[first]);
    if (code || is_plain) return code;
  }
  for (int64_t i = first; i < end; i++) {
    floor_bytes chunk = {source, shards->byte_counts[i]};
    int code = floor_decode_chunk(shards->codec, worker, chunk, output, shards->chunks[i].byte_count);
    if (code) return code;
    source += shards->byte_counts[i];
    output += shards->chunks[i].byte_count;
  }
  return FLOOR_OK;
}

static int open_shard(const floor_shards *shards, int64_t shard) {
  char name[24];
  shard_name(shard, name);
  return openat(shards->directory, name, O_RDONLY | O_CLOEXEC);
}

int floor_shards_read(floor_shards *shards, floor_workers *workers, floor_blocks *blocks) {
  if (blocks && blocks->chunk_count != shards->run_count) return FLOOR_BAD_ARGUMENT;
  int code = FLOOR_OK;
  int64_t opened = 0;
  for (; shards->directory >= 0 && opened < shards->shard_count && !code; opened++) {
    shards->files[opened] = open_shard(shards, opened);
    if (shards->files[opened] < 0) {
      code = -errno;
      break;
    }
  }
  shard_read job = {shards, blocks};
  if (!code) code = floor_run(workers, shards->run_count, read_run, &job);
  for (int64_t i = 0; i < opened; i++) close(shards->files[i]);
  return code;
}

int floor_shards_read_element(
    floor_shards *shards, floor_workers *workers, int64_t chunk, int64_t index_in_chunk, floor_bytes *element) {
  if (chunk < 0 || chunk >= shards->chunk_count) return FLOOR_BAD_ARGUMENT;
  floor_worker *worker = &workers->items[0];
  int64_t shard = chunk / shards->chunks_per_shard;
  floor_bytes encoded = {worker->encoded, shards->byte_counts[chunk]};
  size_t decoded = shards->chunks[chunk].byte_count;
  if (encoded.byte_count > worker->encoded_capacity || decoded >= worker->decoded_capacity)
    return FLOOR_TOO_LARGE;
  if (shards->directory < 0) {
    encoded.start = (uint8_t *)shards->blocks[shard] + shards->offsets[chunk];
  } else {
    int file = open_shard(shards, shard);
    if (file < 0) return -errno;
    int code = read_bytes(file, worker->encoded, encoded.byte_count, shards->offsets[chunk]);
    close(file);
    if (code) return code;
  }
  int code = floor_decode_chunk(shards->codec, worker, encoded, worker->decoded, decoded);
  return code ? code : floor_find_element((floor_bytes){worker->decoded, decoded}, index_in_chunk, element);
}
