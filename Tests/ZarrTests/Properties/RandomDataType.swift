import ChunkEngine
import TestSupport
import Zarr

/// Random data types and elements.
struct RandomDataType {
  private static let numbers = NumberType.allCases.map(DataType.number)
  private static let smallNumbers = SmallNumberType.allCases.map(DataType.smallNumber)
  private static let units: [TimeUnit] = [.days, .nanoseconds, .generic]

  /// A data type that Zarr v3 metadata can have.
  static func any(using generator: inout SeededGenerator, depth: Int = 0) -> DataType {
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: return [.bytes, .string, .json].randomElement(using: &generator) ?? .bytes
    case 1: return .array(of: fixed(using: &generator, depth: depth + 1))
    case 2...3 where depth < 2: return .optional(any(using: &generator, depth: depth + 1))
    default: return fixed(using: &generator, depth: depth)
    }
  }

  /// A data type with elements of one size.
  static func fixed(using generator: inout SeededGenerator, depth: Int = 0) -> DataType {
    let count = Int.random(in: 1...5, using: &generator)
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: return smallNumbers.randomElement(using: &generator) ?? .number(.int8)
    case 1: return .complex(of: [.number(.float16), .smallNumber(.float8E5M2)][count % 2])
    case 2: return [.rawBytes(byteCount: count), .opaqueBytes(byteCount: count)][count % 2]
    case 3: return [.nullTerminatedBytes(byteCount: count), .fixedLengthUTF32(length: count)][count % 2]
    case 4: return .datetime64(units[count % 3], scaleFactor: count)
    case 5: return .timedelta64(units[count % 3], scaleFactor: count)
    case 6 where depth < 2:
      return .structure(
        (0..<count).map { StructureField("f\($0)", fixed(using: &generator, depth: depth + 1)) })
    default: return numbers.randomElement(using: &generator) ?? .number(.int8)
    }
  }

  /// A data type of fixed size in the form of Zarr v2 metadata: structures may have fields of either byte
  /// order, and arrays.
  static func version2(using generator: inout SeededGenerator, depth: Int = 0) -> JSONValue {
    if Int.random(in: 0..<4, using: &generator) == 0, depth < 2 {
      let fields = (0..<Int.random(in: 1...4, using: &generator)).map { index -> JSONValue in
        var field: [JSONValue] = [.string("f\(index)"), version2(using: &generator, depth: depth + 1)]
        if Int.random(in: 0..<3, using: &generator) == 0 {
          let rank = Int.random(in: 1...2, using: &generator)
          field.append(.array((0..<rank).map { _ in .integer(Int.random(in: 1...3, using: &generator)) }))
        }
        return .array(field)
      }
      return .array(fields)
    }
    let codes = [
      "|b1", "|i1", "|u1", "i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8[25s]",
      "m8[ns]",
      "U3", "|S4", "|V3",
    ]
    let code = codes.randomElement(using: &generator) ?? "|i1"
    return .string(code.hasPrefix("|") ? code : (Bool.random(using: &generator) ? "<" : ">") + code)
  }

  /// An element in memory.
  static func element(of type: DataType, using generator: inout SeededGenerator) -> [UInt8] {
    let byte = UInt8(truncatingIfNeeded: generator.next())
    switch type {
    case .number(.bool): return [byte & 1]
    case .smallNumber(let small):
      if let integers = small.integers {
        let integer = Int.random(in: integers, using: &generator)
        return [UInt8(truncatingIfNeeded: integer)]
      }
      return [
        small.rawValue.hasPrefix("float4") ? byte & 15 : small.rawValue.hasPrefix("float6") ? byte & 63 : byte
      ]
    case .complex(let part):
      return element(of: part, using: &generator) + element(of: part, using: &generator)
    case .bytes: return ArrayElements.random(1, using: &generator)[0]
    case .string:
      return Array(String(repeating: ["a", "é", "日\0"][Int(byte) % 3], count: Int(byte) % 5).utf8)
    case .json: return Array(["null", #"{"a":[1,2.5]}"#, #""é""#, "[]", "7"][Int(byte) % 5].utf8)
    case .array(let item):
      return (0..<Int(byte) % 4).flatMap { _ in element(of: item, using: &generator) }
    case .fixedLengthUTF32(let length):
      return (0..<length).flatMap { _ in [UInt8.random(in: 1...9, using: &generator), 0, 0, 0] }
    case .structure(let fields): return fields.flatMap { element(of: $0.dataType, using: &generator) }
    case .subarray(let item, let shape):
      return (0..<shape.reduce(1, *)).flatMap { _ in element(of: item, using: &generator) }
    case .optional(let inner):
      return byte % 3 == 0 ? type.defaultFillValue : [1] + element(of: inner, using: &generator)
    default:
      return (0..<(type.layout.fixedByteCount ?? 0)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
  }
}
