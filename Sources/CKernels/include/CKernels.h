#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Continues the CRC-32C (Castagnoli) `checksum` of the bytes before `bytes` over `count` bytes.
/// Start with 0.
uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count);

/// Whether the `count` bytes are well-formed UTF-8.
bool ckernels_is_utf8(const void *bytes, size_t count);
