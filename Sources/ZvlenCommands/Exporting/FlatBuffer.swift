/// Builds a [FlatBuffer](https://flatbuffers.dev/internals/), the form of the metadata of Arrow.
///
/// It is built from its end to its beginning, so that each object comes before those that it points to. An object is
/// named by the number of bytes from where it begins to the end.
///
///     | root | vtable | table | … | vtable | table | vector | string |
///
///     vtable   | u16 size of vtable | u16 size of table | u16 offset of field 0 | … |      0: the field is missing
///     table    | i32 offset to the vtable | fields |
///     vector   | u32 count | elements |
struct FlatBufferBuilder {
  /// A field of a table, by its number in the schema.
  enum Field {
    case byte(Int, UInt8)
    case short(Int, Int16)
    case int(Int, Int32)
    case long(Int, Int64)
    case object(Int, Int)

    fileprivate var number: Int {
      switch self {
      case .byte(let number, _), .short(let number, _), .int(let number, _), .long(let number, _),
        .object(let number, _):
        number
      }
    }

    fileprivate var byteCount: Int {
      switch self {
      case .byte: 1
      case .short: 2
      case .int, .object: 4
      case .long: 8
      }
    }
  }

  /// The bytes, the last one first.
  private var reversed: [UInt8] = []

  /// Adds text, and returns its name.
  mutating func string(_ text: String) -> Int {
    align(to: 4, adding: text.utf8.count + 1)
    reversed.append(0)
    reversed.append(contentsOf: text.utf8.reversed())
    push(UInt32(text.utf8.count))
    return reversed.count
  }

  /// Adds a vector of objects, and returns its name.
  mutating func vector(of objects: [Int]) -> Int {
    align(to: 4, adding: 4 * objects.count)
    for object in objects.reversed() { push(offset(to: object)) }
    push(UInt32(objects.count))
    return reversed.count
  }

  /// Adds a vector of structures of two 64-bit numbers, and returns its name.
  mutating func vector(of pairs: [(Int, Int)]) -> Int {
    align(to: 8, adding: 16 * pairs.count)
    for pair in pairs.reversed() {
      push(Int64(pair.1))
      push(Int64(pair.0))
    }
    push(UInt32(pairs.count))
    return reversed.count
  }

  /// Adds a table, and returns its name.
  mutating func table(_ fields: [Field]) -> Int {
    let end = reversed.count
    var positions = [Int](repeating: 0, count: (fields.map(\.number).max() ?? -1) + 1)
    for field in fields.sorted(by: { $0.byteCount > $1.byteCount }) {
      align(to: field.byteCount)
      switch field {
      case .byte(_, let value): push(value)
      case .short(_, let value): push(value)
      case .int(_, let value): push(value)
      case .long(_, let value): push(value)
      case .object(_, let object): push(offset(to: object))
      }
      positions[field.number] = reversed.count
    }
    align(to: 4)
    push(Int32(0))
    let table = reversed.count
    for position in positions.reversed() { push(UInt16(position == 0 ? 0 : table - position)) }
    push(UInt16(table - end))
    push(UInt16(4 + 2 * positions.count))
    var distance = UInt32(reversed.count - table)
    for index in (table - 4..<table).reversed() {
      reversed[index] = UInt8(truncatingIfNeeded: distance)
      distance >>= 8
    }
    return table
  }

  /// Returns the bytes of a buffer with a table as its root.
  mutating func finish(_ root: Int) -> [UInt8] {
    align(to: 8, adding: 4)
    push(offset(to: root))
    return reversed.reversed()
  }

  /// The distance from an offset that comes next to an object.
  private func offset(to object: Int) -> UInt32 { UInt32(reversed.count + 4 - object) }

  /// Adds zeros, so that a multiple of `byteCount` is reached after `added` more bytes.
  private mutating func align(to byteCount: Int, adding added: Int = 0) {
    while (reversed.count + added) % byteCount != 0 { reversed.append(0) }
  }

  private mutating func push(_ value: some FixedWidthInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      reversed.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

/// A table of a FlatBuffer that someone else has built.
///
/// Whatever the bytes are, nothing outside of them is read.
struct FlatBufferTable {
  /// The bytes are no FlatBuffer.
  struct Damage: Error {}

  private let bytes: [UInt8]
  private let position: Int

  /// Takes the root of a buffer.
  init(rootOf bytes: [UInt8]) throws(Damage) {
    position = Int(try Self.load(UInt32.self, from: bytes, at: 0))
    self.bytes = bytes
  }

  private init(_ bytes: [UInt8], at position: Int) {
    (self.bytes, self.position) = (bytes, position)
  }

  /// The number in a field, or 0, which is never stored.
  func number<Number: FixedWidthInteger>(_ field: Int, as type: Number.Type) throws(Damage) -> Number {
    try place(of: field).map { offset throws(Damage) in try load(type, at: offset) } ?? 0
  }

  /// The table of a field, or nil.
  func table(_ field: Int) throws(Damage) -> FlatBufferTable? {
    try target(of: field).map { FlatBufferTable(bytes, at: $0) }
  }

  /// The tables of a field.
  func tables(_ field: Int) throws(Damage) -> [FlatBufferTable] {
    var tables: [FlatBufferTable] = []
    for place in try elements(of: field, byteCount: 4) {
      tables.append(FlatBufferTable(bytes, at: place + Int(try load(UInt32.self, at: place))))
    }
    return tables
  }

  /// The text of a field.
  func text(_ field: Int) throws(Damage) -> String {
    let places = try elements(of: field, byteCount: 1)
    guard let text = String(validating: bytes[places.range], as: UTF8.self) else { throw Damage() }
    return text
  }

  /// The 64-bit numbers of a field, whose elements have `count` of them each.
  func numbers(_ field: Int, perElement count: Int) throws(Damage) -> [[Int64]] {
    var elements: [[Int64]] = []
    for place in try self.elements(of: field, byteCount: 8 * count) {
      var numbers: [Int64] = []
      for number in 0..<count { numbers.append(try load(Int64.self, at: place + 8 * number)) }
      elements.append(numbers)
    }
    return elements
  }

  /// Where the elements of a vector are.
  private struct Places: Sequence {
    var range = 0..<0
    var byteCount = 1

    func makeIterator() -> some IteratorProtocol<Int> {
      stride(from: range.lowerBound, to: range.upperBound, by: byteCount).makeIterator()
    }
  }

  private func elements(of field: Int, byteCount: Int) throws(Damage) -> Places {
    guard let vector = try target(of: field) else { return Places() }
    let count = Int(try load(UInt32.self, at: vector))
    guard count <= (bytes.count - vector - 4) / byteCount else { throw Damage() }
    return Places(range: vector + 4..<vector + 4 + count * byteCount, byteCount: byteCount)
  }

  /// Where the object of a field is, or nil if the field is missing.
  private func target(of field: Int) throws(Damage) -> Int? {
    guard let place = try place(of: field) else { return nil }
    return place + Int(try load(UInt32.self, at: place))
  }

  /// Where a field is, or nil if it is missing.
  private func place(of field: Int) throws(Damage) -> Int? {
    let vtable = position - Int(try load(Int32.self, at: position))
    let entry = 4 + 2 * field
    guard entry + 2 <= Int(try load(UInt16.self, at: vtable)) else { return nil }
    let offset = Int(try load(UInt16.self, at: vtable + entry))
    return offset == 0 ? nil : position + offset
  }

  private func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) throws(Damage) -> Number {
    try Self.load(type, from: bytes, at: offset)
  }

  private static func load<Number: FixedWidthInteger>(
    _: Number.Type, from bytes: [UInt8], at offset: Int
  ) throws(Damage) -> Number {
    let byteCount = MemoryLayout<Number>.size
    guard offset >= 0, offset <= bytes.count - byteCount else { throw Damage() }
    var number: Number = 0
    for byte in bytes[offset..<offset + byteCount].reversed() {
      number = number << 8 | Number(truncatingIfNeeded: byte)
    }
    return number
  }
}
