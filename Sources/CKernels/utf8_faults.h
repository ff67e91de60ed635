#pragma once

#include <stdint.h>

// The tables of a UTF-8 validation by look-ups, after J. Keiser and D. Lemire, "Validating UTF-8 In Less Than
// One Instruction Per Byte" (Software: Practice and Experience 51, 2021).
//
// Every fault but one shows in two neighbouring bytes, and there in three half-bytes: both halves of the
// first and the high half of the second. Each half looks up the set of faults that it allows. What all three
// allow is a fault.
//
// The exception is a continuation byte in third or fourth place: whether it belongs there says the lead byte
// two or three before it. So `two_continuations` has to be set where such a lead byte is, and nowhere else.

enum {
  no_continuation = 1 << 0,     // a lead byte, then no continuation byte
  stray_continuation = 1 << 1,  // ASCII, then a continuation byte
  overlong_in_two = 1 << 2,     // C0 or C1: below U+0080
  overlong_in_three = 1 << 3,   // E0, then 80..9F: below U+0800
  overlong_in_four = 1 << 4,    // F0, then 80..8F: below U+10000
  far_above_maximum = 1 << 4,   // F5..FF, then 80..8F. Shares a bit, since no low half allows both.
  above_maximum = 1 << 5,       // F4..FF, then 90..BF: above U+10FFFF
  surrogate = 1 << 6,           // ED, then A0..BF: U+D800..U+DFFF
  two_continuations = 1 << 7,   // the highest bit, which the test of third and fourth places leaves

  // Sets that several halves have in common.
  any_half = no_continuation | stray_continuation | two_continuations,
  above = any_half | above_maximum | far_above_maximum,
  continuation = stray_continuation | overlong_in_two | two_continuations,
};

#define FOUR_TIMES(set) set, set, set, set

static const uint8_t faults_of_first_high[16] = {
  FOUR_TIMES(stray_continuation),                                          // 0..3
  FOUR_TIMES(stray_continuation),                                          // 4..7
  FOUR_TIMES(two_continuations),                                           // 8..B
  no_continuation | overlong_in_two,                                       // C
  no_continuation,                                                         // D
  no_continuation | overlong_in_three | surrogate,                         // E
  no_continuation | overlong_in_four | above_maximum | far_above_maximum,  // F
};

static const uint8_t faults_of_first_low[16] = {
  any_half | overlong_in_two | overlong_in_three | overlong_in_four,  // 0
  any_half | overlong_in_two,                                         // 1
  any_half, any_half,                                                 // 2, 3
  any_half | above_maximum,                                           // 4
  FOUR_TIMES(above), FOUR_TIMES(above),                               // 5..C
  above | surrogate,                                                  // D
  above, above,                                                       // E, F
};

static const uint8_t faults_of_second_high[16] = {
  FOUR_TIMES(no_continuation),                                              // 0..3
  FOUR_TIMES(no_continuation),                                              // 4..7
  continuation | overlong_in_three | overlong_in_four | far_above_maximum,  // 8
  continuation | overlong_in_three | above_maximum,                         // 9
  continuation | surrogate | above_maximum,                                 // A
  continuation | surrogate | above_maximum,                                 // B
  FOUR_TIMES(no_continuation),                                              // C..F
};

#undef FOUR_TIMES
