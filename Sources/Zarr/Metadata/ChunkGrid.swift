/// The division of an array into chunks.
///
/// Along each dimension all chunks have the same length, or each has its own:
///
///     regular, [2, 3]          rectilinear, [2, [3, 1, 4]]
///     ┌─────┬─────┬─────┐      ┌─────┬─┬───────┐
///     │ 0,0 │ 0,1 │ 0,2 │      │ 0,0 │ │  0,2  │
///     ├─────┼─────┼─────┤      ├─────┼─┼───────┤
///     │ 1,0 │ 1,1 │ 1,2 │      │ 1,0 │ │  1,2  │
///     └─────┴─────┴─────┘      └─────┴─┴───────┘
///
/// Chunks at the upper edges also have their full shape. Elements beyond the array are padding. See
/// [regular](https://zarr-specs.readthedocs.io/en/latest/v3/chunk-grids/regular-grid/) and
/// [rectilinear](https://github.com/zarr-developers/zarr-extensions/tree/main/chunk-grids/rectilinear).
public struct ChunkGrid: Hashable, Sendable {
  /// The maximum number of elements of variable length in a chunk, which counts them in 32 bits.
  public static let maximumElementCount = Int(UInt32.max)

  /// The division along each dimension.
  public let dimensions: [ChunkDimension]

  /// Whether the grid is of the kind `rectilinear`, whose chunks may differ in length.
  public let isRectilinear: Bool

  /// The number of elements of the longest chunk along each dimension, at least 1.
  public let chunkShape: [Int]

  /// The number of elements of the largest chunk.
  public let elementCount: Int

  /// Creates a grid of chunks with one shape.
  ///
  /// - Throws: An error if a length is less than 1, or an `Int` cannot hold the number of elements of a
  ///   chunk.
  public init(chunkShape: [Int]) throws(MetadataError) {
    try self.init(dimensions: chunkShape.map(ChunkDimension.repeated), isRectilinear: false)
  }

  /// Creates a grid of chunks that differ in length along some dimensions.
  ///
  /// - Throws: An error if a length is less than 1, or an `Int` cannot hold the number of elements of a
  ///   chunk.
  public init(dimensions: [ChunkDimension]) throws(MetadataError) {
    try self.init(dimensions: dimensions, isRectilinear: true)
  }

  private init(dimensions: [ChunkDimension], isRectilinear: Bool) throws(MetadataError) {
    let chunkShape = dimensions.map(\.longest)
    let field = isRectilinear ? Self.shapesField : Self.shapeField
    for (dimension, side) in chunkShape.enumerated() {
      _ = try JSONValue.integer(side).positiveInteger(field: "\(field)[\(dimension)]")
    }
    guard let count = ArrayMetadata.elementCount(of: chunkShape) else {
      throw MetadataError(
        code: .tooLarge, field: field, message: "a chunk has more than \(Int.max) elements")
    }
    self.dimensions = dimensions
    self.isRectilinear = isRectilinear
    self.chunkShape = chunkShape
    elementCount = count
  }

  /// The same grid with another division of one dimension.
  func replacing(_ division: ChunkDimension, at dimension: Int) throws(MetadataError) -> ChunkGrid {
    var dimensions = dimensions
    dimensions[dimension] = division
    return try ChunkGrid(dimensions: dimensions)
  }

  /// The shape of all chunks, or nil if they may differ in shape.
  public var regularChunkShape: [Int]? {
    dimensions.allSatisfy { $0.isRepeated } ? chunkShape : nil
  }

  /// The number of elements of a chunk along each dimension.
  ///
  /// - Precondition: The grid has a chunk with these indices, one for each dimension.
  public func chunkShape(at indices: [Int]) -> [Int] {
    precondition(
      indices.count == dimensions.count, "\(indices.count) dimensions in a grid of \(dimensions.count)")
    return regularChunkShape ?? zip(dimensions, indices).map { $0.range(ofChunk: $1).count }
  }

  /// The number of chunks along each dimension of an array.
  ///
  /// - Precondition: The shape has as many dimensions as the grid, no negative length, and the grid covers
  ///   it.
  public func chunkCounts(of shape: [Int]) -> [Int] {
    precondition(
      shape.count == dimensions.count, "\(shape.count) dimensions in a grid of \(dimensions.count)")
    return zip(shape, dimensions).map { $1.chunkCount(covering: $0) }
  }

  /// The number of chunks of an array, or nil if an `Int` cannot hold it.
  ///
  /// It is never nil for the shape of an ``ArrayMetadata``, which has no more chunks than elements.
  ///
  /// - Precondition: The shape has as many dimensions as the grid, no negative length, and the grid covers
  ///   it.
  public func chunkCount(of shape: [Int]) -> Int? {
    ArrayMetadata.elementCount(of: chunkCounts(of: shape))
  }

  /// Checks that the grid has chunks for all elements of an array.
  func checkCovers(_ shape: [Int]) throws(MetadataError) {
    guard dimensions.count == shape.count else {
      throw MetadataError(
        code: .unexpectedValue, field: shapeField,
        message: "expected \(shape.count) integers, as in shape, found \(dimensions.count)")
    }
    for (dimension, division) in dimensions.enumerated() {
      if case .lengths(let lengths) = division, lengths.extent < shape[dimension] {
        throw MetadataError(
          code: .unexpectedValue, field: "\(Self.shapesField)[\(dimension)]",
          message: "the chunks have \(lengths.extent) elements in all, and the array has \(shape[dimension])")
      }
    }
  }

  /// The error for a chunk of elements of variable length that cannot count them.
  static func tooManyElements(field: String) -> MetadataError {
    MetadataError(
      code: .tooLarge, field: field,
      message: "a chunk has more than \(maximumElementCount) elements of variable length")
  }

  /// Where a document holds the shape of the chunks.
  var shapeField: String { isRectilinear ? Self.shapesField : Self.shapeField }

  private static let field = "chunk_grid"
  static let shapeField = "chunk_grid.configuration.chunk_shape"
  static let shapesField = "chunk_grid.configuration.chunk_shapes"
}

/// The division of one dimension of an array into chunks.
public enum ChunkDimension: Hashable, Sendable {
  /// All chunks have the same length, at least 1.
  case repeated(Int)
  /// Each chunk has its own length.
  case lengths(ChunkLengths)

  /// Whether all chunks have the same length.
  var isRepeated: Bool {
    if case .repeated = self { true } else { false }
  }

  /// The length of the longest chunk.
  var longest: Int {
    switch self {
    case .repeated(let length): length
    case .lengths(let lengths): lengths.longest
    }
  }

  /// The number of chunks that cover the first `length` elements.
  ///
  /// - Precondition: The length is not negative, and the chunks have as many elements.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  func chunkCount(covering length: Int) -> Int {
    precondition(length >= 0, "a dimension has the negative length \(length)")
    return length == 0 ? 0 : chunkIndex(of: length - 1) + 1
  }

  /// The index of the chunk that contains an element.
  ///
  /// - Precondition: The chunks have as many elements.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  package func chunkIndex(of position: Int) -> Int {
    switch self {
    case .repeated(let length): position / length
    case .lengths(let lengths): lengths.chunkIndex(of: position)
    }
  }

  /// The elements of a chunk, including those beyond the array, up to the largest `Int`.
  ///
  /// - Precondition: The chunk exists.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  public func range(ofChunk index: Int) -> Range<Int> {
    switch self {
    case .repeated(let length):
      let (start, startOverflow) = index.multipliedReportingOverflow(by: length)
      let (end, endOverflow) = start.addingReportingOverflow(length)
      precondition(!startOverflow, "there is no chunk \(index)")
      return start..<(endOverflow ? Int.max : end)
    case .lengths(let lengths):
      return lengths.range(ofChunk: index)
    }
  }
}

/// The lengths of chunks along a dimension, in order.
///
/// A run of equal lengths takes the memory of one. So lengths take no more memory than the text that claims
/// them.
public struct ChunkLengths: Hashable, Sendable {
  /// Successive chunks of the same length.
  struct Run: Hashable, Sendable {
    let length: Int
    let count: Int

    /// The index of the first chunk, and its first element.
    let firstIndex: Int
    let start: Int
  }

  /// The runs.
  ///
  /// Neighbours differ in length.
  private(set) var runs: [Run] = []

  /// The number of chunks.
  public private(set) var chunkCount = 0

  /// The number of elements of all chunks.
  public private(set) var extent = 0

  /// The length of the longest chunk, and 1 if there are none.
  public private(set) var longest = 1

  /// Creates an empty list of lengths.
  public init() {}

  /// Creates lengths.
  ///
  /// - Throws: An error if a length is less than 1, or an `Int` cannot hold their sum.
  /// - Complexity: O(*n*)
  public init(_ lengths: some Sequence<Int>) throws(MetadataError) {
    for length in lengths {
      try append(length)
    }
  }

  /// Adds `count` chunks of the same length at the end.
  ///
  /// - Throws: An error if the length or the count is less than 1, or an `Int` cannot hold the sum of all.
  /// - Complexity: Amortized O(1)
  public mutating func append(_ length: Int, count: Int = 1) throws(MetadataError) {
    guard length >= 1, count >= 1 else {
      throw .expected(
        "integers of at least 1", found: .integer(min(length, count)), in: ChunkGrid.shapesField)
    }
    let (added, productOverflow) = length.multipliedReportingOverflow(by: count)
    let (sum, sumOverflow) = extent.addingReportingOverflow(added)
    guard !productOverflow, !sumOverflow else {
      throw MetadataError(
        code: .tooLarge, field: ChunkGrid.shapesField,
        message: "the chunks have more than \(Int.max) elements in all")
    }
    if let last = runs.last, last.length == length {
      runs[runs.count - 1] = Run(
        length: length, count: last.count + count, firstIndex: last.firstIndex, start: last.start)
    } else {
      runs.append(Run(length: length, count: count, firstIndex: chunkCount, start: extent))
    }
    chunkCount += count
    extent = sum
    longest = max(longest, length)
  }

  /// The lengths of the first `chunkCount` chunks, or of all if there are fewer.
  ///
  /// - Complexity: O(*n*) where *n* is the number of runs.
  func prefix(chunkCount: Int) throws(MetadataError) -> ChunkLengths {
    var lengths = ChunkLengths()
    for run in runs where run.firstIndex < chunkCount {
      try lengths.append(run.length, count: min(run.count, chunkCount - run.firstIndex))
    }
    return lengths
  }

  /// The number of chunks that end at or before an element.
  func chunkCount(endingBefore position: Int) -> Int {
    guard position < extent else { return chunkCount }
    return position <= 0 ? 0 : chunkIndex(of: position)
  }

  /// The index of the chunk that contains an element.
  func chunkIndex(of position: Int) -> Int {
    precondition(position >= 0 && position < extent, "the chunks have no element \(position)")
    let run = run { $0.start <= position }
    return run.firstIndex + (position - run.start) / run.length
  }

  /// The elements of a chunk.
  func range(ofChunk index: Int) -> Range<Int> {
    precondition(index >= 0 && index < chunkCount, "there is no chunk \(index)")
    let run = run { $0.firstIndex <= index }
    let start = run.start + (index - run.firstIndex) * run.length
    return start..<start + run.length
  }

  /// The last run for which `isEarly` holds.
  ///
  /// It holds for the first.
  private func run(beginning isEarly: (Run) -> Bool) -> Run {
    var lower = 0
    var upper = runs.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if isEarly(runs[middle]) { lower = middle } else { upper = middle }
    }
    return runs[lower]
  }
}

extension ChunkGrid {
  /// Reads the grid of an array with a given shape.
  init(_ value: JSONValue, shape: [Int]) throws(MetadataError) {
    let metadata = try MetadataExtension(value, field: Self.field)
    try metadata.checkMustUnderstand(field: Self.field)
    let fields = MetadataFields(metadata.configuration, path: "\(Self.field).configuration")
    switch metadata.name {
    case "regular":
      try metadata.checkOnly(settings: "chunk_shape", field: Self.field)
      try self.init(chunkShape: Self.chunkShape(fields, "chunk_shape", shape: shape))
    case "rectilinear":
      try metadata.checkOnly(settings: "kind", "chunk_shapes", field: Self.field)
      let kind = try fields.required("kind", "\"inline\"")
      guard kind == "inline" else { throw .expected("\"inline\"", found: kind, in: fields.path(of: "kind")) }
      try self.init(dimensions: Self.dimensions(fields, rank: shape.count))
    default:
      throw MetadataError(
        code: .unsupported, field: Self.field,
        message: "expected \"regular\" or \"rectilinear\", found \(JSONValue.string(metadata.name).summary)")
    }
  }

  /// Reads the shape of all chunks from the member `name`.
  ///
  /// Early writers gave dimensions without elements chunks of the length 0, which counts as 1.
  static func chunkShape(
    _ fields: MetadataFields, _ name: String, shape: [Int]
  ) throws(MetadataError) -> [Int] {
    let field = fields.path(of: name)
    let lengths = try fields.array(name, "an array of integers")
    guard lengths.count == shape.count else {
      throw .expected("\(shape.count) integers, as in shape", found: .array(lengths), in: field)
    }
    var chunkShape: [Int] = []
    for (dimension, length) in lengths.enumerated() {
      let isEmpty = shape[dimension] == 0 && (length.integerValue == 0 || length == false)
      chunkShape.append(isEmpty ? 1 : try length.positiveInteger(field: "\(field)[\(dimension)]"))
    }
    return chunkShape
  }

  private static func dimensions(
    _ fields: MetadataFields, rank: Int
  ) throws(MetadataError) -> [ChunkDimension] {
    let values = try fields.array("chunk_shapes", "an array of lengths")
    guard values.count == rank else {
      throw .expected("\(rank) members, as in shape", found: .array(values), in: shapesField)
    }
    var dimensions: [ChunkDimension] = []
    for (dimension, value) in values.enumerated() {
      let field = "\(shapesField)[\(dimension)]"
      if case .array(let lengths) = value {
        dimensions.append(.lengths(try Self.lengths(lengths, field: field)))
      } else {
        dimensions.append(.repeated(try value.positiveInteger(field: field)))
      }
    }
    return dimensions
  }

  /// Reads lengths.
  ///
  /// Each is a number, or a pair of a length and a count.
  static func lengths(_ values: [JSONValue], field: String) throws(MetadataError) -> ChunkLengths {
    var lengths = ChunkLengths()
    for (index, value) in values.enumerated() {
      let field = "\(field)[\(index)]"
      if case .array(let pair) = value {
        guard pair.count == 2 else { throw .expected("a length and a count", found: value, in: field) }
        let length = try pair[0].positiveInteger(field: "\(field)[0]")
        try lengths.append(length, count: pair[1].positiveInteger(field: "\(field)[1]"))
      } else {
        try lengths.append(value.positiveInteger(field: field))
      }
    }
    return lengths
  }

  /// The grid as documents hold it.
  public var json: JSONValue {
    guard isRectilinear else {
      return MetadataExtension(
        name: "regular", configuration: ["chunk_shape": .array(chunkShape.map(JSONValue.integer))]
      ).json
    }
    return MetadataExtension(
      name: "rectilinear", configuration: ["kind": "inline", "chunk_shapes": .array(dimensions.map(\.json))]
    ).json
  }
}

extension ChunkDimension {
  fileprivate var json: JSONValue {
    switch self {
    case .repeated(let length): .integer(length)
    case .lengths(let lengths): lengths.json
    }
  }
}

extension ChunkLengths {
  /// The lengths as documents hold them.
  var json: JSONValue {
    .array(
      runs.map { run in
        run.count == 1 ? .integer(run.length) : [.integer(run.length), .integer(run.count)]
      })
  }
}
