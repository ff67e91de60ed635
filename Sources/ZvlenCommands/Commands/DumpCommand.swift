import ArgumentParser
import Zarr

/// The command `zvlen dump`.
struct DumpCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Writes elements to standard output as JSON, one per line.",
    discussion: """
      Text becomes a JSON string. Bytes become a JSON string of base64 with padding. Other data types have the form \
      that Zarr metadata gives them: numbers, lists, objects. JSON has no numbers for NaN and infinity, so they are \
      strings. Elements come in C order: the last index changes fastest.

      If the bytes of an element do not fit its data type, such as text that is not UTF-8, the line is an object \
      with the bytes, {"base64": "..."}. Standard error names the element and the reason, and the exit code is 1.
        zvlen dump events.zarr --start 1000 --count 10
        zvlen dump photos.zarr/paths | grep -n jpg
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Option(help: ArgumentHelp("The first element to write, counted from 0 in C order.", valueName: "index"))
  var start = 0

  @Option(help: ArgumentHelp("The maximum number of elements (default: all).", valueName: "number"))
  var count: Int?

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func validate() throws {
    guard start >= 0, (count ?? 0) >= 0 else {
      throw ValidationError("--start and --count cannot be negative")
    }
  }

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let array = try NodeLocation.array(
      at: path, followsLinks: reading.links.followLinks, access: damage.access(reading))
    guard start <= array.count else {
      throw ToolError("\(path) has \(Quantity.count(array.count, "element")), and --start is \(start)")
    }
    let elements = start..<start + min(array.count - start, count ?? Int.max)
    var raw = RawElements(of: path)
    try array.writeLines(of: elements, as: .element, to: .standard(), raw: &raw)
    try damage.finish()
    try raw.finish()
  }
}
