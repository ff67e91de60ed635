// Counts the system calls of a process, and makes some fail, end the process, or wait.
//
// In a test, the functions below start and stop it. Preloaded into another program with LD_PRELOAD, it follows the
// environment:
//
//     SYSTEMFAULTS_LOG      a file that gets a line for each counted call: the number of its kind (see below), its
//                           name, and its paths
//     SYSTEMFAULTS_CALLS    the sum of the kinds to count
//     SYSTEMFAULTS_PATTERN  the names and paths to count, as for fnmatch(3); by default all
//     SYSTEMFAULTS_FIRST    the first affected call, counted from 0
//     SYSTEMFAULTS_LAST     the last affected call
//     SYSTEMFAULTS_ACTION   the effect: fail, interrupt, shorten, kill-before, kill-within, kill-after, hold
//     SYSTEMFAULTS_CODE     the errno of failing calls; without it, calls are only counted
//
// A held call creates a file named like the log with `.held` after it, and waits until the file is removed.
#pragma once

/// The kinds of system calls that can fail.
enum systemfaults_calls {
  /// Opening and creating files.
  systemfaults_open = 1,
  /// Making directories, and naming files.
  systemfaults_name = 2,
  /// Writing to regular files, and closing written ones.
  systemfaults_write = 4,
  /// Synchronizing to the disk.
  systemfaults_synchronize = 8,
  /// Exchanging the names of files, or giving them unused names.
  systemfaults_exchange = 16,
  /// Removing files and directories.
  systemfaults_remove = 32,
  /// Locking files, or bytes of them.
  systemfaults_lock = 64,
  /// Opening files that are created or truncated.
  systemfaults_create = 128,
};

/// Starts to count calls, and to make some of them fail.
///
/// - Parameters:
///   - calls: The sum of the kinds to count.
///   - code: The errno of failing calls, or 0 to only count.
///   - first: The first call that fails, counted from 0.
///   - last: The last call that fails.
///
/// From then on the process does not synchronize to the disk, which would only take time.
void systemfaults_begin(int calls, int code, long first, long last);

/// From now on interrupts every second call; the other writes to regular files write half of their bytes.
void systemfaults_begin_interruptions(void);

/// Stops, and returns the number of counted calls.
long systemfaults_end(void);
