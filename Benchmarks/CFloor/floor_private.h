#pragma once

#include <lz4.h>
#include <zstd.h>

#include "CFloor.h"

/// The context and buffers of one thread.
typedef struct {
  ZSTD_CCtx *compressor;
  ZSTD_DCtx *decompressor;
  void *lz4_state;
  uint8_t *encoded;
  size_t encoded_capacity;
  uint8_t *decoded;
  size_t decoded_capacity;
} floor_worker;

struct floor_workers {
  floor_codec codec;
  int count;
  floor_worker *items;
};

struct floor_store {
  /// -1 for a store in memory.
  int directory;
  int64_t chunk_count;
  /// Null for a store in files.
  void **blocks;
  size_t *byte_counts;
};

struct floor_blocks {
  int64_t chunk_count;
  void **starts;
  size_t *byte_counts;
  size_t *capacities;
};

/// Encodes a chunk. `encoded` points into the worker's buffer, or to the chunk itself without a codec.
int floor_encode_chunk(floor_codec codec, floor_worker *worker, floor_bytes chunk, floor_bytes *encoded);

/// Encodes a chunk into `room` bytes.
int floor_encode_chunk_into(
    floor_codec codec, floor_worker *worker, floor_bytes chunk, void *output, size_t room,
    size_t *byte_count);

/// The maximum encoded size of a chunk.
size_t floor_encoded_bound(floor_codec codec, size_t byte_count);

/// The decoded size that a stored chunk states.
int floor_decoded_byte_count(floor_codec codec, floor_bytes encoded, size_t *byte_count);

/// Decodes a chunk into exactly `byte_count` bytes.
int floor_decode_chunk(
    floor_codec codec, floor_worker *worker, floor_bytes encoded, void *output, size_t byte_count);

/// Stores an encoded chunk.
int floor_store_put(floor_store *store, int64_t index, floor_bytes encoded);

/// Opens the file of a stored chunk and returns its size. The caller reads and closes it.
int floor_store_open(const floor_store *store, int64_t index, int *file, size_t *byte_count);

/// Reads a whole file of `byte_count` bytes, and closes it.
int floor_store_read_and_close(int file, void *output, size_t byte_count);

/// The work for one index. Any result but `FLOOR_OK` stops all threads.
typedef int floor_body(void *job, floor_worker *worker, int64_t index);

/// Calls `body` once for each index below `index_count`, on one thread for each worker.
int floor_run(floor_workers *workers, int64_t index_count, floor_body *body, void *job);

/// Makes room for a decoded chunk: its last block, or a new one of exactly its size.
void *floor_blocks_reserve(floor_blocks *blocks, int64_t index, size_t byte_count);

/// Walks to an element of a decoded chunk.
int floor_find_element(floor_bytes decoded, int64_t index, floor_bytes *element);
