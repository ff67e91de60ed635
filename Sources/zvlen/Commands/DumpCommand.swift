import ArgumentParser
import ChunkEngine
import Zarr

/// The command `zvlen dump`.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Writes elements to standard output as JSON, one value a line.",
    discussion: """
      Text is a JSON string, bytes are a JSON string of base64 with padding. Elements come in C order: the \
      last index runs fastest.
        zvlen dump events.zarr --start 1000 --count 10
        zvlen dump photos.zarr/paths | grep -n jpg
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Option(help: ArgumentHelp("The first element, counted from 0 in C order.", valueName: "index"))
  var start = 0

  @Option(help: ArgumentHelp("The most elements (default: all to the end).", valueName: "number"))
  var count: Int?

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func validate() throws {
    guard start >= 0, (count ?? 0) >= 0 else { throw ValidationError("--start and --count are not negative") }
  }

  func run() throws {
    let array = try NodeLocation.array(at: path, access: reading.access)
    guard start <= array.count else {
      throw ToolError("\(path) has \(Quantity.count(array.count, "element")), and --start is \(start)")
    }
    let elements = start..<start + min(array.count - start, count ?? Int.max)
    let isText = array.dataType == .string
    let output = OutputStream.standard()
    let progress = ProgressLine("writing", totalCount: elements.count)
    defer { progress.clear() }
    try array.forEachBlock(of: elements, monitor: Interruption.monitor) { block in
      let blobs = block.elements.blobs
      for index in block.elements.indices {
        try output.write { buffer in
          if isText {
            try appendText(blobs[index], at: block.offset + index, to: &buffer)
          } else {
            buffer.append(UInt8(ascii: "\""))
            Base64.append(blobs[index], to: &buffer)
            buffer.append(UInt8(ascii: "\""))
          }
          buffer.append(UInt8(ascii: "\n"))
        }
      }
      progress.add(block.elements.count, byteCount: try block.elements.byteCount(of: block.elements.indices))
    }
    try output.flush()
  }

  private func appendText(_ element: RawSpan, at index: Int, to buffer: inout [UInt8]) throws {
    try unsafe element.withUnsafeBytes { bytes in
      // SAFETY: The bytes are those of the element, which outlives the call.
      let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
      guard let text = try? UTF8Span(validating: span) else {
        throw ToolError("\(path): element \(index) is not UTF-8; zvlen cat writes it as it is")
      }
      JSONWriter.appendString(text, to: &buffer)
    }
  }
}
