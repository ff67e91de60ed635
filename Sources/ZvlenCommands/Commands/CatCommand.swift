import ArgumentParser
import ChunkEngine
import Zarr

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
        zvlen cat photos.zarr/blobs 17 > photo.jpg
        zvlen cat table.zarr 3,4 3,5
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Argument(help: ArgumentHelp("The indices of the elements, such as 17 or 3,4.", valueName: "index"))
  var indices: [ElementIndex] = []

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let array = try NodeLocation.array(
      at: path, followsLinks: reading.links.followLinks, access: damage.access(reading))
    let shape = array.shape
    guard !indices.isEmpty || shape.isEmpty else {
      throw ValidationError("name at least one index; the shape of \(path) is \(shape)")
    }
    for index in indices {
      guard index.indices.count == shape.count else {
        throw ToolError(
          "\(index) has \(Quantity.count(index.indices.count, "number")), and \(path) of shape \(shape) needs "
            + "\(shape.count)")
      }
      guard zip(index.indices, shape).allSatisfy({ $0 < $1 }) else {
        throw ToolError("\(index) is outside of \(path), whose shape is \(shape)")
      }
    }
    let output = OutputStream.standard()
    var raw = RawElements(of: path)
    let places = indices.isEmpty ? [[]] : indices.map(\.indices)
    var isWhole = true
    try output.flushing {
      for place in places {
        guard let elements = try read(place, of: array) else {
          isWhole = false
          continue
        }
        guard array.dataType.isPadded else {
          try output.write(elements.blobs[0])
          continue
        }
        try output.write { buffer in
          do throws(ElementError) {
            try array.dataType.appendUnpadded(elements.blobs[0], to: &buffer)
          } catch {
            raw.add("element \(place.map(String.init).joined(separator: ","))", "\(error)", as: "they are")
            // SAFETY: The buffer is read inside of the closure only.
            unsafe elements.blobs[0].withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
          }
        }
      }
    }
    try damage.finish()
    try raw.finish()
    if !isWhole { throw ExitCode.failure }
  }

  /// Reads an element, or says why it cannot be read and returns nil.
  private func read(_ place: [Int], of array: ZarrArray) throws -> BlobView? {
    do {
      return try array.read(ArrayRegion(elementAt: place), monitor: Interruption.monitor)
    } catch {
      if case ZarrError.cancelled = error { throw error }
      if RootCommand.canRunAgain(after: error) { throw error }
      StandardError.write("zvlen: error: \(OneLine(error))\(ReadingOptions.advice(for: error))\n")
      return nil
    }
  }
}
