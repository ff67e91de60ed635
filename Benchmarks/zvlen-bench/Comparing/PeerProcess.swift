import Foundation

/// A rival in a process of its own, which runs for as long as this object lives.
final class PeerProcess {
  /// What the rival says of itself.
  let introduction: PeerAnswer
  private let process: Process
  private let jobs: FileHandle
  private let answers: FileHandle
  private var received: [UInt8] = []

  /// A rival that has not answered for so long is given up.
  private static let timeoutSeconds = 120.0

  /// Starts a rival.
  ///
  /// - Throws: ``CompetitorError`` where there is none.
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
    // The ends of the pipes that the rival has; without this there is no end of file when it ends.
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
    // It has nothing to put away, and some libraries take long to end.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// The process's number.
  var processIdentifier: Int32 { process.processIdentifier }

  /// Whether it can take jobs.
  var isRunning: Bool { process.isRunning }

  /// Has a job done.
  ///
  /// - Throws: ``CompetitorError`` where it cannot be done or fails.
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
