import ArgumentParser
import ChunkEngine
import Synchronization
import Zarr

/// The command `zvlen verify`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every chunk of an array, or of all arrays in a group, and reports what is damaged.",
    discussion: """
      Each damaged chunk is a line with the path of its file and the reason; text that is not UTF-8 counts \
      too. A sound array is a line that begins with ok. The exit code is 1 if anything is damaged. Damage \
      that leaves a chunk readable is found only if the chunk has a checksum: see --checksum of zvlen import.
        zvlen verify photos.zarr
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func run() throws {
    let report = VerificationReport()
    try verify(try NodeLocation(path), report)
    if report.hasFindings { throw ExitCode.failure }
  }

  private func verify(_ node: NodeLocation, _ report: VerificationReport) throws {
    if case .array = try node.metadata {
      return try verifyArray(node, report)
    }
    let names = try node.children()
    for name in names {
      let path = "\(node.path)/\(name)"
      let member: NodeLocation
      do {
        member = try NodeLocation(path)
        _ = try member.metadata
      } catch {
        try report.add("\(error)")
        continue
      }
      try verify(member, report)
    }
    if names.contains(FileTreeGroup.blobsName) && names.contains(FileTreeGroup.pathsName) {
      do {
        _ = try FileTreeGroup(in: node.store, access: reading.access)
      } catch let error as ToolError {
        try report.add("\(error)")
      } catch {
        // The array said so itself.
      }
    }
  }

  private func verifyArray(_ node: NodeLocation, _ report: VerificationReport) throws {
    let array: ZarrArray
    do {
      array = try ZarrArray.open(in: node.store, access: reading.access)
    } catch {
      return try report.add("\(error)")
    }
    if let obstacle = array.readingObstacle {
      return try report.add("\(node.path): cannot be verified: \(obstacle)")
    }
    let chunks = try StoredChunks(of: array)
    let progress = ProgressLine("verifying", totalCount: chunks.count)
    defer { progress.clear() }
    let isText = array.dataType == .string
    let isJSON = array.dataType == .json
    let damagedCount = Mutex(0)
    try chunks.forEach { elements in
      if isText {
        for index in elements.indices where !elements[index].isWellFormedText {
          throw ChunkError.invalidUTF8(index: index)
        }
      }
      if isJSON {
        var check = ElementCheck(.json, dataType: .json)
        for index in elements.indices {
          if let problem = check.problem(of: elements[index]) {
            throw ToolError("element \(index) \(problem)")
          }
        }
      }
      progress.add(1, byteCount: elements.byteCount)
    } failure: { position, error in
      if case ZarrError.cancelled = error { throw error }
      damagedCount.withLock { $0 += 1 }
      progress.clear()
      let reason = (error as? ZarrError)?.chunkError ?? error
      try report.add("\(array.location)/\(array.key(ofChunkAt: position)): \(reason)")
    }
    progress.clear()
    if damagedCount.withLock({ $0 }) == 0 {
      try report.confirm(
        "\(node.path): \(Quantity.count(chunks.count, "chunk")), \(Quantity.count(array.count, "element"))")
    }
  }
}
