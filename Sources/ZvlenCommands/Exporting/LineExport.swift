import CSystemCalls
import ChunkEngine
import Zarr
import ZarrPlatform

/// Writes elements of an array as lines, in C order.
struct LineExport {
  let array: ZarrArray

  /// The elements, counted in C order.
  let elements: Range<Int>

  /// The byte that ends a line.
  let terminator: UInt8

  /// Whether the lines go to a stream.
  ///
  /// An element that contains the terminator is then written as raw bytes, and the others follow.
  let isStream: Bool

  /// Writes the elements, each with a terminator after it.
  ///
  /// Bytes, text and JSON are written as they are. JSON on several lines becomes one line, and fixed-width text and
  /// bytes lose their zero padding. Elements of other types become JSON values.
  ///
  /// - Parameters:
  ///   - output: Where the lines go. If this throws, the lines before the error have been written.
  ///   - raw: Receives the elements that do not fit their data type.
  /// - Throws: ``ToolError`` if an element contains the terminator, unless the lines go to a stream.
  func run(to output: OutputStream, raw: inout RawElements) throws {
    guard array.dataType.isPadded || [.bytes, .string, .json].contains(array.dataType) else {
      return try array.writeLines(
        of: elements, as: .element, terminator: terminator, to: output, raw: &raw)
    }
    let progress = ProgressLine("exporting", totalCount: elements.count)
    defer { progress.clear() }
    let dataType = array.dataType
    var text: [UInt8] = []
    try output.flushing {
      try array.forEachBlock(of: elements, monitor: Interruption.monitor) { block in
        let blobs = block.elements.blobs
        var byteCount = 0
        for index in block.elements.indices {
          let number = block.offset + index
          if dataType.isPadded {
            text.removeAll(keepingCapacity: true)
            do throws(ElementError) {
              try dataType.appendUnpadded(blobs[index], to: &text)
            } catch {
              progress.clear()
              raw.add("element \(number)", "\(error)")
              text.removeAll(keepingCapacity: true)
              ElementText.appendRaw(blobs[index], to: &text)
            }
            try write(text.rawSpan, number, to: output, raw: &raw)
          } else {
            try write(blobs[index], number, to: output, raw: &raw)
          }
          byteCount += blobs[index].byteCount
        }
        progress.add(block.elements.count, byteCount: byteCount)
      }
    }
  }

  /// Writes an element and the terminator.
  private func write(
    _ element: RawSpan, _ number: Int, to output: OutputStream, raw: inout RawElements
  ) throws {
    if !contains(terminator, element) {
      try output.write(element)
    } else if array.dataType == .json {
      // Compact JSON has no line feed and no NUL byte.
      try output.write { buffer in
        let start = buffer.count
        do throws(JSONError) {
          try Self.parser.appendCompact(element, to: &buffer)
        } catch {
          buffer.removeSubrange(start...)
          raw.add("element \(number)", "is not JSON: \(error.message) (byte \(error.byteOffset))")
          ElementText.appendRaw(element, to: &buffer)
        }
      }
    } else if isStream {
      raw.add("element \(number)", "has a \(terminatorAdvice)")
      try output.write { ElementText.appendRaw(element, to: &$0) }
    } else {
      throw ToolError("\(array.location): element \(number) has a \(terminatorAdvice)")
    }
    try output.write { buffer in buffer.append(terminator) }
  }

  private static let parser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: Int(UInt32.max))

  private func contains(_ byte: UInt8, _ element: RawSpan) -> Bool {
    unsafe element.withUnsafeBytes { element in
      // SAFETY: `memchr` reads only the bytes of the element.
      unsafe element.baseAddress.map { unsafe memchr($0, Int32(byte), element.count) != nil } ?? false
    }
  }

  private var terminatorAdvice: String {
    terminator == 0
      ? "NUL byte in it; use zvlen dump or zvlen cat"
      : "line feed in it; use --null, which ends elements with a NUL byte, or zvlen dump, which writes JSON"
  }
}

/// The file of an export, written beside its place and moved there when it is complete.
///
/// A device or pipe is written directly.
struct OutputFile {
  /// The path, with links resolved.
  private let path: String

  /// The file to replace, or nil.
  private let replaced: FileStatus?

  /// Whether it is a device or pipe.
  private let isStream: Bool

  /// Checks that a file can go to `path`.
  ///
  /// - Throws: ``ToolError`` for a file that must not be replaced, a directory or a disk.
  init(path: String, overwrites: Bool) throws {
    self.path = FilePath.resolve(path)
    guard let status = try FileStatus(of: self.path) else {
      guard try FileStatus(at: self.path) == nil else {
        throw ToolError("\(path) is a link to nothing; name a file for the lines")
      }
      (replaced, isStream) = (nil, false)
      return
    }
    if status.isDirectory { throw ToolError("\(path) is a directory; name a file for the lines") }
    if status.isBlockDevice { throw ToolError("\(path) is a disk; name a file for the lines") }
    isStream = !status.isRegularFile
    if !isStream, !overwrites { throw ToolError("\(path) exists already; --overwrite replaces it") }
    replaced = isStream ? nil : status
  }

  /// Writes the file with `body`.
  ///
  /// If `body` throws, the file stays as it was.
  func write(_ body: (OutputStream) throws -> Void) throws {
    guard !isStream else { return try body(OutputStream(try OpenFile(path, flags: O_WRONLY))) }
    let directory = FilePath.parent(of: path)
    let name = FilePath.name(of: path)
    if let key = try? StoreKey(name) { try? FileStore(opening: directory).sweepTemporaryFiles(of: key) }
    let temporaryPath = "\(directory)/\(TemporaryName.make(for: name))"
    let file = try OpenFile(temporaryPath, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    let cleanup = Cleanup { _ = unsafe unlink(temporaryPath) }
    defer { cleanup.run() }
    _ = file.lock()
    try body(OutputStream(file))
    try cleanup.holdingOff { try place(temporaryPath) }
  }

  /// Moves the file to its place, unless another file has taken it.
  private func place(_ temporaryPath: String) throws(ToolError) {
    let changed = ToolError("\(path) is not what it was when the export began, and stays; name another file")
    func rename(_ kind: csystemcalls_rename) -> Bool {
      unsafe csystemcalls_rename(AT_FDCWD, temporaryPath, path, kind) == 0
    }
    func hasChanged(_ path: String) throws(ToolError) -> Bool {
      try FileStatus(at: path).map { $0.identity } != replaced?.identity
    }
    if try hasChanged(path) { throw changed }
    if rename(replaced == nil ? csystemcalls_rename_new : csystemcalls_rename_exchange) {
      guard replaced != nil, try hasChanged(temporaryPath) else { return }
      guard rename(csystemcalls_rename_exchange) else {
        throw ToolError(operation: "move back", path: path, code: errno)
      }
      throw changed
    }
    switch errno {
    case EEXIST, ENOENT: throw changed
    case EINVAL, ENOSYS, EOPNOTSUPP:
      guard unsafe Glibc.rename(temporaryPath, path) == 0 else { fallthrough }
    default: throw ToolError(operation: "move \(temporaryPath) to", path: path, code: errno)
    }
  }
}
