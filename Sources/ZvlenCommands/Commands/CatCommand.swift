import ArgumentParser
import ChunkEngine
import Zarr
import ZarrPlatform

/// The command `zvlen cat`.
struct CatCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract: "Writes the bytes of elements, or of files of an imported directory, to standard output.",
    discussion: """
      The bytes follow each other with nothing between them, unless --newline or --null says so. Fixed-width text and \
      bytes lose their zero padding, and such text is written as UTF-8. Each INDEX has a number for each dimension, \
      starting at 0, with commas between them. A negative number counts from the end, and 5:10 is the elements from 5 \
      up to 10, without 10, as in Python. An array without dimensions takes no INDEX. If an element cannot be read, \
      nothing is written for it, the others follow, and the exit code is 1.
        zvlen cat photos.zarr/blobs 17 > photo.jpg
        zvlen cat table.zarr 3,4 3,5
        zvlen cat -n lines.zarr :3 -1

      In a group that import has made from a directory, name the paths of files, or patterns: * and ? stand for \
      characters of a name, ** also for slashes. Write -- before paths that begin with a minus sign. A path is found \
      without reading all paths.
        zvlen cat photos.zarr 2024/summer/first.jpg > first.jpg
        zvlen cat src.zarr '**/*.swift' | wc -l

      --indices takes many more: each chunk is decompressed once for all the elements that are read together, \
      whatever their order.
        shuf -i 0-999999 -n 1000 | zvlen cat lines.zarr --indices -
      """)

  @Argument(
    help: ArgumentHelp("The array, or the group of an imported directory.", valueName: "array"),
    completion: .directory)
  var path: String

  @Argument(
    help: ArgumentHelp(
      "The indices of the elements, such as 17, 3,4, -1 or 5:10, or the paths of files.",
      valueName: "index"),
    transform: ElementIndex.unmark)
  var indices: [String] = []

  @Option(
    name: .customLong("indices"),
    help: ArgumentHelp(
      "A file with an INDEX or the path of a file in each line, or - for standard input.",
      discussion: "They come after those that you name.",
      valueName: "file"), completion: .file())
  var indicesPath: String?

  @Flag(name: [.customShort("n"), .long], help: "Writes a line feed after each element.")
  var newline = false

  @Flag(name: [.customShort("0"), .long], help: "Writes a NUL byte after each element.")
  var null = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func validate() throws {
    if newline, null { throw ValidationError("--newline and --null exclude each other") }
  }

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let output = OutputStream.standard()
    var raw = RawElements(of: path)
    var isWhole = true
    try output.flushing {
      if node.entry.kind == .group, try FileTreeGroup.isComplete(in: node.store) {
        let group = try FileTreeGroup(in: node.store, access: damage.access(reading))
        var writer = ElementWriter(array: group.blobs, terminator: terminator, output: output)
        try forEachFile(of: group) { try writer.write($0.map { [$0] }, &raw) }
        isWhole = writer.isWhole
      } else {
        let array = try NodeLocation.array(at: path, of: node, access: damage.access(reading))
        var writer = ElementWriter(array: array, terminator: terminator, output: output)
        try forEachPart(of: array.shape) { try writer.write($0, &raw) }
        isWhole = writer.isWhole
      }
    }
    try damage.finish()
    try raw.finish()
    if !isWhole { throw ExitCode.failure }
  }

  private var terminator: UInt8? { newline ? UInt8(ascii: "\n") : null ? 0 : nil }

  /// Calls `body` with files, many at a time.
  private func forEachFile(of group: FileTreeGroup, _ body: ([Int]) throws -> Void) throws {
    guard !indices.isEmpty || indicesPath != nil else {
      throw ValidationError("name at least one file of \(path); zvlen ls lists them")
    }
    func write(_ paths: [String]) throws {
      for (path, found) in zip(paths, try group.files(matching: paths)) {
        guard !found.files.isEmpty else {
          throw ToolError("\(path) is a directory in \(self.path); \(path)/** stands for all files in it")
        }
        try body(found.files)
      }
    }
    try write(indices)
    if let indicesPath {
      try forEachLines(of: indicesPath) { lines in
        try write(lines.map { String(decoding: $0.text, as: UTF8.self) })
      }
    }
  }

  /// Calls `body` with the places of elements, many at a time.
  private func forEachPart(of shape: [Int], _ body: ([[Int]]) throws -> Void) throws {
    guard !indices.isEmpty || indicesPath != nil || shape.isEmpty else {
      throw ValidationError("name at least one index; the shape of \(path) is \(shape)")
    }
    var places: [[Int]] = []
    func add(_ index: ElementIndex, _ text: String) throws {
      for place in ElementPlaces(try ranges(index, text, in: shape)) {
        places.append(place)
        guard places.count >= 1 << 16 else { continue }
        try body(places)
        places.removeAll()
      }
    }
    if indices.isEmpty, indicesPath == nil { places.append([]) }
    let known = try indices.map { text in
      guard let index = ElementIndex(text.utf8) else {
        throw ValidationError("\(text) is no index of an array, such as 17, 3,4, -1 or 5:10")
      }
      return index
    }
    for (index, text) in zip(known, indices) { try add(index, text) }
    if let indicesPath {
      try forEachLines(of: indicesPath) { lines in
        for line in lines {
          guard let index = ElementIndex(line.text) else {
            let text = OneLine(String(decoding: line.text.prefix(60), as: UTF8.self))
            throw ToolError("\(Self.name(of: indicesPath)): line \(line.number) is no index: \(text)")
          }
          try add(index, String(decoding: line.text, as: UTF8.self))
        }
      }
    }
    try body(places)
  }

  private func ranges(
    _ index: ElementIndex, _ text: String, in shape: [Int]
  ) throws(ToolError) -> [Range<Int>] {
    guard index.dimensionCount == shape.count else {
      throw ToolError(
        "index \(text) has \(Quantity.count(index.dimensionCount, "number")), and \(path) of shape \(shape) needs "
          + "\(shape.count)")
    }
    guard let ranges = index.ranges(in: shape) else {
      throw ToolError("index \(text) is outside of \(path), whose shape is \(shape)")
    }
    return ranges
  }

  private static func name(of path: String) -> String {
    path == LineImport.standardInputName ? LineImport.standardInputTitle : path
  }

  /// Calls `body` with the lines of a file, many at a time.
  private func forEachLines(
    of path: String, _ body: ([(number: Int, text: [UInt8])]) throws -> Void
  ) throws {
    let name = Self.name(of: path)
    let isStream = path == LineImport.standardInputName
    let file = isStream ? OpenFile(borrowing: STDIN_FILENO, path: name) : try OpenFile(path)
    var reader = try LineReader(file, terminator: UInt8(ascii: "\n"))
    var number = 0
    try reader.forEachBlock { block in
      var lines: [(number: Int, text: [UInt8])] = []
      block.forEachLine(UInt8(ascii: "\n")) { line in
        number += 1
        var text = [UInt8](copying: line)
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        lines.append((number, text))
      }
      try body(lines)
    }
  }
}

/// Writes elements that are named one by one.
private struct ElementWriter {
  let array: ZarrArray

  /// The byte after each element, or nil for none.
  let terminator: UInt8?

  let output: OutputStream

  /// Whether all elements could be read.
  private(set) var isWhole = true

  private var size = PartSize()

  init(array: ZarrArray, terminator: UInt8?, output: OutputStream) {
    self.array = array
    self.terminator = terminator
    self.output = output
  }

  /// Writes the elements at some places, but for those that cannot be read.
  mutating func write(_ places: [[Int]], _ raw: inout RawElements) throws {
    var rest = places[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(size.elementCount))
      rest = rest.dropFirst(part.count)
      if let elements = try read(part) {
        for (number, place) in part.enumerated() { try write(elements.blobs[number], at: place, &raw) }
        size.adapt(to: elements)
        continue
      }
      for place in part {
        guard let elements = try read([place], saysWhy: true) else {
          isWhole = false
          continue
        }
        try write(elements.blobs[0], at: place, &raw)
      }
    }
  }

  private func write(_ element: RawSpan, at place: [Int], _ raw: inout RawElements) throws {
    if array.dataType.isPadded {
      try output.write { buffer in
        do throws(ElementError) {
          try array.dataType.appendUnpadded(element, to: &buffer)
        } catch {
          raw.add("element \(place.map(String.init).joined(separator: ","))", "\(error)", as: "they are")
          // SAFETY: The buffer is read inside of the closure only.
          unsafe element.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        }
      }
    } else {
      try output.write(element)
    }
    if let terminator { try output.write { $0.append(terminator) } }
  }

  /// Reads elements, or says why if `saysWhy`, and returns nil, if one of them cannot be read.
  private func read(_ places: [[Int]], saysWhy: Bool = false) throws -> BlobView? {
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
