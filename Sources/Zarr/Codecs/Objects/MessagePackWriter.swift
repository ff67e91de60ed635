import ChunkEngine
import Foundation

/// Writes JSON values in MessagePack, each in the fewest bytes.
struct MessagePackWriter {
  /// Whether numbers with a fraction are written as `float32`.
  let usesSingleFloats: Bool

  /// Whether there are types for byte strings, and for text of up to 255 bytes.
  let tellsBytesFromText: Bool

  /// What was written.
  var bytes: [UInt8] = []

  /// Appends a value.
  ///
  /// Recurses as deeply as the value is nested, which is what its parser allowed.
  mutating func append(_ value: JSONValue) throws(ChunkError) {
    switch value {
    case .null: bytes.append(0xC0)
    case .bool(let value): bytes.append(value ? 0xC3 : 0xC2)
    case .number(let number): try append(number)
    case .string(let text): try append(text)
    case .array(let values):
      try beginArray(count: values.count)
      for value in values {
        try append(value)
      }
    case .object(let members):
      if let data = Self.byteString(members) { return try append(data) }
      try begin(count: members.count, short: 0x80, shortLimit: 16, codes: (nil, 0xDE, 0xDF))
      for (key, value) in members {
        try append(key)
        try append(value)
      }
    }
  }

  /// Begins an array of `count` values, which follow.
  mutating func beginArray(count: Int) throws(ChunkError) {
    try begin(count: count, short: 0x90, shortLimit: 16, codes: (nil, 0xDC, 0xDD))
  }

  /// Appends text.
  mutating func append(_ text: String) throws(ChunkError) {
    try beginText(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends an integer that is not negative.
  mutating func append(_ value: UInt64) {
    switch value {
    case 0..<0x80: bytes.append(UInt8(truncatingIfNeeded: value))
    case 0..<1 << 8: append(0xCC, UInt8(truncatingIfNeeded: value))
    case 0..<1 << 16: append(0xCD, UInt16(truncatingIfNeeded: value))
    case 0..<1 << 32: append(0xCE, UInt32(truncatingIfNeeded: value))
    default: append(0xCF, value)
    }
  }

  private mutating func append(_ number: JSONNumber) throws(ChunkError) {
    if let value = number.unsignedInteger {
      append(value)
    } else if let value = number.integer {
      append(negative: value)
    } else if number.isInteger {
      throw Self.unencodable("the integer \(JSONValue.number(number).summary) has more than 64 bits")
    } else {
      let value = number.double
      guard value.isFinite || number.isInfinite || value.isNaN else {
        throw Self.unencodable("the number \(JSONValue.number(number).summary) is too large")
      }
      if usesSingleFloats {
        append(0xCA, Float(value).bitPattern)
      } else {
        append(0xCB, value.bitPattern)
      }
    }
  }

  private mutating func append(negative value: Int) {
    switch value {
    case -0x20...0: bytes.append(UInt8(truncatingIfNeeded: value))
    case -0x80...0: append(0xD0, UInt8(truncatingIfNeeded: value))
    case -0x8000...0: append(0xD1, UInt16(truncatingIfNeeded: value))
    case -0x8000_0000...0: append(0xD2, UInt32(truncatingIfNeeded: value))
    default: append(0xD3, UInt64(bitPattern: Int64(value)))
    }
  }

  private mutating func append(_ data: Data) throws(ChunkError) {
    if tellsBytesFromText {
      try begin(count: data.count, short: 0, shortLimit: 0, codes: (0xC4, 0xC5, 0xC6))
    } else {
      try beginText(count: data.count)
    }
    bytes.append(contentsOf: data)
  }

  private mutating func beginText(count: Int) throws(ChunkError) {
    // The first version of the format has no code for lengths of one byte.
    try begin(count: count, short: 0xA0, shortLimit: 32, codes: (tellsBytesFromText ? 0xD9 : nil, 0xDA, 0xDB))
  }

  /// Appends a count, in the same byte as the code if it is below a limit, else in one, two or four bytes.
  private mutating func begin(
    count: Int, short: UInt8, shortLimit: Int, codes: (one: UInt8?, two: UInt8, four: UInt8)
  ) throws(ChunkError) {
    if count < shortLimit {
      bytes.append(short | UInt8(truncatingIfNeeded: count))
    } else if let code = codes.one, let count = UInt8(exactly: count) {
      append(code, count)
    } else if let count = UInt16(exactly: count) {
      append(codes.two, count)
    } else if let count = UInt32(exactly: count) {
      append(codes.four, count)
    } else {
      throw Self.unencodable("\(count) are more than MessagePack can count")
    }
  }

  /// Appends a code and a number, the most significant byte first.
  private mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ code: UInt8, _ number: Number) {
    bytes.append(code)
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  private static func unencodable(_ reason: String) -> ChunkError {
    .unencodable(codec: MessagePack2Codec.name, reason: reason)
  }

  /// The byte string that an object stands for, or nil if it is an object like any other.
  private static func byteString(_ members: JSONObject) -> Data? {
    guard members.count == 1, let text = members[MessagePack2Codec.bytesKey]?.stringValue,
      let data = Data(base64Encoded: text), data.base64EncodedString() == text
    else { return nil }
    return data
  }
}

extension JSONNumber {
  /// Whether the number is written without fraction and exponent.
  fileprivate var isInteger: Bool {
    text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  /// Whether the number is written as an infinity.
  fileprivate var isInfinite: Bool { text.hasSuffix("Infinity") }
}
