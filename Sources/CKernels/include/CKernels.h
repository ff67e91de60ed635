#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every function here can be called from any thread, does not allocate, and reads nothing outside the bytes
// that it is given, unless it says so. No alignment is needed. `bytes` may be null where there are none.

/// Continues the CRC-32C (Castagnoli, as in RFC 3720) `checksum` of the bytes before `bytes` over `count`
/// bytes.
///
/// Start with 0. The checksum of a whole is that of its second part continued from that of its first:
/// `crc(crc(0, a), b) == crc(0, a + b)`. The check value, for the nine bytes "123456789", is 0xe3069283.
///
/// - Complexity: O(`count`), with the processor's own instructions where it has them.
uint32_t ckernels_crc32c(uint32_t checksum, const void *bytes, size_t count);

/// `ckernels_crc32c` with nothing but C: the path of processors without a CRC-32C instruction.
///
/// - Complexity: O(`count`).
uint32_t ckernels_crc32c_portable(uint32_t checksum, const void *bytes, size_t count);

/// Whether the `count` bytes are well-formed UTF-8, as table 3-7 of the Unicode standard defines it.
///
/// Overlong forms, surrogates, code points above U+10FFFF, cut sequences and stray continuation bytes are
/// ill-formed. No bytes at all are well-formed; so is U+0000, a byte of its own here.
///
/// - Complexity: O(`count`), also for bytes that are ill-formed early.
bool ckernels_is_utf8(const void *bytes, size_t count);

/// `ckernels_is_utf8` with nothing but C: the path of processors without AVX2.
///
/// - Complexity: O(`count`); stops at the first fault.
bool ckernels_is_utf8_portable(const void *bytes, size_t count);

/// Whether the `count` bytes surely are JSON text in UTF-8, as RFC 8259 defines it, with arrays and objects nested
/// at most `maximum_depth` deep.
///
/// False leaves it open: read the text by other means, which also find out where it is wrong. This is so for all
/// texts on processors without AVX2, and for those nested more than 63 deep. A half of a surrogate pair is accepted as an
/// escape. A byte order mark, NaN and infinities are no JSON.
///
/// - Complexity: O(`count`).
bool ckernels_is_json(const void *bytes, size_t count, size_t maximum_depth);

/// The index of the first element in wire form that is not well-formed UTF-8, or `element_count` if all are.
///
/// Each element has to be well-formed on its own: a character may not begin in one and end in the next.
///
///     | u32 count₀ | count₀ bytes | u32 count₁ | count₁ bytes | …          little endian, nothing aligned
///
/// The caller has checked that the elements fit `byte_count`. An element that does not fit is reported as a
/// fault all the same, and never read. Bytes after the last element are not looked at.
///
/// - Complexity: O(`byte_count`).
size_t ckernels_wire_utf8_failure(const void *bytes, size_t byte_count, size_t element_count);

/// The bytes that `ckernels_sample` copies.
enum { ckernels_sample_byte_count = 16384 };

/// Copies runs from all over the `count` bytes to `sample`, to find out whether they can be compressed.
///
/// Returns early, with false, if some values are so much more frequent than others that they can. There must be as many
/// bytes as are copied.
///
/// - Complexity: O(1).
bool ckernels_sample(const void *bytes, size_t count, void *sample);

/// Whether a part of the bytes is found at another place too, in at least one of eight places where this looks.
///
/// Where `count` is below 2 MiB, it finds all repetitions of 1,024 bytes and more, however far apart, and in more bytes
/// only longer ones.
///
/// - Complexity: O(`count`), at a small part of the speed of memory.
bool ckernels_repeats(const void *bytes, size_t count);

/// Elements back to back: the one of index i between offset i and offset i + 1 of `bytes`.
typedef struct {
  const uint8_t *bytes;
  size_t byte_count;

  /// One more than there are elements, of 64 bits with a sign or of 32 bits without.
  const void *offsets;
  bool has_64_bit_offsets;

  /// The number of elements.
  size_t count;

  /// The bytes that an element may have at most.
  uint32_t largest;
} CKernelsElements;

/// How far a kernel came.
typedef struct {
  size_t element_count;

  /// The bytes that it wrote.
  size_t byte_count;
} CKernelsProgress;

/// Lays out elements in wire form: 4 bytes with the length of each, little endian, and its bytes.
///
/// It stops before the first element that is not in order (offsets that decrease or lie outside of the bytes,
/// one larger than `largest`), that does not fit `room`, or that fewer than 64 bytes follow. It may therefore
/// stop before the last one. The caller has to check that element.
///
/// The 64 bytes after the `room` bytes at `output` may be written too.
///
/// - Complexity: O(*n*) in the bytes of the elements.
CKernelsProgress ckernels_lay_out(CKernelsElements elements, void *output, size_t room);

/// `ckernels_lay_out` with nothing but C: the path of processors without AVX2.
CKernelsProgress ckernels_lay_out_portable(CKernelsElements elements, void *output, size_t room);

/// Copies `count` elements in wire form back to back to `output`, and writes where each of them ends there,
/// with `base` added.
///
/// It stops before the first element that is larger than what is left of the `room` bytes.
///
/// The 64 bytes after the elements may be read, and the 64 bytes after the `room` bytes of output may be
/// written.
///
/// - Complexity: O(*n*) in the bytes of the elements.
CKernelsProgress ckernels_take_apart(
  const void *elements, size_t count, size_t room, void *output, int64_t *ends, int64_t base);

/// `ckernels_take_apart` with nothing but C.
CKernelsProgress ckernels_take_apart_portable(
  const void *elements, size_t count, size_t room, void *output, int64_t *ends, int64_t base);

/// Where the `needle_count` bytes of a needle begin for the first time in `count` bytes, or `count` if they do not occur.
///
/// `first` and `second` are places in the needle whose bytes are compared before the others. They may be the same; the
/// search is fast if these bytes are rare.
///
/// The needle has at least one byte.
///
/// - Complexity: O(`count` * `needle_count`), and about O(`count`) unless both bytes are common.
size_t ckernels_find(
  const void *bytes, size_t count, const void *needle, size_t needle_count, size_t first, size_t second);

// Tests have to reach every path that this processor can take, not only the one that it does take. Path 0 is
// the portable one, and the last is the one taken; a path that does not exist stands for path 0.

/// How many paths `ckernels_crc32c` has here.
size_t ckernels_crc32c_path_count(void);

/// `ckernels_crc32c` by one of its paths.
uint32_t ckernels_crc32c_by_path(size_t path, uint32_t checksum, const void *bytes, size_t count);

/// How many paths `ckernels_is_utf8` has here.
size_t ckernels_is_utf8_path_count(void);

/// `ckernels_is_utf8` by one of its paths.
bool ckernels_is_utf8_by_path(size_t path, const void *bytes, size_t count);

/// How many paths `ckernels_find` has here.
size_t ckernels_find_path_count(void);

/// `ckernels_find` by one of its paths.
size_t ckernels_find_by_path(
  size_t path, const void *bytes, size_t count, const void *needle, size_t needle_count, size_t first,
  size_t second);

/// Asks the processor to fetch the cache line at `address`, which may be anywhere: nothing is read.
static inline void ckernels_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
