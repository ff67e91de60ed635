/// Writes bytes as base64 text, with the standard alphabet and padding.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Both characters of every twelve bits, the first one in the low byte.
  private static let pairs: [UInt16] = (0..<4096).map { bits in
    UInt16(alphabet[bits >> 6]) | UInt16(alphabet[bits & 63]) << 8
  }

  /// Appends the text of `bytes`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of `bytes`.
  static func append(_ bytes: RawSpan, to output: inout [UInt8]) {
    let groupCount = bytes.byteCount / 3
    let pairs = pairs.span
    unsafe bytes.withUnsafeBytes { bytes in
      output.append(addingCapacity: groupCount * 4) { output in
        unsafe output.withUnsafeMutableBufferPointer { buffer, count in
          guard let target = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
          for group in 0..<groupCount {
            // SAFETY: Three bytes are read and four are written for each whole group.
            let bits =
              unsafe Int(bytes[group * 3]) << 16 | Int(bytes[group * 3 + 1]) << 8 | Int(bytes[group * 3 + 2])
            unsafe target.storeBytes(
              of: pairs[bits >> 12].littleEndian, toByteOffset: count, as: UInt16.self)
            unsafe target.storeBytes(
              of: pairs[bits & 4095].littleEndian, toByteOffset: count + 2, as: UInt16.self)
            count += 4
          }
        }
      }
      appendTail(unsafe bytes.dropFirst(groupCount * 3).map(Int.init), to: &output)
    }
  }

  /// Appends the one or two bytes behind the last whole group.
  private static func appendTail(_ tail: [Int], to output: inout [UInt8]) {
    guard let first = tail.first else { return }
    let second = tail.count > 1 ? tail[1] : 0
    output.append(alphabet[first >> 2])
    output.append(alphabet[(first & 3) << 4 | second >> 4])
    output.append(tail.count > 1 ? alphabet[(second & 15) << 2] : UInt8(ascii: "="))
    output.append(UInt8(ascii: "="))
  }
}
