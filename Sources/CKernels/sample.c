#include <string.h>

#include "CKernels.h"

// Whether bytes can be compressed, from a look at few of them.

enum { run_count = 32, run_byte_count = ckernels_sample_byte_count / run_count };

/// The runs whose values are counted, the first ones of the sample.
enum { counted_run_count = 8 };

/// The place of a run. The first ones are from all over the bytes, and a shift keeps runs from having the same place in
/// records whose size is a power of two.
static size_t place_of_run(size_t run, size_t count) {
  size_t part = (count - run_byte_count) / run_count;
  size_t number = run % counted_run_count * (run_count / counted_run_count) + run / counted_run_count;
  return number * part + (part == 0 ? 0 : number * 2654435761u % part);
}

bool ckernels_sample(const void *bytes, size_t count, void *sample) {
  const uint8_t *from = bytes;
  uint8_t *to = sample;
  // Tables in turns, so that an addition need not wait for the one before it.
  uint32_t counts[4][256] = {0};
  for (size_t run = 0; run < counted_run_count; run += 1) {
    uint8_t *copy = to + run * run_byte_count;
    memcpy(copy, from + place_of_run(run, count), run_byte_count);
    for (size_t index = 0; index < run_byte_count; index += 4) {
      counts[0][copy[index]] += 1;
      counts[1][copy[index + 1]] += 1;
      counts[2][copy[index + 2]] += 1;
      counts[3][copy[index + 3]] += 1;
    }
  }
  uint64_t squares = 0;
  for (size_t value = 0; value < 256; value += 1) {
    uint64_t all = counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
    squares += all * all;
  }
  // Random bytes have 1.06 times the square of even counts in so few of them. Those of 7.8 bits have 1.25 times.
  const uint64_t total = counted_run_count * run_byte_count;
  if (squares * 256 * 4 > total * total * 5) return false;
  for (size_t run = counted_run_count; run < run_count; run += 1) {
    memcpy(to + run * run_byte_count, from + place_of_run(run, count), run_byte_count);
  }
  return true;
}

static uint64_t word_at(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

// A word is taken from every place of a grid. Where bytes repeat others, one of as many words in a row as the grid is
// wide is a repetition of one of these.
//
//     grid       |w       |w       |w       |w       |w       |w
//     looked up             wwwwwwww           wwwwwwww
bool ckernels_repeats(const void *bytes, size_t count) {
  enum { word_count = 4096, least_step = 512, look_count = 8 };
  const uint8_t *from = bytes;
  if (count < 2 * least_step) return false;
  const size_t last = count - sizeof(uint64_t);
  size_t step = least_step;
  while (count / step > word_count) step *= 2;
  uint64_t words[word_count] = {0};
  for (size_t place = 0; place <= last; place += step) {
    uint64_t word = word_at(from + place);
    uint64_t *slot = &words[word * 0x9e3779b97f4a7c15u >> 52];
    // Both are on the grid.
    if (word != 0 && *slot == word) return true;
    *slot = word;
  }
  for (size_t look = 0; look < look_count; look += 1) {
    size_t start = (last - step) / look_count * look + step / 2;
    for (size_t place = start; place < start + step && place <= last; place += 1) {
      uint64_t word = word_at(from + place);
      if (word != 0 && words[word * 0x9e3779b97f4a7c15u >> 52] == word && place % step != 0) return true;
    }
  }
  return false;
}
