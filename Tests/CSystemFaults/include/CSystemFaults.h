#pragma once

/// Calls to the system that can fail.
enum systemfaults_calls {
  /// Opening files, also to create them.
  systemfaults_open = 1,
  /// Making directories and giving files their names.
  systemfaults_name = 2,
  /// Writing to regular files, and closing those that were written.
  systemfaults_write = 4,
  /// Waiting for the disk.
  systemfaults_synchronize = 8,
  /// Having files exchange their names, or get names that no other has.
  systemfaults_exchange = 16,
};

/// From now on counts those calls of the process that are in `calls`, and has some of them fail with `code`.
///
/// - Parameters:
///   - calls: The sum of which calls.
///   - code: What they fail with, or 0 for none.
///   - first: The first one that fails, counted from 0.
///   - last: The last one.
///
/// From then on the process synchronizes nothing to the disk, which takes long and shows nothing.
void systemfaults_begin(int calls, int code, long first, long last);

/// From now on has every write to a regular file write half of its bytes, and says that each other call is
/// interrupted.
void systemfaults_begin_interruptions(void);

/// Lets all calls through again, and returns how many were counted.
long systemfaults_end(void);
