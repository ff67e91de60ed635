import ArgumentParser
import ChunkEngine
import Zarr

/// The command `zvlen cat`.
struct CatCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract: "Writes the bytes of some elements to standard output, as they are.",
    discussion: """
      Nothing is put between or behind the elements. Each INDEX is a number for each axis, from 0 on, with \
      commas between them; an array without axes has none.
        zvlen cat photos.zarr/blobs 17 > photo.jpg
        zvlen cat table.zarr 3,4 3,5
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Argument(help: ArgumentHelp("The places of the elements, as 17 or 3,4.", valueName: "index"))
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
    for index in indices.isEmpty ? [[]] : indices.map(\.indices) {
      let element = try array.read(ArrayRegion(elementAt: index), monitor: Interruption.monitor)
      try output.write(element[0])
    }
    try output.flush()
    try damage.finish()
  }
}
