#include <limits.h>
#include <string.h>

#include "floor_private.h"

int floor_encode_chunk_into(
    floor_codec codec, floor_worker *worker, floor_bytes chunk, void *output, size_t room,
    size_t *byte_count) {
  switch (codec.kind) {
    case FLOOR_CODEC_ZSTD: {
      size_t written =
          ZSTD_compress2(worker->compressor, output, room, chunk.start, chunk.byte_count);
      if (ZSTD_isError(written)) return FLOOR_COMPRESSION_FAILED;
      *byte_count = written;
      return FLOOR_OK;
    }
    case FLOOR_CODEC_LZ4: {
      if (room < 5 || chunk.byte_count > LZ4_MAX_INPUT_SIZE) return FLOOR_TOO_LARGE;
      uint32_t source_byte_count = (uint32_t)chunk.byte_count;
      memcpy(output, &source_byte_count, 4);
      int written = LZ4_compress_fast_extState(
          worker->lz4_state, chunk.start, (char *)output + 4, (int)source_byte_count,
          (int)(room - 5 > INT_MAX ? INT_MAX : room - 5), codec.setting);
      if (written <= 0) return FLOOR_COMPRESSION_FAILED;
      *byte_count = 4 + (size_t)written;
      return FLOOR_OK;
    }
    default:
      if (room < chunk.byte_count) return FLOOR_TOO_LARGE;
      if (chunk.byte_count) memcpy(output, chunk.start, chunk.byte_count);
      *byte_count = chunk.byte_count;
      return FLOOR_OK;
  }
}

int floor_encode_chunk(
    floor_codec codec, floor_worker *worker, floor_bytes chunk, floor_bytes *encoded) {
  if (chunk.byte_count >= worker->decoded_capacity) return FLOOR_TOO_LARGE;
  if (codec.kind == FLOOR_CODEC_NONE) {
    *encoded = chunk;
    return FLOOR_OK;
  }
  encoded->start = worker->encoded;
  return floor_encode_chunk_into(
      codec, worker, chunk, worker->encoded, worker->encoded_capacity, &encoded->byte_count);
}

size_t floor_encoded_bound(floor_codec codec, size_t byte_count) {
  switch (codec.kind) {
    case FLOOR_CODEC_ZSTD: return ZSTD_compressBound(byte_count);
    case FLOOR_CODEC_LZ4: return 5 + (size_t)LZ4_compressBound((int)byte_count);
    default: return byte_count;
  }
}

int floor_decoded_byte_count(floor_codec codec, floor_bytes encoded, size_t *byte_count) {
  switch (codec.kind) {
    case FLOOR_CODEC_ZSTD: {
      unsigned long long content = ZSTD_getFrameContentSize(encoded.start, encoded.byte_count);
      if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN)
        return FLOOR_DECOMPRESSION_FAILED;
      *byte_count = content;
      return FLOOR_OK;
    }
    case FLOOR_CODEC_LZ4: {
      uint32_t content;
      if (encoded.byte_count < 4) return FLOOR_DECOMPRESSION_FAILED;
      memcpy(&content, encoded.start, 4);
      *byte_count = content;
      return content > LZ4_MAX_INPUT_SIZE ? FLOOR_DECOMPRESSION_FAILED : FLOOR_OK;
    }
    default:
      *byte_count = encoded.byte_count;
      return FLOOR_OK;
  }
}

int floor_decode_chunk(
    floor_codec codec, floor_worker *worker, floor_bytes encoded, void *output, size_t byte_count) {
  switch (codec.kind) {
    case FLOOR_CODEC_ZSTD: {
      size_t written = ZSTD_decompressDCtx(
          worker->decompressor, output, byte_count, encoded.start, encoded.byte_count);
      return written == byte_count ? FLOOR_OK : FLOOR_DECOMPRESSION_FAILED;
    }
    case FLOOR_CODEC_LZ4: {
      int written = LZ4_decompress_safe(
          (const char *)encoded.start + 4, output, (int)(encoded.byte_count - 4), (int)byte_count);
      return written >= 0 && (size_t)written == byte_count ? FLOOR_OK : FLOOR_DECOMPRESSION_FAILED;
    }
    default:
      memcpy(output, encoded.start, byte_count);
      return FLOOR_OK;
  }
}
