import ArgumentParser
import CommandLineOptions
import Zarr
import ZarrPlatform

/// The command `zvlen grep`.
struct GrepCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "grep",
    abstract: "Finds lines in the elements of an array, or in the files of an imported directory.",
    discussion: """
      Each line of an element that matches PATTERN is written after the index of the element, or after the path of \
      the file if ARRAY is an imported directory. All cores search while they decompress. What is found comes in the \
      order of the elements.
        zvlen grep 'timeout|refused' events.zarr
        zvlen grep -F '[error]' events.zarr -c
        zvlen grep -i 'license: gpl' doc.zarr -l

      PATTERN is a regular expression as Perl has it, by the library PCRE2. In arrays of text and JSON, a dot is a \
      character, and \\w and \\d know all of Unicode. In arrays of bytes, as a directory becomes, that is so if PATTERN \
      has a character that is not ASCII; otherwise a dot is a byte, and -i and -w know the letters of ASCII. Put -- before a PATTERN that begins with a dash. Numbers and other types are searched in the form that zvlen \
      dump gives them.

      --where chooses elements by a value inside of their JSON, named by a JSON pointer (RFC 6901). The text of the \
      value, without quotes, has to be the same. Give '' as PATTERN to choose by values alone.
        zvlen grep '' events.zarr --where /level=error --where '/request/status!=404'

      The exit code is 0 if a line was found, 1 if not, and 2 if something went wrong, such as a damaged chunk, at which \
      the search ends unless an option says what to do, or an element that takes the pattern too many steps.
      """)

  @Argument(help: ArgumentHelp("The regular expression.", valueName: "pattern"))
  var pattern: String

  @Argument(
    help: ArgumentHelp("The array, or the group of an imported directory.", valueName: "array"),
    completion: .directory)
  var path: String

  @Flag(name: [.customShort("F"), .long], help: "PATTERN is a text in which no character is special.")
  var fixedStrings = false

  @Flag(name: .shortAndLong, help: "Large and small letters are the same.")
  var ignoreCase = false

  @Flag(name: [.customShort("w"), .customLong("word-regexp")], help: "Only whole words match.")
  var wordRegexp = false

  @Flag(name: [.customShort("x"), .customLong("line-regexp")], help: "Only whole lines match.")
  var lineRegexp = false

  @Flag(name: [.customShort("v"), .long], help: "Finds the lines that do not match.")
  var invertMatch = false

  @Option(
    name: [.customLong("where")],
    help: ArgumentHelp(
      "Only elements that are JSON with this value, such as /level=error or /status!=200.",
      discussion: "Given several times, all have to hold. A value that is missing is not equal to any.",
      valueName: "condition"), transform: JSONCondition.parse)
  var conditions: [JSONCondition] = []

  @Flag(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Writes the number of lines instead of the lines.",
      discussion: "For an imported directory, it is written for each file that has some."))
  var count = false

  @Flag(
    name: [.customShort("l"), .customLong("files-with-matches")],
    help: "Writes the index or path of each element that has such a line, and not the lines.")
  var namesOnly = false

  @Flag(name: .shortAndLong, help: "Writes only the parts of lines that match, each on a line of its own.")
  var onlyMatching = false

  @Flag(name: .shortAndLong, help: "Writes nothing, and stops at the first line that is found.")
  var quiet = false

  @Option(
    name: [.customShort("m", allowingJoined: true), .long],
    help: ArgumentHelp("Stops after so many lines, or elements with -l.", valueName: "number"))
  var maxCount: Int?

  @Flag(name: [.customShort("n"), .long], help: "Writes the number of each line in its element before it.")
  var lineNumber = false

  @Option(
    name: [.customShort("A", allowingJoined: true), .long],
    help: ArgumentHelp("Also writes so many lines of the element after each line.", valueName: "number"))
  var afterContext: Int?

  @Option(
    name: [.customShort("B", allowingJoined: true), .long],
    help: ArgumentHelp("Also writes so many lines of the element before each line.", valueName: "number"))
  var beforeContext: Int?

  @Option(
    name: [.customShort("C", allowingJoined: true), .long],
    help: ArgumentHelp("Also writes so many lines of the element before and after.", valueName: "number"))
  var context: Int?

  @Flag(help: "Leaves out indices and paths.")
  var noIndex = false

  @Flag(name: [.customShort("Z"), .long], help: "Ends indices and paths with a NUL byte, for xargs -0.")
  var null = false

  @Flag(
    name: [.customShort("a"), .long],
    help: "Writes the lines of elements with NUL bytes. Without it, only their index or path is written.")
  var text = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  /// Takes options with numbers out of groups of letters: `-nA1` becomes `-n -A1`.
  ///
  /// - Parameter arguments: Those of the command. What follows `--` is no option.
  /// - Returns: The arguments, for the parser.
  static func separate(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].flatMap { argument -> [String] in
      guard argument.hasPrefix("-"), !argument.hasPrefix("--"),
        let number = argument.firstIndex(where: { "ABCm".contains($0) }),
        number > argument.index(after: argument.startIndex)
      else { return [argument] }
      return [String(argument[..<number]), "-\(argument[number...])"]
    } + arguments[end...]
  }

  /// The exit code for everything that goes wrong.
  static let failure = ExitCode(2)

  func validate() throws {
    if let maxCount, maxCount < 1 { throw ValidationError("--max-count takes a number from 1 on") }
    guard [afterContext, beforeContext, context].allSatisfy({ $0 ?? 0 >= 0 }) else {
      throw ValidationError("--after-context, --before-context and --context take a number from 0 on")
    }
    try EncodingOptions.check([(maxCount != nil && count, "--max-count", "--count")])
  }

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let search = try search(damage.access(reading))
    let found = try search.run(to: .standard())
    // A search that ends at the first line has not seen everything.
    if search.output == .nothing, found.lineCount > 0 { return }
    do {
      try damage.finish()
    } catch is ExitCode {
      throw Self.failure
    }
    if found.problemCount > 0 { throw Self.failure }
    if found.lineCount == 0 { throw ExitCode.failure }
  }

  private func search(_ access: ArrayAccess) throws -> LineSearch {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let (array, files, elementCount): (ZarrArray, FileTreeGroup?, Int)
    if case .array = try node.metadata {
      array = try ZarrArray.open(in: node.store, access: access)
      (files, elementCount) = (nil, array.count)
    } else {
      var access = access
      // Elements that are found lie in few chunks of paths.
      access.cacheByteCount = 64 << 20
      let group = try FileTreeGroup(in: node.store, access: access)
      (array, files, elementCount) = (group.blobs, group, group.count)
    }
    let isForTerminal = isatty(STDOUT_FILENO) == 1
    return LineSearch(
      array: array, files: files, count: elementCount,
      pattern: try LinePattern(
        pattern,
        RegularExpression.Options(
          isLiteral: fixedStrings, ignoresCase: ignoreCase, matchesWords: wordRegexp,
          matchesLines: lineRegexp,
          isText: array.dataType.elementsAreText || !array.dataType.isBlob
            || !pattern.utf8.allSatisfy { $0 < 0x80 })),
      conditions: JSONConditions(conditions), isInverted: invertMatch, output: output,
      maximumCount: output == .nothing ? 1 : maxCount,
      showsNames: !noIndex, showsLineNumbers: lineNumber, endsNamesWithNull: null,
      context: context == nil && beforeContext == nil && afterContext == nil
        ? nil : (beforeContext ?? context ?? 0, afterContext ?? context ?? 0), showsBinary: text,
      isForTerminal: isForTerminal, isColored: isForTerminal && StandardStreams.allowsColor)
  }

  private var output: LineSearch.Output {
    if quiet { return .nothing }
    if namesOnly { return .names }
    if count { return .counts }
    return onlyMatching ? .parts : .lines
  }
}
