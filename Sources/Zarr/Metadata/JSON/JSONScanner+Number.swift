extension JSONScanner {
  /// Reads a number, and returns its text.
  mutating func number() throws(JSONError) -> String {
    let start = offset
    _ = try skipNumber()
    return try text(start..<offset)
  }

  /// Steps over a number, and returns whether it is finite.
  mutating func skipNumber() throws(JSONError) -> Bool {
    let start = offset
    var isFinite = false
    if peek(UInt8(ascii: "-")) {
      offset += 1
    }
    if peek(UInt8(ascii: "I")) {
      try skip("Infinity")
    } else if start == offset && peek(UInt8(ascii: "N")) {
      try skip("NaN")
    } else {
      try digits()
      isFinite = true
    }
    return isFinite
  }

  private mutating func digits() throws(JSONError) {
    if peek(UInt8(ascii: "0")) {
      offset += 1
      if offset < bytes.count, isDigit(bytes[offset]) {
        throw failure(.malformed, at: offset, "a number has a leading zero")
      }
    } else {
      try skipDigits()
    }
    if peek(UInt8(ascii: ".")) {
      offset += 1
      try skipDigits()
    }
    if peek(UInt8(ascii: "e")) || peek(UInt8(ascii: "E")) {
      offset += 1
      if peek(UInt8(ascii: "+")) || peek(UInt8(ascii: "-")) {
        offset += 1
      }
      try skipDigits()
    }
  }

  /// Steps over one digit or more.
  private mutating func skipDigits() throws(JSONError) {
    guard offset < bytes.count, isDigit(bytes[offset]) else { throw unexpected("a digit") }
    while offset < bytes.count, isDigit(bytes[offset]) {
      offset += 1
    }
  }

  private func peek(_ byte: UInt8) -> Bool {
    offset < bytes.count && bytes[offset] == byte
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}
