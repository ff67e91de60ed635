extension ChunkGrid {
  static let shapesField = "chunk_grid.configuration.chunk_shapes"

  /// Reads the grid of an array with a given shape.
  init(_ value: JSONValue, shape: [Int]) throws(MetadataError) {
    let metadata = try MetadataExtension(value, field: Self.field)
    try metadata.checkMustUnderstand(field: Self.field)
    let fields = MetadataFields(metadata.configuration, path: "\(Self.field).configuration")
    switch metadata.name {
    case "regular":
      try metadata.checkOnly(settings: "chunk_shape", field: Self.field)
      try self.init(chunkShape: Self.chunkShape(fields, shape: shape))
    case "rectilinear":
      try metadata.checkOnly(settings: "kind", "chunk_shapes", field: Self.field)
      let kind = try fields.required("kind", "\"inline\"")
      guard kind == "inline" else { throw .expected("\"inline\"", found: kind, in: fields.path(of: "kind")) }
      try self.init(axes: Self.axes(fields, rank: shape.count))
    default:
      throw MetadataError(
        code: .unsupported, field: Self.field,
        message: "expected \"regular\" or \"rectilinear\", found \(JSONValue.string(metadata.name).summary)")
    }
  }

  private static func chunkShape(_ fields: MetadataFields, shape: [Int]) throws(MetadataError) -> [Int] {
    let sides = try fields.array("chunk_shape", "an array of integers")
    guard sides.count == shape.count else {
      throw .expected("\(shape.count) integers, as in shape", found: .array(sides), in: shapeField)
    }
    var chunkShape: [Int] = []
    for (axis, value) in sides.enumerated() {
      // Early writers gave axes without elements chunks without elements.
      if shape[axis] == 0 && (value.integerValue == 0 || value == false) {
        chunkShape.append(1)
        continue
      }
      guard let side = value.integerValue, side >= 1 else {
        throw .expected("an integer of at least 1", found: value, in: "\(shapeField)[\(axis)]")
      }
      chunkShape.append(side)
    }
    return chunkShape
  }

  private static func axes(_ fields: MetadataFields, rank: Int) throws(MetadataError) -> [ChunkAxis] {
    let values = try fields.array("chunk_shapes", "an array of lengths")
    guard values.count == rank else {
      throw .expected("\(rank) members, as in shape", found: .array(values), in: shapesField)
    }
    var axes: [ChunkAxis] = []
    for (axis, value) in values.enumerated() {
      let field = "\(shapesField)[\(axis)]"
      if case .array(let lengths) = value {
        axes.append(.lengths(try Self.lengths(lengths, field: field)))
      } else {
        axes.append(.repeated(try positive(value, field: field)))
      }
    }
    return axes
  }

  /// Reads lengths, of which each is a number or a pair of a length and how often it stands there.
  private static func lengths(_ values: [JSONValue], field: String) throws(MetadataError) -> ChunkLengths {
    var lengths = ChunkLengths()
    for (index, value) in values.enumerated() {
      let field = "\(field)[\(index)]"
      if case .array(let pair) = value {
        guard pair.count == 2 else { throw .expected("a length and a count", found: value, in: field) }
        let length = try positive(pair[0], field: "\(field)[0]")
        try lengths.append(length, count: positive(pair[1], field: "\(field)[1]"))
      } else {
        try lengths.append(positive(value, field: field))
      }
    }
    return lengths
  }

  private static func positive(_ value: JSONValue, field: String) throws(MetadataError) -> Int {
    guard let integer = value.integerValue, integer >= 1 else {
      throw .expected("an integer of at least 1", found: value, in: field)
    }
    return integer
  }

  /// The grid as documents hold it.
  public var json: JSONValue {
    guard isRectilinear else {
      return MetadataExtension(
        name: "regular", configuration: ["chunk_shape": .array(chunkShape.map(JSONValue.integer))]
      ).json
    }
    return MetadataExtension(
      name: "rectilinear", configuration: ["kind": "inline", "chunk_shapes": .array(axes.map(\.json))]
    ).json
  }
}

extension ChunkAxis {
  fileprivate var json: JSONValue {
    switch self {
    case .repeated(let length): .integer(length)
    case .lengths(let lengths):
      .array(
        lengths.runs.map { run in
          run.count == 1 ? .integer(run.length) : [.integer(run.length), .integer(run.count)]
        })
    }
  }
}
