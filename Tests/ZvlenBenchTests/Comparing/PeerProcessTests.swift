import Foundation
import Testing

@testable import zvlen_bench

@Suite("Rivals in processes of their own")
struct PeerProcessTests {
  /// A rival that is a shell script.
  private func process(_ script: String) throws -> PeerProcess {
    let path = NSTemporaryDirectory() + "zvlen-bench-peer-\(UUID().uuidString).sh"
    try Data(script.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try PeerProcess(
      name: "some name", workers: 3, environment: PeerEnvironment(python: "/bin/sh", driver: path))
  }

  @Test("A rival says who it is, and answers jobs one after the other")
  func answers() throws {
    let process = try process(
      """
      echo "{\\"version\\": \\"$1 $2\\", \\"layouts\\": [\\"own\\", \\"objects\\"], \\"note\\": \\"\\"}"
      while read -r job; do
        case $job in *'"measuresNothing"'*) echo '{"error": "odd"}' ;; esac
        case $job in *'"directory":"a b"'*) echo '{"seconds": 0.5, "processor_seconds": 1}' ;; esac
        case $job in *random*) echo '{"unsupported": "it has no such thing"}' ;; esac
      done
      """)

    #expect(process.introduction.version == "some name 3")
    #expect(process.introduction.layouts == [.own, .objects])
    let answer = try process.run(PeerJob(job: "write", directory: "a b"))
    #expect(answer.seconds == 0.5)
    #expect(answer.processorSeconds == 1)
    let error = #expect(throws: CompetitorError.self) { try process.run(PeerJob(job: "random")) }
    #expect("\(try #require(error))" == "it has no such thing")
    #expect(try process.run(PeerJob(job: "read", directory: "a b")).seconds == 0.5)
  }

  @Test("A rival that ends is an error, and not the end of the comparison")
  func ended() throws {
    let process = try process("echo '{\"version\": \"1\"}'; read -r job; exit 3")

    #expect(throws: CompetitorError.self) { try process.run(PeerJob(job: "write")) }
    #expect(throws: CompetitorError.self) { try process.run(PeerJob(job: "write")) }
  }

  @Test("A rival that is not installed says so at the start")
  func missing() {
    let error = #expect(throws: CompetitorError.self) {
      try process("echo '{\"unsupported\": \"not installed\"}'")
    }
    #expect(error.map { "\($0)" } == "not installed")
    #expect(throws: CompetitorError.self) { try process("exit 1") }
  }
}
