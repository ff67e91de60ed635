import Foundation
import TestSupport
import Testing

/// Imports that lack something, and get it afterwards.
@Suite("Imports that lack something")
struct ScarcityTests {
  /// An import of the lines of `$new`.
  enum Import: String, CaseIterable, Sendable {
    case new
    case append
    case overwrite
    case resume
    case part

    /// The arguments, for a shell.
    var arguments: String {
      let encoding = "--codec none --chunk-bytes 64KiB"
      return switch self {
      case .new: "import \"$new\" -o new.zarr \(encoding)"
      case .append: "import \"$new\" -o data.zarr --append"
      case .overwrite: "import \"$new\" -o data.zarr --overwrite \(encoding) --durability durable"
      case .resume: "import \"$new\" -o new.zarr --resume --checkpoint-seconds 0 \(encoding)"
      case .part: "import \"$new\" -o new.zarr --part 1/1 \(encoding)"
      }
    }
  }

  @Test(
    "The error says what and where, what was there stays, and the same command works afterwards",
    arguments: Scarcity.possible, Import.allCases)
  func scarcity(scarcity: Scarcity, kind: Import) throws {
    let scratch = try ScratchDirectory()
    let (old, new) = (Self.lines(2000, "old"), Self.lines(12_000, "new"))
    try scratch.write(old, to: "old")
    try scratch.write(new, to: "new")
    try scratch.write("", to: "disk/.keep")
    let script = """
      set -eu
      top=$(pwd) disk=$top/disk new=$top/new zvlen=$1
      \(scarcity.prepare)
      cd "$disk"
      "$zvlen" import ../old -o data.zarr --codec none --chunk-bytes 64KiB
      \(scarcity.take)
      code=0
      (\(scarcity.limit); \(Self.memoryLimit); exec \(scarcity.prefix) "$zvlen" \(kind.arguments)) 2> ../errors || code=$?
      echo $code > ../code
      find . > ../names
      "$zvlen" export data.zarr -o - > ../before
      \(scarcity.giveBack)
      "$zvlen" \(kind.arguments)
      "$zvlen" export data.zarr -o - > ../data
      test ! -e new.zarr || "$zvlen" export new.zarr -o - > ../after
      find . -name '*.partial' > ../leftovers
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: scarcity.shell[0])
    process.arguments = scarcity.shell.dropFirst() + ["sh", "-c", script, "sh", try Tool.path()]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)

    func text(_ name: String) throws -> String { String(decoding: try scratch.read(name), as: UTF8.self) }
    let errors = try text("errors")
    #expect(try text("code") == "1\n")
    #expect(errors.hasPrefix("zvlen: error: ") && errors.count { $0 == "\n" } == 1, "\(errors)")
    #expect(errors.contains(scarcity.cause), "\(errors)")
    #expect(errors.contains("/disk") || errors.contains("data.zarr/"), "\(errors)")
    #expect(try text("before") == old)
    // What is done of an import that can go on is kept, in a directory of that name.
    let names = try text("names").split(separator: "\n").filter { $0.hasSuffix(".partial") }
    #expect(names.allSatisfy { kind == .resume && $0.hasSuffix(".import.partial") }, "\(names)")

    let (isAppended, isReplaced) = (kind == .append, kind == .overwrite)
    #expect(try text("data") == (isAppended ? old + new : isReplaced ? new : old))
    if !isAppended && !isReplaced { #expect(try text("after") == new) }
    #expect(try text("leftovers") == "")
  }

  /// What bounds the memory of a tool that lacks something: its budget, its workers and the compressor.
  private static let memoryLimit = Sanitizer.isPresent ? ":" : "ulimit -d \(128 << 10)"

  private static func lines(_ count: Int, _ label: String) -> String {
    (0..<count).map { "\(label) \($0) \(String(repeating: "x", count: $0 % 97))\n" }.joined()
  }
}
