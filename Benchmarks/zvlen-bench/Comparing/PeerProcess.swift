import CommandLineOptions
import Foundation

/// A rival in a process of its own, which ends with this object.
final class PeerProcess {
  /// The rival's introduction.
  let introduction: PeerAnswer
  private let process: Process
  private let jobs: FileHandle
  private let answers: FileHandle
  private var received: [UInt8] = []

  /// A rival that does not answer within this time is given up.
  private static let timeoutSeconds = 120.0

  /// Starts a rival.
  ///
  /// - Throws: ``CompetitorError`` if the rival is not installed.
  init(name: String, workers: Int, environment: PeerEnvironment) throws {
    // A rival that has ended must not end this process too.
    signal(SIGPIPE, SIG_IGN)
    let input = Pipe()
    let output = Pipe()
    process = Process()
    process.executableURL = URL(fileURLWithPath: environment.python)
    process.arguments = [environment.driver, name, String(workers)]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    jobs = input.fileHandleForWriting
    answers = output.fileHandleForReading
    do {
      try process.run()
    } catch {
      throw CompetitorError.unsupported("cannot start \(environment.python)")
    }
    // The rival holds these ends. Left open here, they would hide the end of file when it exits.
    try? input.fileHandleForReading.close()
    try? output.fileHandleForWriting.close()
    var first: [UInt8] = []
    do {
      introduction = try Self.answer(from: answers, received: &first)
    } catch {
      kill(process.processIdentifier, SIGKILL)
      throw error
    }
    received = first
  }

  deinit {
    try? jobs.close()
    // The rival has nothing to save, and some libraries take long to exit.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// The process identifier.
  var processIdentifier: Int32 { process.processIdentifier }

  /// Whether it can take jobs.
  var isRunning: Bool { process.isRunning }

  /// Runs a job.
  ///
  /// - Throws: ``CompetitorError`` if the rival cannot do the job, or fails.
  @discardableResult
  func run(_ job: PeerJob) throws -> PeerAnswer {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      try jobs.write(contentsOf: encoder.encode(job) + Data("\n".utf8))
    } catch {
      throw CompetitorError.failed("its process has ended")
    }
    return try Self.answer(from: answers, received: &received)
  }

  private static func answer(from file: FileHandle, received: inout [UInt8]) throws -> PeerAnswer {
    let line = try line(from: file, received: &received)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let answer = try decoder.decode(PeerAnswer.self, from: Data(line))
    if let reason = answer.unsupported { throw CompetitorError.unsupported(reason) }
    if let message = answer.error { throw CompetitorError.failed(message) }
    return answer
  }

  private static func line(from file: FileHandle, received: inout [UInt8]) throws -> [UInt8] {
    let stopwatch = Stopwatch()
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(received[..<end])
        received.removeSubrange(...end)
        return line
      }
      let rest = timeoutSeconds - stopwatch.seconds
      var poll = pollfd(fd: file.fileDescriptor, events: Int16(POLLIN), revents: 0)
      // SAFETY: The call reads and writes one `pollfd`.
      let count = unsafe Foundation.poll(&poll, 1, Int32(max(0, rest) * 1000))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw CompetitorError.failed("no answer within \(Int(timeoutSeconds)) seconds")
      }
      let bytes = file.availableData
      guard !bytes.isEmpty else { throw CompetitorError.failed("its process has ended") }
      received += bytes
    }
  }
}

/// A job for a rival; `Benchmarks/Peers/driver.py` describes it.
struct PeerJob: Encodable {
  /// How the blobs are stored.
  struct Setting: Encodable {
    let blobsPerChunk: Int
    let chunkBytes: Int
    let blobsPerShard: Int?
    let codec: String
    let level: Int
  }

  let job: String
  var directory: String?
  var setting: Setting?
  var layout: Layout?
  /// The number of blobs to write.
  var count: Int?
  /// The first blob to append.
  var first: Int?
  var indices: [Int]?
  /// Whether blobs are read from what is open, and was read before.
  var warm: Bool?
  /// The blobs that are read at a time, or nil for all.
  var batch: Int?
  var verify: Bool?
  var memory: Bool?
  /// The files with the blobs and their offsets.
  var bytes: String?
  var offsets: String?
}

extension PeerJob.Setting {
  /// A setting in the form that all rivals understand.
  init(_ setting: ComparisonSetting, _ shape: ChunkCounts) {
    let (codec, level): (String, Int) =
      switch setting.codecChoice {
      case .zstd(let level): ("zstd", level)
      case .lz4(let acceleration): ("lz4", acceleration)
      case .none, .gzip, .zlib, .bz2, .lzma, .blosc: (setting.codec, 0)
      }
    self.init(
      blobsPerChunk: shape.blobsPerChunk, chunkBytes: setting.chunkBytes, blobsPerShard: shape.blobsPerShard,
      codec: codec, level: level)
  }
}

/// The answer of a rival, or its introduction.
struct PeerAnswer: Decodable {
  let version: String?
  let layouts: [Layout]?
  let note: String?
  let seconds: Double?
  let processorSeconds: Double?
  let start: Double?
  let end: Double?
  let peakBytes: Int?
  let latencies: [Double]?
  let count: Int?
  let bytesCrc: UInt32?
  let lengthsCrc: UInt32?
  let unsupported: String?
  let error: String?
}

/// The Python environment of the rivals.
struct PeerEnvironment {
  /// The interpreter.
  let python: String
  /// The program that runs a rival.
  let driver: String

  /// The rivals, in the order of the tables.
  static let names = [
    "zarrs", "zarr-python fused", "zarr-python", "zarrs-python", "Parquet", "Arrow IPC", "Lance", "Vortex",
    "LMDB", "HDF5",
  ]

  /// Creates an environment from its parts.
  init(python: String, driver: String) {
    self.python = python
    self.driver = driver
  }

  /// Finds the environment in the package that this program was built from.
  init() {
    // Benchmarks/zvlen-bench/Comparing/PeerProcess.swift
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    python = root.appendingPathComponent(".venv-peers/bin/python").path
    driver = root.appendingPathComponent("Benchmarks/Peers/driver.py").path
  }

  /// Whether the rivals were installed.
  var exists: Bool { FileManager.default.isExecutableFile(atPath: python) }
}
