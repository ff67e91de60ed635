import Foundation
import FuzzTargets
import Testing

@Suite("What fuzzers found")
struct ReplayTests {
  private static let findings = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Findings")

  @Test("The inputs that fuzzers begin with break nothing", arguments: FuzzTarget.all)
  func seeds(target: FuzzTarget) throws {
    let run = try target.prepare()
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty)
    for (index, seed) in seeds.enumerated() {
      #expect(throws: Never.self, "seed \(index)") { try run(seed) }
      // Truncated, and with a changed byte, as a fuzzer does first.
      var changed = Array(seed.dropLast())
      #expect(throws: Never.self, "seed \(index) without its last byte") { try run(changed) }
      guard !changed.isEmpty else { continue }
      changed[changed.count / 2] ^= 0x55
      #expect(throws: Never.self, "seed \(index) with a changed byte") { try run(changed) }
    }
  }

  @Test("What broke something once breaks nothing any more", arguments: FuzzTarget.all)
  func findings(target: FuzzTarget) throws {
    let folder = Self.findings.appending(path: target.name)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    let run = try target.prepare()
    for name in names.sorted() {
      let input = try Array(Data(contentsOf: folder.appending(path: name)))
      #expect(throws: Never.self, "\(target.name)/\(name)") { try run(input) }
    }
  }

  @Test("Each folder with findings is that of a target")
  func folders() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.findings.path())
    #expect(Set(folders).isSubset(of: FuzzTarget.all.map(\.name)))
  }
}
