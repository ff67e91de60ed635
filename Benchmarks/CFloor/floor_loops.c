#include <string.h>

#include "CFloor.h"

// The plain loops: one length and one `memcpy` for each blob.

int floor_encode_wire(
    const uint8_t *bytes, const int64_t *offsets, int64_t count, int64_t padding_count,
    uint8_t *output, size_t room, size_t *written) {
  if (count < 0 || padding_count < 0 || (count && !offsets)) return FLOOR_BAD_ARGUMENT;
  if (count > UINT32_MAX || padding_count > UINT32_MAX - count) return FLOOR_TOO_LARGE;
  if (room < 4) return FLOOR_NO_ROOM;
  uint32_t total = (uint32_t)(count + padding_count);
  memcpy(output, &total, 4);
  uint8_t *at = output + 4;
  uint8_t *end = output + room;
  for (int64_t i = 0; i < count; i++) {
    int64_t start = offsets[i];
    int64_t byte_count = offsets[i + 1] - start;
    if (byte_count < 0 || byte_count > UINT32_MAX) return FLOOR_TOO_LARGE;
    if ((size_t)(end - at) < 4 + (size_t)byte_count) return FLOOR_NO_ROOM;
    uint32_t length = (uint32_t)byte_count;
    memcpy(at, &length, 4);
    memcpy(at + 4, bytes + start, length);
    at += 4 + (size_t)length;
  }
  if ((size_t)(end - at) < 4 * (size_t)padding_count) return FLOOR_NO_ROOM;
  memset(at, 0, 4 * (size_t)padding_count);
  *written = (size_t)(at - output) + 4 * (size_t)padding_count;
  return FLOOR_OK;
}

int floor_encode_wire_from_objects(
    const floor_bytes *blobs, int64_t count, uint8_t *output, size_t room, size_t *written) {
  if (count < 0) return FLOOR_BAD_ARGUMENT;
  if (count > UINT32_MAX) return FLOOR_TOO_LARGE;
  if (room < 4) return FLOOR_NO_ROOM;
  uint32_t total = (uint32_t)count;
  memcpy(output, &total, 4);
  uint8_t *at = output + 4;
  uint8_t *end = output + room;
  for (int64_t i = 0; i < count; i++) {
    size_t byte_count = blobs[i].byte_count;
    if (byte_count > UINT32_MAX) return FLOOR_TOO_LARGE;
    if ((size_t)(end - at) < 4 + byte_count) return FLOOR_NO_ROOM;
    uint32_t length = (uint32_t)byte_count;
    memcpy(at, &length, 4);
    if (length) memcpy(at + 4, blobs[i].start, length);
    at += 4 + (size_t)length;
  }
  *written = (size_t)(at - output);
  return FLOOR_OK;
}

int floor_decode_wire(
    const uint8_t *wire, size_t byte_count, int64_t count, uint8_t *output, size_t room,
    int64_t *output_offsets) {
  uint32_t stored;
  if (byte_count < 4) return FLOOR_BAD_WIRE_FORM;
  memcpy(&stored, wire, 4);
  if (stored != count || stored > (byte_count - 4) / 4) return FLOOR_BAD_WIRE_FORM;
  const uint8_t *at = wire + 4;
  const uint8_t *end = wire + byte_count;
  // The room that the lengths leave for the bytes, so that one check bounds all writes.
  if (byte_count - 4 - 4 * (size_t)stored > room) return FLOOR_NO_ROOM;
  int64_t position = 0;
  output_offsets[0] = 0;
  for (int64_t i = 0; i < count; i++) {
    uint32_t length;
    if ((size_t)(end - at) < 4) return FLOOR_BAD_WIRE_FORM;
    memcpy(&length, at, 4);
    at += 4;
    if ((size_t)(end - at) < length) return FLOOR_BAD_WIRE_FORM;
    memcpy(output + position, at, length);
    at += length;
    position += length;
    output_offsets[i + 1] = position;
  }
  return at == end ? FLOOR_OK : FLOOR_BAD_WIRE_FORM;
}

void floor_memcpy(void *destination, const void *source, size_t byte_count) {
  memcpy(destination, source, byte_count);
}
