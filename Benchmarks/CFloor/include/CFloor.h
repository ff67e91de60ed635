#pragma once

#include <stddef.h>
#include <stdint.h>

// The floor: chunks that are written and read with the compressor and plain files alone.
//
// Chunks that are already in wire form go through the compressor, with one reused context for each thread, and then
// to plain files or memory. This code knows nothing of Zarr, and shares nothing with the engine.
//
// A function that can fail returns 0, one of the codes below, or a negated `errno`. No function aborts.

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

enum {
  FLOOR_OK = 0,
  /// An allocation failed.
  FLOOR_NO_MEMORY = 1,
  /// The compressor refused the chunk.
  FLOOR_COMPRESSION_FAILED = 2,
  /// The stored chunk is not valid for the compressor.
  FLOOR_DECOMPRESSION_FAILED = 3,
  /// The wire form is not valid.
  FLOOR_BAD_WIRE_FORM = 4,
  /// The output has no room for the result.
  FLOOR_NO_ROOM = 5,
  /// A length or a count does not fit in 32 bits, or a chunk is larger than the workers were made for.
  FLOOR_TOO_LARGE = 6,
  /// A thread could not be started.
  FLOOR_NO_THREAD = 7,
  /// An argument is out of range.
  FLOOR_BAD_ARGUMENT = 8,
};

/// The message for a code.
const char *floor_message(int code);

/// Returns freed memory to the system, so that the next allocation touches fresh pages.
void floor_release_freed_memory(void);

/// The version of the linked libzstd.
const char *floor_zstd_version(void);

/// The version of the linked liblz4.
const char *floor_lz4_version(void);

// MARK: Codecs

enum {
  /// The chunk as it is.
  FLOOR_CODEC_NONE = 0,
  /// One Zstandard frame that states its content size. The setting is the level.
  FLOOR_CODEC_ZSTD = 1,
  /// `u32` byte count, little endian, and one LZ4 block. The setting is the acceleration.
  FLOOR_CODEC_LZ4 = 2,
};

/// A compressor and its one setting.
typedef struct {
  int kind;
  int setting;
} floor_codec;

/// Bytes that another object owns.
typedef struct {
  const void *_Nullable start;
  size_t byte_count;
} floor_bytes;

// MARK: Workers

/// Compression contexts and buffers, one set for each thread.
///
/// Keep the handle between calls to measure warm memory. Make it within the measured time to measure fresh memory: its
/// buffers are then newly mapped.
typedef struct floor_workers floor_workers;

/// Makes `worker_count` sets of contexts and buffers for chunks of at most `largest_chunk` bytes in wire form.
int floor_workers_create(
    int worker_count, floor_codec codec, size_t largest_chunk,
    floor_workers *_Nullable *_Nonnull workers);

/// Frees the contexts and the buffers.
void floor_workers_destroy(floor_workers *_Nullable workers);

// MARK: Stores

/// A place for encoded chunks: files called `0`, `1`, … in one directory, or blocks in memory.
typedef struct floor_store floor_store;

/// Makes a store for `chunk_count` chunks in the existing `directory`, or in memory if it is null.
int floor_store_create(
    const char *_Nullable directory, int64_t chunk_count, floor_store *_Nullable *_Nonnull store);

/// Frees the handle and the blocks in memory. Files stay.
void floor_store_destroy(floor_store *_Nullable store);

/// Removes all chunks: unlinks the files, or frees the blocks.
void floor_store_clear(floor_store *store);

/// The sum of the encoded chunks' sizes in bytes.
size_t floor_store_byte_count(const floor_store *store);

// MARK: Writing and reading

/// Encodes `chunks` with all workers and stores each under its index.
///
/// A file is written with `open`, `write` and `close`. A block in memory is one `malloc` of its exact size.
///
/// - `chunk_count`: the same as for the store.
int floor_write(
    floor_workers *workers, floor_store *store, const floor_bytes *_Nullable chunks,
    int64_t chunk_count);

/// Decoded chunks that stay until the caller frees them.
typedef struct floor_blocks floor_blocks;

/// Makes an empty list for `chunk_count` decoded chunks.
int floor_blocks_create(int64_t chunk_count, floor_blocks *_Nullable *_Nonnull blocks);

/// Frees the list and the decoded chunks.
void floor_blocks_destroy(floor_blocks *_Nullable blocks);

/// Returns the decoded chunks to the system, so that the next read touches fresh pages.
void floor_blocks_clear(floor_blocks *blocks);

/// The decoded chunk `index`. Its start is null until it is read.
floor_bytes floor_blocks_get(const floor_blocks *blocks, int64_t index);

/// Reads and decodes every chunk of `store` with all workers.
///
/// A file is read with `open`, `fstat`, `read` and `close` into the worker's buffer.
///
/// - `blocks`: the decoded chunks, each in one `malloc` of its exact size, or in its block from the last read. If
///   null, each worker decodes into one buffer and overwrites it with each chunk.
int floor_read(floor_workers *workers, floor_store *store, floor_blocks *_Nullable blocks);

/// Reads one element on the calling thread: reads and decodes its chunk, and walks to the element.
///
/// - `element` is valid until the workers are used again.
int floor_read_element(
    floor_workers *workers, floor_store *store, int64_t chunk, int64_t index_in_chunk,
    floor_bytes *element);

// MARK: Shards

/// Chunks in shards: files called `0`, `1`, … in one directory, or blocks in memory.
///
/// A shard is its encoded chunks in order, followed by the offset and size of each in 16 bytes. The threads work on runs
/// of chunks, so that all have work in a single shard.
typedef struct floor_shards floor_shards;

/// Makes an empty set of shards.
///
/// - `chunks`: in wire form, contiguous in memory. They outlive the handle.
/// - `directory`: an existing directory, or null for shards in memory.
int floor_shards_create(
    const floor_bytes *_Nullable chunks, int64_t chunk_count, int64_t chunks_per_shard, int64_t chunks_per_run,
    const char *_Nullable directory, floor_codec codec, int worker_count,
    floor_shards *_Nullable *_Nonnull shards);

/// Frees the handle and the blocks in memory. Files stay.
void floor_shards_destroy(floor_shards *_Nullable shards);

/// Removes all shards, and returns their buffers to the system.
void floor_shards_clear(floor_shards *shards);

/// The sum of the shards' sizes in bytes.
size_t floor_shards_byte_count(const floor_shards *shards);

/// The number of runs of chunks.
int64_t floor_shards_run_count(const floor_shards *shards);

/// The maximum size of a run, in wire form or encoded. Make the workers for this size.
size_t floor_shards_largest_run(const floor_shards *shards);

/// Encodes every chunk and overwrites every shard.
///
/// Each run is encoded into a part of the buffer of its shard. The thread that completes a shard writes it: one `open`,
/// one `writev` for each 1000 runs, `close`.
int floor_shards_write(floor_shards *shards, floor_workers *workers);

/// Reads and decodes every run with one `pread`, after `floor_shards_write` has written them.
///
/// - `blocks`: the decoded runs, as in `floor_read`.
int floor_shards_read(floor_shards *shards, floor_workers *workers, floor_blocks *_Nullable blocks);

/// Reads one element on the calling thread: `open`, `pread` of its chunk, `close`, and a walk to the element.
///
/// - `element` is valid until the workers are used again.
int floor_shards_read_element(
    floor_shards *shards, floor_workers *workers, int64_t chunk, int64_t index_in_chunk, floor_bytes *element);

// MARK: Uncompressed loops

/// Writes the wire form of `count` blobs in one buffer: `u32` count, then `u32` length and bytes of each.
///
/// - `bytes`: null only if all blobs are empty.
/// - `offsets`: `count + 1` positions within `bytes`, or null if there are no blobs.
/// - `padding_count`: the number of empty elements to add after the blobs.
int floor_encode_wire(
    const uint8_t *_Nullable bytes, const int64_t *_Nullable offsets, int64_t count, int64_t padding_count,
    uint8_t *output, size_t room, size_t *written);

/// Writes the wire form of `count` separate blobs.
int floor_encode_wire_from_objects(
    const floor_bytes *blobs, int64_t count, uint8_t *output, size_t room, size_t *written);

/// Decodes a wire form to one buffer and offsets.
///
/// Every length is checked before it is used, and no byte may follow the last element.
///
/// - `count`: the required number of elements.
/// - `output_offsets`: room for `count + 1` positions, the first of which is 0.
int floor_decode_wire(
    const uint8_t *wire, size_t byte_count, int64_t count, uint8_t *output, size_t room,
    int64_t *output_offsets);

/// Copies `byte_count` bytes with one `memcpy`.
void floor_memcpy(void *destination, const void *source, size_t byte_count);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
