import ArgumentParser
import ChunkEngine
import Zarr
import ZarrPlatform

/// The command `zvlen cat`.
struct CatCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract: "Writes the bytes of some elements to standard output.",
    discussion: """
      The bytes follow each other with nothing between them. Fixed-width text and bytes lose their zero padding, \
      and such text is written as UTF-8. Each INDEX has a number for each dimension, starting at 0, with commas \
      between them. An array without dimensions takes no INDEX. If an element cannot be read, nothing is written \
      for it, the others follow, and the exit code is 1.

      --indices takes many more: each chunk is decompressed once for all the elements that are read together, \
      whatever their order.
        zvlen cat photos.zarr/blobs 17 > photo.jpg
        zvlen cat table.zarr 3,4 3,5
        shuf -i 0-999999 -n 1000 | zvlen cat lines.zarr --indices -
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Argument(help: ArgumentHelp("The indices of the elements, such as 17 or 3,4.", valueName: "index"))
  var indices: [ElementIndex] = []

  @Option(
    name: .customLong("indices"),
    help: ArgumentHelp(
      "A file with an INDEX in each line, or - for standard input.",
      discussion:
        "They come after those that you name. A negative number counts from the end: -1 is the last.",
      valueName: "file"), completion: .file())
  var indicesPath: String?

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let array = try NodeLocation.array(
      at: path, followsLinks: reading.links.followLinks, access: damage.access(reading))
    let shape = array.shape
    guard !indices.isEmpty || indicesPath != nil || shape.isEmpty else {
      throw ValidationError("name at least one index; the shape of \(path) is \(shape)")
    }
    let output = OutputStream.standard()
    var raw = RawElements(of: path)
    var isWhole = true
    try output.flushing {
      var size = PartSize()
      func writeElements(at places: [[Int]]) throws {
        var rest = places[...]
        while !rest.isEmpty {
          let part = Array(rest.prefix(size.elementCount))
          rest = rest.dropFirst(part.count)
          if let elements = try read(part, of: array) {
            for (number, place) in part.enumerated() {
              try write(elements.blobs[number], at: place, of: array, to: output, &raw)
            }
            size.adapt(to: elements)
            continue
          }
          // All but those that cannot be read.
          for place in part {
            guard let elements = try read([place], of: array, saysWhy: true) else {
              isWhole = false
              continue
            }
            try write(elements.blobs[0], at: place, of: array, to: output, &raw)
          }
        }
      }
      try writeElements(
        at: indices.isEmpty && indicesPath == nil ? [[]] : indices.map { try places($0, shape) })
      if let indicesPath {
        try forEachLines(of: indicesPath) { try writeElements(at: $0.map { try places($0, shape) }) }
      }
    }
    try damage.finish()
    try raw.finish()
    if !isWhole { throw ExitCode.failure }
  }

  private func places(_ index: ElementIndex, _ shape: [Int]) throws(ToolError) -> [Int] {
    guard index.indices.count == shape.count else {
      throw ToolError(
        "\(index) has \(Quantity.count(index.indices.count, "number")), and \(path) of shape \(shape) needs "
          + "\(shape.count)")
    }
    guard let places = index.places(in: shape) else {
      throw ToolError("\(index) is outside of \(path), whose shape is \(shape)")
    }
    return places
  }

  /// Calls `body` with the indices in the lines of a file, many at a time.
  private func forEachLines(of path: String, _ body: ([ElementIndex]) throws -> Void) throws {
    let isStream = path == LineImport.standardInputName
    let name = isStream ? LineImport.standardInputTitle : path
    let file = isStream ? OpenFile(borrowing: STDIN_FILENO, path: name) : try OpenFile(path)
    var reader = try LineReader(file, terminator: UInt8(ascii: "\n"))
    var number = 0
    try reader.forEachBlock { block in
      var indices: [ElementIndex] = []
      try block.forEachLine(UInt8(ascii: "\n")) { line in
        number += 1
        // SAFETY: The bytes are read inside of the closure only.
        var text = unsafe line.withUnsafeBytes { unsafe [UInt8]($0) }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        guard let index = ElementIndex(text, allowsNegative: true) else {
          throw ToolError(
            "\(name): line \(number) is no index: "
              + OneLine(String(decoding: text.prefix(60), as: UTF8.self)).description)
        }
        indices.append(index)
      }
      try body(indices)
    }
  }

  private func write(
    _ element: RawSpan, at place: [Int], of array: ZarrArray, to output: OutputStream,
    _ raw: inout RawElements
  ) throws {
    guard array.dataType.isPadded else { return try output.write(element) }
    try output.write { buffer in
      do throws(ElementError) {
        try array.dataType.appendUnpadded(element, to: &buffer)
      } catch {
        raw.add("element \(place.map(String.init).joined(separator: ","))", "\(error)", as: "they are")
        // SAFETY: The buffer is read inside of the closure only.
        unsafe element.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
      }
    }
  }

  /// Reads elements, or says why if `saysWhy`, and returns nil, if one of them cannot be read.
  private func read(_ places: [[Int]], of array: ZarrArray, saysWhy: Bool = false) throws -> BlobView? {
    do {
      let lists = array.shape.indices.map { dimension in places.map { $0[dimension] } }
      return try array.take(.coordinates(lists), monitor: Interruption.monitor)
    } catch {
      if case ZarrError.cancelled = error { throw error }
      if RootCommand.canRunAgain(after: error) { throw error }
      if saysWhy {
        StandardError.write("zvlen: error: \(OneLine(error))\(ReadingOptions.advice(for: error))\n")
      }
      return nil
    }
  }
}

/// How many elements are read at a time.
private struct PartSize {
  /// The elements of a part have about this many bytes.
  private static let byteCount = 64 << 20

  /// The number of elements.
  private(set) var elementCount = 1 << 12

  /// Learns how large elements are.
  mutating func adapt(to elements: BlobView) {
    let mean = max(1, elements.blobs.byteCount / max(1, elements.count))
    elementCount = max(1, min(1 << 20, Self.byteCount / (mean + MemoryLayout<Int>.stride)))
  }
}
