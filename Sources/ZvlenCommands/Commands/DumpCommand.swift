import ArgumentParser
import Zarr
import ZarrPlatform

/// The command `zvlen dump`.
struct DumpCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Writes elements to standard output as JSON, CSV or Arrow.",
    discussion: """
      Each element is a line of JSON. Text becomes a JSON string. Bytes become a JSON string of base64 with padding. Other data types have the form \
      that Zarr metadata gives them: numbers, lists, objects. JSON has no numbers for NaN and infinity, so they are \
      strings. Elements come in C order: the last index changes fastest.

      If the bytes of an element do not fit its data type, such as text that is not UTF-8, the line is an object \
      with the bytes, {"base64": "..."}. Standard error names the element and the reason, and the exit code is 1.
        zvlen dump events.zarr --start 1000 --count 10
        zvlen dump photos.zarr/paths | grep -n jpg

      With --format arrow, the elements are the column "value" of an Arrow IPC stream, which pyarrow, pandas, polars \
      and DuckDB read. Text is large_string, bytes are large_binary, JSON is large_string with the extension type \
      arrow.json, and numbers and times are as they are in the array. What is absent is null, and so is NaT. Types \
      that Arrow does not have, and times in units that it does not have, become JSON with NaT as text. Text that is \
      not UTF-8 becomes null, with exit code 1.
        zvlen dump events.zarr --format arrow > events.arrows
        zvlen dump events.zarr --format arrow | python3 -c 'import sys, pyarrow as pa; \
      print(pa.ipc.open_stream(sys.stdin.buffer).read_pandas())'

      With --format csv, the first line names the columns, and lines end as RFC 4180 has it. Text stands for itself, \
      bytes are base64, an absent element is empty, and an empty text is a pair of quotes. In a table of one column, the \
      line of an absent element is empty: pandas reads it with skip_blank_lines=False.

      Arrays of several dimensions are written in C order too. --indices adds a column for each dimension before \
      "value", named as in the array, or dim_0 and so on.
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Option(help: "The format: jsonl, csv or arrow.")
  var format = DumpFormat.jsonl

  @Flag(help: "Adds a column for the index along each dimension (csv, arrow).")
  var indices = false

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
    if indices, format == .jsonl { throw ValidationError("--indices is for --format csv and --format arrow") }
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
    let indexNames = indices ? Self.indexNames(of: array) : []
    switch format {
    case .jsonl: try array.writeLines(of: elements, as: .element, to: .standard(), raw: &raw)
    case .csv:
      try CSVExport(array, indexNames: indexNames).run(elements, of: array, to: .standard(), raw: &raw)
    case .arrow:
      guard isatty(STDOUT_FILENO) == 0 else {
        throw ToolError("Arrow is not for a terminal; write it to a file or a pipe")
      }
      try ArrowExport(array, indexNames: indexNames).run(elements, of: array, to: .standard(), raw: &raw)
    }
    try damage.finish()
    try raw.finish()
  }

  /// The names of the columns with the index along each dimension.
  private static func indexNames(of array: ZarrArray) -> [String] {
    let numbered = array.shape.indices.map { "dim_\($0)" }
    guard let names = array.metadata.dimensionNames else { return numbered }
    let given = zip(names, numbered).map { $0 ?? $1 }
    // No two columns have the same name.
    return Set(given + [ElementText.columnName]).count == given.count + 1 ? given : numbered
  }
}

/// The form in which elements are written.
enum DumpFormat: String, ExpressibleByArgument, CaseIterable {
  /// JSON, one value per line.
  case jsonl
  /// Comma-separated values.
  case csv
  /// A stream of Arrow.
  case arrow
}
