#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor_private.h"

// MARK: Threads

/// The work of one call: threads take indices from `next`, and the first error stops them all.
typedef struct {
  void *job;
  int64_t count;
  floor_body *body;
  _Atomic int64_t next;
  _Atomic int code;
} thread_work;

typedef struct {
  thread_work *work;
  floor_worker *worker;
} thread_argument;

static void *run_worker(void *opaque) {
  thread_argument *argument = opaque;
  thread_work *work = argument->work;
  while (!atomic_load_explicit(&work->code, memory_order_relaxed)) {
    int64_t index = atomic_fetch_add_explicit(&work->next, 1, memory_order_relaxed);
    if (index >= work->count) break;
    int code = work->body(work->job, argument->worker, index);
    if (code) atomic_store_explicit(&work->code, code, memory_order_relaxed);
  }
  return NULL;
}

int floor_run(floor_workers *workers, int64_t index_count, floor_body *body, void *job) {
  thread_work work = {.job = job, .count = index_count, .body = body};
  int count = workers->count;
  pthread_t *threads = calloc((size_t)count, sizeof *threads);
  thread_argument *arguments = calloc((size_t)count, sizeof *arguments);
  if (!threads || !arguments) {
    free(threads);
    free(arguments);
    return FLOOR_NO_MEMORY;
  }
  int started = 1;
  for (int i = 0; i < count; i++) arguments[i] = (thread_argument){&work, &workers->items[i]};
  for (; started < count; started++)
    if (pthread_create(&threads[started], NULL, run_worker, &arguments[started])) {
      atomic_store(&work.code, FLOOR_NO_THREAD);
      break;
    }
  run_worker(&arguments[0]);
  for (int i = 1; i < started; i++) pthread_join(threads[i], NULL);
  free(threads);
  free(arguments);
  return atomic_load(&work.code);
}

/// The state that the threads of a call share.
typedef struct {
  floor_workers *workers;
  floor_store *store;
  const floor_bytes *chunks;
  floor_blocks *blocks;
} transfer;

// MARK: Writing

static int write_chunk(void *opaque, floor_worker *worker, int64_t index) {
  transfer *job = opaque;
  floor_bytes encoded;
  int code = floor_encode_chunk(job->workers->codec, worker, job->chunks[index], &encoded);
  return code ? code : floor_store_put(job->store, index, encoded);
}

int floor_write(
    floor_workers *workers, floor_store *store, const floor_bytes *chunks, int64_t chunk_count) {
  if (chunk_count != store->chunk_count || (chunk_count && !chunks)) return FLOOR_BAD_ARGUMENT;
  transfer job = {
      .workers = workers,
      .store = store,
      .chunks = chunks,
  };
  return floor_run(workers, chunk_count, write_chunk, &job);
}

// MARK: Reading

void *floor_blocks_reserve(floor_blocks *blocks, int64_t index, size_t byte_count) {
  if (!blocks->starts[index] || blocks->capacities[index] < byte_count) {
    free(blocks->starts[index]);
    blocks->starts[index] = malloc(byte_count ? byte_count : 1);
    blocks->capacities[index] = blocks->starts[index] ? byte_count : 0;
  }
  blocks->byte_counts[index] = byte_count;
  return blocks->starts[index];
}

/// The destination of a chunk of `byte_count` decoded bytes.
static int choose_output(
    floor_worker *worker, floor_blocks *blocks, int64_t index, size_t byte_count, void **output) {
  // The worker's buffer has one byte more than the largest chunk.
  if (byte_count >= worker->decoded_capacity) return FLOOR_TOO_LARGE;
  *output = blocks ? floor_blocks_reserve(blocks, index, byte_count) : worker->decoded;
  return *output ? FLOOR_OK : FLOOR_NO_MEMORY;
}

/// Reads the bytes of a stored chunk, unless it was stored uncompressed and was read straight to its destination.
static int fetch(
    transfer *job, floor_worker *worker, int64_t index, floor_bytes *encoded, int *is_decoded) {
  floor_store *store = job->store;
  *is_decoded = 0;
  if (store->blocks) {
    *encoded = (floor_bytes){store->blocks[index], store->byte_counts[index]};
    return encoded->start ? FLOOR_OK : FLOOR_DECOMPRESSION_FAILED;
  }
  int file;
  size_t byte_count;
  int code = floor_store_open(store, index, &file, &byte_count);
  if (code) return code;
  void *output = worker->encoded;
  if (job->workers->codec.kind == FLOOR_CODEC_NONE) {
    *is_decoded = 1;
    code = choose_output(worker, job->blocks, index, byte_count, &output);
  } else if (byte_count > worker->encoded_capacity) {
    code = FLOOR_TOO_LARGE;
  }
  if (code) {
    close(file);
    return code;
  }
  *encoded = (floor_bytes){output, byte_count};
  return floor_store_read_and_close(file, output, byte_count);
}

static int read_chunk_into(
    transfer *job, floor_worker *worker, int64_t index, floor_bytes *decoded) {
  floor_bytes encoded;
  int is_decoded;
  int code = fetch(job, worker, index, &encoded, &is_decoded);
  if (code) return code;
  *decoded = encoded;
  if (is_decoded) return FLOOR_OK;
  size_t byte_count;
  void *output;
  code = floor_decoded_byte_count(job->workers->codec, encoded, &byte_count);
  if (!code) code = choose_output(worker, job->blocks, index, byte_count, &output);
  if (!code) code = floor_decode_chunk(job->workers->codec, worker, encoded, output, byte_count);
  if (!code) *decoded = (floor_bytes){output, byte_count};
  return code;
}

static int read_chunk(void *job, floor_worker *worker, int64_t index) {
  floor_bytes decoded;
  return read_chunk_into(job, worker, index, &decoded);
}

int floor_read(floor_workers *workers, floor_store *store, floor_blocks *blocks) {
  if (blocks && blocks->chunk_count != store->chunk_count) return FLOOR_BAD_ARGUMENT;
  transfer job = {
      .workers = workers,
      .store = store,
      .blocks = blocks,
  };
  return floor_run(workers, store->chunk_count, read_chunk, &job);
}

int floor_read_element(
    floor_workers *workers, floor_store *store, int64_t chunk, int64_t index_in_chunk,
    floor_bytes *element) {
  if (chunk < 0 || chunk >= store->chunk_count || index_in_chunk < 0) return FLOOR_BAD_ARGUMENT;
  transfer job = {.workers = workers, .store = store};
  floor_bytes decoded;
  int code = read_chunk_into(&job, &workers->items[0], chunk, &decoded);
  if (code) return code;
  return floor_find_element(decoded, index_in_chunk, element);
}

int floor_find_element(floor_bytes decoded, int64_t index, floor_bytes *element) {
  const uint8_t *start = decoded.start;
  uint32_t count, length;
  if (decoded.byte_count < 4) return FLOOR_BAD_WIRE_FORM;
  memcpy(&count, start, 4);
  if (index < 0 || index >= count) return FLOOR_BAD_ARGUMENT;
  size_t at = 4;
  for (int64_t i = 0;; i++) {
    if (decoded.byte_count - at < 4) return FLOOR_BAD_WIRE_FORM;
    memcpy(&length, start + at, 4);
    at += 4;
    if (decoded.byte_count - at < length) return FLOOR_BAD_WIRE_FORM;
    if (i == index) break;
    at += length;
  }
  *element = (floor_bytes){start + at, length};
  return FLOOR_OK;
}

// MARK: Decoded chunks

int floor_blocks_create(int64_t chunk_count, floor_blocks **blocks) {
  *blocks = NULL;
  if (chunk_count < 0) return FLOOR_BAD_ARGUMENT;
  size_t count = (size_t)chunk_count + 1;
  floor_blocks *made = calloc(1, sizeof *made);
  if (!made) return FLOOR_NO_MEMORY;
  made->chunk_count = chunk_count;
  made->starts = calloc(count, sizeof *made->starts);
  made->byte_counts = calloc(count, sizeof *made->byte_counts);
  made->capacities = calloc(count, sizeof *made->capacities);
  if (!made->starts || !made->byte_counts || !made->capacities) {
    floor_blocks_destroy(made);
    return FLOOR_NO_MEMORY;
  }
  *blocks = made;
  return FLOOR_OK;
}

void floor_blocks_destroy(floor_blocks *blocks) {
  if (!blocks) return;
  for (int64_t i = 0; blocks->starts && i < blocks->chunk_count; i++) free(blocks->starts[i]);
  free(blocks->starts);
  free(blocks->byte_counts);
  free(blocks->capacities);
  free(blocks);
}

void floor_blocks_clear(floor_blocks *blocks) {
  for (int64_t i = 0; i < blocks->chunk_count; i++) {
    free(blocks->starts[i]);
    blocks->starts[i] = NULL;
    blocks->byte_counts[i] = 0;
    blocks->capacities[i] = 0;
  }
  malloc_trim(0);
}

floor_bytes floor_blocks_get(const floor_blocks *blocks, int64_t index) {
  if (index < 0 || index >= blocks->chunk_count) return (floor_bytes){NULL, 0};
  return (floor_bytes){blocks->starts[index], blocks->byte_counts[index]};
}
