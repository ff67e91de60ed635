import CSystemFaults
import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Directories in which one call to the system fails, at each call in turn.
///
/// The calls are those of the process, which is one of its own for each job. So a disk, a quota and a limit
/// of open files can be had that are full at any moment, on every machine.
@Suite("Calls to the system that fail", .timeLimit(.minutes(10)))
struct SystemCallFaultTests {
  /// Why calls fail: what the system says, and of which calls.
  private static let causes: [(code: Int32, calls: systemfaults_calls)] = [
    (ENOSPC, systemfaults_calls(23)), (EDQUOT, systemfaults_calls(23)), (EROFS, systemfaults_calls(19)),
    (EMFILE, systemfaults_open), (EIO, systemfaults_calls(31)),
  ]

  @Test(
    "The error names the file and the cause, what was there stays, and the same call works afterwards",
    arguments: DirectoryJob.allCases)
  func everyCall(job: DirectoryJob) async {
    await #expect(processExitsWith: .success) { [job] in
      try blocking {
        for durability in [Durability.atomic, .durable] {
          for (code, calls) in Self.causes {
            // One call of many, and from one on all of them.
            for isLasting in [false, true] {
              var number = 0
              while try Self.run(job, durability, code, calls, number, isLasting) { number += 1 }
              #expect(number > 0, "\(job) \(durability) \(code)")
            }
          }
        }
      }
    }
  }

  /// Runs a job of which a call fails, and returns whether there was such a call.
  private static func run(
    _ job: DirectoryJob, _ durability: Durability, _ code: Int32, _ calls: systemfaults_calls, _ number: Int,
    _ isLasting: Bool
  ) throws -> Bool {
    let cause = String(cString: strerror(code))
    let comment: Comment = "\(job), \(durability), \(cause) at call \(number)\(isLasting ? " and later" : "")"
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path("store"), durability: durability)
    try DirectoryJob.prepare(store)
    var hasFailed = false
    systemfaults_begin(Int32(calls.rawValue), code, number, isLasting ? Int.max : number)
    try job.run(in: store) { call in
      do {
        try call()
      } catch {
        hasFailed = true
        let count = systemfaults_end()
        #expect(count > number, comment)
        #expect("\(error)".contains(cause), "\(comment): \(error)")
        #expect("\(error)".contains(directory.path("store")), "\(comment): \(error)")
        try DirectoryJob.checkCommitted(in: FileStore(opening: directory.path("store")), comment)
        do { try call() } catch let next { Issue.record("\(comment): \(error); then: \(next)") }
      }
    }
    // Some calls need not succeed.
    let hasHappened = hasFailed || systemfaults_end() > number
    try job.check(in: FileStore(opening: directory.path("store")), comment)
    let files = try directory.files()
    #expect(!files.contains { $0.hasSuffix(".partial") }, comment)
    return hasHappened
  }

  @Test(
    "File systems that cannot exchange files keep all promises but that of one step",
    arguments: [EINVAL, ENOSYS])
  func withoutExchange(code: Int32) async {
    await #expect(processExitsWith: .success) { [code] in
      try blocking {
        for job in DirectoryJob.allCases {
          let directory = try StoreDirectory()
          let store = try FileStore(creating: directory.path("store"))
          try DirectoryJob.prepare(store)
          systemfaults_begin(Int32(systemfaults_exchange.rawValue), code, 0, Int.max)
          try job.run(in: store) { call in try call() }
          // Replacements by others are visible too.
          let key = try StoreKey("value")
          for round in 0..<2 {
            let old = try store.openValue(key)
            try store.put([1], at: "value")
            #expect(throws: StoreError.changed(path: directory.path("store/value"))) {
              try store.write(key, over: .seen(old), byteCount: 1) { append in
                try append(([2] as [UInt8]).span.bytes)
              }
            }
            #expect(try store.value(of: "value") == [1], "round \(round)")
          }
          _ = systemfaults_end()
          try job.check(in: store, "\(job)")
          #expect(try directory.files().allSatisfy { !$0.hasSuffix(".partial") })
        }
      }
    }
  }

  @Test("Chunks of a region are synchronized many at a time, before any of them takes its place")
  func batches() async {
    await #expect(processExitsWith: .success) {
      try blocking {
        let directory = try StoreDirectory()
        let store = try FileStore(creating: directory.path("store"))
        let old = ArrayElements.numbered(600)
        let new = ArrayElements.numbered(600, label: "another ")
        try ZarrArray.create(
          in: store, writing: old, options: ArrayOptions(chunkSize: .rows(1), compressors: []))
        let array = try ZarrArray.open(in: FileStore(opening: directory.path("store"), durability: .durable))
        systemfaults_begin(Int32(systemfaults_synchronize.rawValue), EIO, 0, Int.max)
        let error = #expect(throws: ZarrError.self) { try array.write(new) }
        #expect(
          error?.storeError == .system(operation: "synchronize", path: directory.path("store"), code: EIO))
        _ = systemfaults_end()
        #expect(try array.read().arrays() == old)
        #expect(try directory.files().count == 601)
        systemfaults_begin(Int32(systemfaults_synchronize.rawValue), 0, 0, 0)
        try array.write(new)
        let count = systemfaults_end()
        #expect(count >= 2 && count <= 10, "\(count) times for 600 files")
        #expect(try array.read().arrays() == new)
        #expect(try directory.files().count == 601)
      }
    }
  }

  @Test(
    "Interrupted calls and those that write less than they were asked for go on",
    arguments: DirectoryJob.allCases)
  func interruptions(job: DirectoryJob) async {
    await #expect(processExitsWith: .success) { [job] in
      try blocking {
        for durability in Durability.allCases {
          let directory = try StoreDirectory()
          let store = try FileStore(creating: directory.path("store"), durability: durability)
          try DirectoryJob.prepare(store)
          systemfaults_begin_interruptions()
          try job.run(in: store) { call in try call() }
          #expect(systemfaults_end() > 0)
          try job.check(in: store, "\(job), \(durability)")
        }
      }
    }
  }

  @Test(
    "Signals that interrupt the process do no harm", arguments: DirectoryJob.allCases)
  func signals(job: DirectoryJob) async {
    await #expect(processExitsWith: .success) { [job] in
      try blocking {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGALRM, &action, nil)
        var interval = itimerval(
          it_interval: timeval(tv_sec: 0, tv_usec: 100), it_value: timeval(tv_sec: 0, tv_usec: 100))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &interval, nil)
        let directory = try StoreDirectory()
        for durability in Durability.allCases {
          let store = try FileStore(creating: directory.path("\(durability)"), durability: durability)
          try DirectoryJob.prepare(store)
          try job.run(in: store) { call in try call() }
          try job.check(in: store, "\(job), \(durability)")
        }
        // Another thread waits for a lock in the meantime.
        let (one, other) = (try FileStore(opening: directory.path), try FileStore(opening: directory.path))
        let lock = try one.lock("name", below: "", timeout: nil)
        let thread = Thread {
          usleep(20_000)
          lock?.unlock()
        }
        thread.start()
        #expect(try other.lock("name", below: "", timeout: nil) != nil)
      }
    }
  }
}
