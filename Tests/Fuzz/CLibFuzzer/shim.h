#pragma once

#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer, which calls `callback` with one input after the other, with its own flags as `arguments`.
int LLVMFuzzerRunDriver(
    int *count, char ***arguments, int (*callback)(const uint8_t *bytes, size_t count));
