#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

// JSON is checked in two steps for each 64 bytes, as masks with a bit for each byte.
//
//     text       {"a\"b": [12, true]}
//     strings    .#####..............   with the opening quotes, without the closing ones
//     tokens     ##.....#.##.#.#...##   brackets, commas, colons, opening quotes, and the first bytes of
//                                       numbers and words
//
// The first step finds tokens with vector instructions. The second one follows them through the grammar.

#define AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2")))

/// Where a token stands in the grammar: by how many bits `next_states` is shifted.
enum {
  FAILED = 0,
  AT_DOCUMENT = 6,  // before the value of the document
  AT_ITEM = 12,     // after a comma of an array
  AT_ITEMS = 18,    // after its opening bracket
  AFTER_ITEM = 24,
  AT_KEY = 30,   // after a comma of an object
  AT_KEYS = 36,  // after its opening brace
  AFTER_KEY = 42,
  AT_MEMBER = 48,  // after a colon
  AFTER_MEMBER = 54,
  AT_END = 60,  // after the value of the document, or of what a bracket closes
};

#define TO(from, to) ((uint64_t)(to) << (from))

/// `to` from the states in which a value may begin.
#define FROM_VALUES(to) (TO(AT_DOCUMENT, to) | TO(AT_ITEM, to) | TO(AT_ITEMS, to) | TO(AT_MEMBER, to))

#define SCALAR                                                                                       \
  (TO(AT_DOCUMENT, AT_END) | TO(AT_ITEM, AFTER_ITEM) | TO(AT_ITEMS, AFTER_ITEM) |                    \
   TO(AT_MEMBER, AFTER_MEMBER))

/// The next state for the first byte of a token: the six bits at the state before. Nothing follows `AT_END`.
static const uint64_t next_states[256] = {
  ['"'] = SCALAR | TO(AT_KEY, AFTER_KEY) | TO(AT_KEYS, AFTER_KEY),
  ['-'] = SCALAR,
  ['0' ... '9'] = SCALAR,
  ['t'] = SCALAR,
  ['f'] = SCALAR,
  ['n'] = SCALAR,
  ['['] = FROM_VALUES(AT_ITEMS),
  ['{'] = FROM_VALUES(AT_KEYS),
  [']'] = TO(AT_ITEMS, AT_END) | TO(AFTER_ITEM, AT_END),
  ['}'] = TO(AT_KEYS, AT_END) | TO(AFTER_MEMBER, AT_END),
  [':'] = TO(AFTER_KEY, AT_MEMBER),
  [','] = TO(AFTER_ITEM, AT_ITEM) | TO(AFTER_MEMBER, AT_KEY),
};

/// What may follow a number or a word. Other bytes would belong to it, and are no token of their own.
static const bool ends_scalar[256] = {
  [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [','] = true, [']'] = true, ['}'] = true,
};

/// The largest depth of arrays and objects that can be followed: a bit for each, and one for the document.
#define LARGEST_DEPTH 63

/// The masks of 64 bytes.
typedef struct {
  uint64_t quotes, backslashes, controls, structure, spaces, digits, points, above_ascii;
} Masks;

/// Bits for the bytes of two vectors whose highest bit is set.
AVX2 static inline uint64_t mask(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 static inline uint64_t equal(__m256i low, __m256i high, char byte) {
  __m256i bytes = _mm256_set1_epi8(byte);
  return mask(_mm256_cmpeq_epi8(low, bytes), _mm256_cmpeq_epi8(high, bytes));
}

/// Where `table` has the byte itself at the byte's low half. Bytes above ASCII are nowhere.
AVX2 static inline uint64_t listed(__m256i low, __m256i high, __m256i table) {
  return mask(
    _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, low), low),
    _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, high), high));
}

AVX2 static inline __m256i between_0_and_9(__m256i bytes) {
  __m256i digits = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
  return _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits);
}

AVX2 static inline Masks masks_of(const uint8_t *bytes) {
  __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
  __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
  // A byte is listed if it stands at its own low half. Where none is listed, a byte with another low half stands.
  const __m256i space_table = _mm256_broadcastsi128_si256(
    _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
  // With the bit 0x20 set, brackets are braces, and comma and colon stay.
  const __m256i structure_table = _mm256_broadcastsi128_si256(
    _mm_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
  const __m256i bit = _mm256_set1_epi8(0x20);
  const __m256i last_control = _mm256_set1_epi8(0x1f);
  return (Masks){
    .quotes = equal(low, high, '"'),
    .backslashes = equal(low, high, '\\'),
    .controls = mask(
      _mm256_cmpeq_epi8(_mm256_max_epu8(low, last_control), last_control),
      _mm256_cmpeq_epi8(_mm256_max_epu8(high, last_control), last_control)),
    .structure = listed(_mm256_or_si256(low, bit), _mm256_or_si256(high, bit), structure_table),
    .spaces = listed(low, high, space_table),
    .digits = mask(between_0_and_9(low), between_0_and_9(high)),
    .points = equal(low, high, '.'),
    .above_ascii = mask(low, high),
  };
}

/// The masks of the fewer than 64 bytes from `start` to the end, as if spaces followed them.
AVX2 static inline Masks masks_of_rest(const uint8_t *bytes, size_t count, size_t start) {
  unsigned missing = (unsigned)(start + 64 - count);
  Masks masks;
  if (count >= 64) {
    masks = masks_of(bytes + count - 64);
  } else {
    // The bytes of a short text end where those of a long one do.
    uint8_t text[64] = {0};
    memcpy(text + missing, bytes, count);
    masks = masks_of(text);
  }
  masks.quotes >>= missing;
  masks.backslashes >>= missing;
  masks.controls >>= missing;
  masks.structure >>= missing;
  masks.spaces = masks.spaces >> missing | ~(~0ull >> missing);
  masks.digits >>= missing;
  masks.points >>= missing;
  return masks;
}

/// Each bit is whether the number of bits up to it is odd.
AVX2 static inline uint64_t parities(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/// The end of the number or word at `bytes`, or null if it is none.
static inline const uint8_t *end_of_scalar(const uint8_t *bytes, const uint8_t *end) {
  size_t count = (size_t)(end - bytes);
  if (count >= 4 && (memcmp(bytes, "true", 4) == 0 || memcmp(bytes, "null", 4) == 0)) return bytes + 4;
  if (count >= 5 && memcmp(bytes, "false", 5) == 0) return bytes + 5;
  if (*bytes == '-') bytes++;
  if (bytes == end || !is_digit(*bytes)) return NULL;
  if (*bytes++ != '0') {
    while (bytes < end && is_digit(*bytes)) bytes++;
  }
  if (bytes < end && *bytes == '.') {
    bytes++;
    if (bytes == end || !is_digit(*bytes)) return NULL;
    while (bytes < end && is_digit(*bytes)) bytes++;
  }
  if (bytes < end && (*bytes | 0x20) == 'e') {
    bytes++;
    if (bytes < end && (*bytes == '+' || *bytes == '-')) bytes++;
    if (bytes == end || !is_digit(*bytes)) return NULL;
    while (bytes < end && is_digit(*bytes)) bytes++;
  }
  return bytes;
}

/// Whether the number that begins at bit `first` surely ends in these 64 bytes and has digits and one point at most,
/// as most numbers do.
static inline bool is_plain_number(const uint8_t *bytes, unsigned first, uint64_t scalars, Masks masks) {
  uint64_t after = ~(scalars >> first);
  // A sum below 64 leaves a byte after the number.
  unsigned count = (unsigned)__builtin_ctzll(after);
  if (after == 0 || first + count >= 64) return false;
  uint64_t all = (1ull << count) - 1;
  uint64_t others = ~(masks.digits >> first) & all;
  uint64_t points = masks.points >> first & all;
  // The point is the only other byte, and neither the first nor the last one.
  if (others != points || (others & (others - 1)) || (others & (1 | 1ull << (count - 1)))) return false;
  return bytes[first] != '0' || count == 1 || others == 2;
}

/// Whether the byte after a backslash begins what may follow one.
static inline bool is_escape(const uint8_t *bytes, const uint8_t *end) {
  switch (*bytes) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': return true;
    case 'u': break;
    default: return false;
  }
  if (end - bytes < 5) return false;
  for (size_t index = 1; index < 5; index++) {
    uint8_t byte = bytes[index] | 0x20;
    if (!is_digit(bytes[index]) && !(byte >= 'a' && byte <= 'f')) return false;
  }
  return true;
}

AVX2 static bool is_json_avx2(const uint8_t *bytes, size_t count, size_t maximum_depth) {
  const uint8_t *end = bytes + count;
  uint64_t state = AT_DOCUMENT;
  size_t depth = 0;
  // A bit for each open bracket, the last one lowest: whether it is that of an object.
  uint64_t objects = 0;

  uint64_t in_string = 0;     // all bits if the byte before the block is in a string
  uint64_t is_escaped = 0;    // bit 0 if the first byte of the block is
  uint64_t after_scalar = 0;  // bit 0 if a number or word goes on in the block
  uint64_t above_ascii = 0;

  for (size_t start = 0; start < count; start += 64) {
    const uint8_t *block = bytes + start;
    uint8_t rest[64];
    if (count - start < 64) {
      memset(rest, ' ', 64);
      memcpy(rest, block, count - start);
      block = rest;
    }
    Masks masks = masks_of(block);
    above_ascii |= masks.above_ascii;

    uint64_t escaped = is_escaped;
    is_escaped = 0;
    // Backslashes are rare enough to go through them one by one.
    for (uint64_t left = masks.backslashes & ~escaped; left;) {
      uint64_t next = (left & -left) << 1;
      if (next) {
        escaped |= next;
      } else {
        is_escaped = 1;
      }
      left &= left - 1;
      left &= ~next;
    }
    uint64_t quotes = masks.quotes & ~escaped;
    uint64_t strings = parities(quotes) ^ in_string;
    in_string = (uint64_t)((int64_t)strings >> 63);

    // Outside of strings a backslash is no token that can begin a value.
    for (uint64_t left = escaped & strings; left; left &= left - 1) {
      if (!is_escape(bytes + start + (size_t)__builtin_ctzll(left), end)) return false;
    }
    if (masks.controls & strings) return false;

    uint64_t structure = masks.structure & ~strings;
    uint64_t scalars = ~(structure | masks.spaces | strings | quotes);
    uint64_t tokens = structure | (quotes & strings) | (scalars & ~(scalars << 1 | after_scalar));
    after_scalar = scalars >> 63;

    for (uint64_t left = tokens & scalars; left; left &= left - 1) {
      unsigned first = (unsigned)__builtin_ctzll(left);
      if (is_plain_number(block, first, scalars, masks)) continue;
      const uint8_t *after = end_of_scalar(bytes + start + first, end);
      if (!after || (after < end && !ends_scalar[*after])) return false;
    }

    for (; tokens; tokens &= tokens - 1) {
      uint8_t token = block[__builtin_ctzll(tokens)];
      state = next_states[token] >> (state & 63);
      if ((token & 0xd9) != ('[' & 0xd9)) continue;
      if (token & 4) {
        // It closes.
        if ((state & 63) != AT_END) return false;
        objects >>= 1;
        state = --depth == 0 ? AT_END : objects & 1 ? AFTER_MEMBER : AFTER_ITEM;
      } else {
        if (++depth > maximum_depth) return false;
        objects = objects << 1 | (token == '{');
      }
    }
    if ((state & 63) == FAILED) return false;
  }
  // The opening quote of a string has already set the state.
  if ((state & 63) != AT_END || in_string) return false;
  return !above_ascii || ckernels_is_utf8(bytes, count);
}

static bool has_path = false;

__attribute__((constructor)) static void find_path(void) {
  __builtin_cpu_init();
  has_path =
    __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") &&
    __builtin_cpu_supports("bmi2");
}

bool ckernels_is_json(const void *bytes, size_t count, size_t maximum_depth) {
  if (!has_path) return false;
  return is_json_avx2(bytes, count, maximum_depth < LARGEST_DEPTH ? maximum_depth : LARGEST_DEPTH);
}

#else

bool ckernels_is_json(const void *bytes, size_t count, size_t maximum_depth) {
  (void)bytes;
  (void)count;
  (void)maximum_depth;
  return false;
}

#endif
