// Counts the calls to the system that a process makes, and has some of them fail, end the process, or wait.
//
// Linked into a test, the functions below begin and end it. As a library that is loaded before all others, with
// LD_PRELOAD, it does the same to a program that knows nothing of it, as the environment says:
//
//     SYSTEMFAULTS_LOG      the file that gets a line for each counted call: what it is counted as, a number from
//                           below; its name; and its paths
//     SYSTEMFAULTS_CALLS    the sum of the calls that are counted, below
//     SYSTEMFAULTS_PATTERN  what names and paths are counted, as fnmatch(3) has it; all without it
//     SYSTEMFAULTS_FIRST    the first counted call to which something happens, counted from 0
//     SYSTEMFAULTS_LAST     the last one
//     SYSTEMFAULTS_ACTION   what happens: fail, interrupt, shorten, kill-before, kill-within, kill-after, hold
//     SYSTEMFAULTS_CODE     what failing calls fail with; without it nothing happens and calls are only counted
//
// A call that is held makes the file with the name of the log and `.held`, and waits until it is removed.
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
  /// Removing files and directories.
  systemfaults_remove = 32,
  /// Locking files, or bytes of them.
  systemfaults_lock = 64,
  /// Opening files that are created or emptied.
  systemfaults_create = 128,
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
