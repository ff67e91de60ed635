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
