#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "floor_private.h"

const char *floor_message(int code) {
  switch (code) {
    case FLOOR_OK: return "no error";
    case FLOOR_NO_MEMORY: return "out of memory";
    case FLOOR_COMPRESSION_FAILED: return "compression failed";
    case FLOOR_DECOMPRESSION_FAILED: return "decompression failed";
    case FLOOR_BAD_WIRE_FORM: return "the wire form does not hold what it says";
    case FLOOR_NO_ROOM: return "the output has no room";
    case FLOOR_TOO_LARGE: return "a length is too large";
    case FLOOR_NO_THREAD: return "a thread could not be started";
    case FLOOR_BAD_ARGUMENT: return "an argument is outside its range";
    default: return code < 0 ? strerror(-code) : "unknown error";
  }
}

void floor_release_freed_memory(void) { malloc_trim(0); }

const char *floor_zstd_version(void) { return ZSTD_versionString(); }

const char *floor_lz4_version(void) { return LZ4_versionString(); }

/// Maps fresh pages: `malloc` may return pages that were touched before.
static uint8_t *map_buffer(size_t byte_count) {
  void *start =
      mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

static int encoded_bound(floor_codec codec, size_t byte_count, size_t *bound) {
  switch (codec.kind) {
    case FLOOR_CODEC_NONE:
      *bound = byte_count;
      return FLOOR_OK;
    case FLOOR_CODEC_ZSTD:
      *bound = ZSTD_compressBound(byte_count);
      return ZSTD_isError(*bound) ? FLOOR_TOO_LARGE : FLOOR_OK;
    case FLOOR_CODEC_LZ4:
      if (byte_count > LZ4_MAX_INPUT_SIZE) return FLOOR_TOO_LARGE;
      *bound = 4 + (size_t)LZ4_compressBound((int)byte_count);
      return FLOOR_OK;
    default:
      return FLOOR_BAD_ARGUMENT;
  }
}

static int worker_init(floor_worker *worker, floor_codec codec, size_t bound, size_t largest_chunk) {
  worker->encoded_capacity = bound + 1;
  worker->decoded_capacity = largest_chunk + 1;
  worker->encoded = map_buffer(worker->encoded_capacity);
  worker->decoded = map_buffer(worker->decoded_capacity);
  if (!worker->encoded || !worker->decoded) return FLOOR_NO_MEMORY;
  if (codec.kind == FLOOR_CODEC_ZSTD) {
    worker->compressor = ZSTD_createCCtx();
    worker->decompressor = ZSTD_createDCtx();
    if (!worker->compressor || !worker->decompressor) return FLOOR_NO_MEMORY;
    size_t result =
        ZSTD_CCtx_setParameter(worker->compressor, ZSTD_c_compressionLevel, codec.setting);
    if (ZSTD_isError(result)) return FLOOR_BAD_ARGUMENT;
  } else if (codec.kind == FLOOR_CODEC_LZ4) {
    worker->lz4_state = malloc((size_t)LZ4_sizeofState());
    if (!worker->lz4_state) return FLOOR_NO_MEMORY;
  }
  return FLOOR_OK;
}

int floor_workers_create(
    int worker_count, floor_codec codec, size_t largest_chunk, floor_workers **workers) {
  *workers = NULL;
  if (worker_count < 1 || worker_count > 4096) return FLOOR_BAD_ARGUMENT;
  size_t bound;
  int code = encoded_bound(codec, largest_chunk, &bound);
  if (code) return code;
  floor_workers *made = calloc(1, sizeof *made);
  if (!made) return FLOOR_NO_MEMORY;
  made->codec = codec;
  made->count = worker_count;
  made->items = calloc((size_t)worker_count, sizeof *made->items);
  code = made->items ? FLOOR_OK : FLOOR_NO_MEMORY;
  for (int i = 0; i < worker_count && !code; i++)
    code = worker_init(&made->items[i], codec, bound, largest_chunk);
  if (code) {
    floor_workers_destroy(made);
    return code;
  }
  *workers = made;
  return FLOOR_OK;
}

void floor_workers_destroy(floor_workers *workers) {
  if (!workers) return;
  for (int i = 0; workers->items && i < workers->count; i++) {
    floor_worker *worker = &workers->items[i];
    ZSTD_freeCCtx(worker->compressor);
    ZSTD_freeDCtx(worker->decompressor);
    free(worker->lz4_state);
    if (worker->encoded) munmap(worker->encoded, worker->encoded_capacity);
    if (worker->decoded) munmap(worker->decoded, worker->decoded_capacity);
  }
  free(workers->items);
  free(workers);
}
