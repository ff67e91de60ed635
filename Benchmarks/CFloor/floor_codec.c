#include <string.h>

#include "floor_private.h"

int floor_encode_chunk(
    floor_codec codec, floor_worker *worker, floor_bytes chunk, floor_bytes *encoded) {
  if (chunk.byte_count >= worker->decoded_capacity) return FLOOR_TOO_LARGE;
  encoded->start = worker->encoded;
  switch (codec.kind) {
    case FLOOR_CODEC_ZSTD: {
      size_t written = ZSTD_compress2(
          worker->compressor, worker->encoded, worker->encoded_capacity, chunk.start,
          chunk.byte_count);
      if (ZSTD_isError(written)) return FLOOR_COMPRESSION_FAILED;
      encoded->byte_count = written;
      return FLOOR_OK;
    }
    case FLOOR_CODEC_LZ4: {
      uint32_t byte_count = (uint32_t)chunk.byte_count;
      memcpy(worker->encoded, &byte_count, 4);
      int written = LZ4_compress_fast_extState(
          worker->lz4_state, chunk.start, (char *)worker->encoded + 4, (int)byte_count,
          (int)(worker->encoded_capacity - 5), codec.setting);
      if (written <= 0) return FLOOR_COMPRESSION_FAILED;
      encoded->byte_count = 4 + (size_t)written;
      return FLOOR_OK;
    }
    default:
      *encoded = chunk;
      return FLOOR_OK;
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
