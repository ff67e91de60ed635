import CCrypto
import CKernels
import ChunkEngine

/// Digests of bytes, as signatures and checksums need them.
enum Digest {
  /// The SHA-256 of bytes.
  static func sha256(_ bytes: RawSpan) -> [UInt8] { unsafe digest(bytes, EVP_sha256(), byteCount: 32) }

  /// The SHA-256 of text.
  static func sha256(_ text: String) -> [UInt8] { sha256(text.utf8Bytes) }

  /// The MD5 of bytes, which some requests have to carry.
  static func md5(_ bytes: RawSpan) -> [UInt8] { unsafe digest(bytes, EVP_md5(), byteCount: 16) }

  /// The HMAC of text, with SHA-256.
  static func hmac(_ text: String, key: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    let text = Array(text.utf8)
    // SAFETY: The result has as many bytes as the hash.
    unsafe HMAC(EVP_sha256(), key, Int32(key.count), text, text.count, &result, nil)
    return result
  }

  /// The CRC-32C of bytes as servers write it: in Base64, the most significant byte first.
  static func crc32c(_ bytes: RawSpan) -> String {
    let sum = unsafe bytes.withUnsafeBytes { unsafe ckernels_crc32c(0, $0.baseAddress, $0.count) }
    return base64((0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) })
  }

  private static func digest(_ bytes: RawSpan, _ kind: OpaquePointer?, byteCount: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: byteCount)
    // SAFETY: The result has as many bytes as the hash.
    _ = unsafe bytes.withUnsafeBytes { bytes in
      unsafe EVP_Digest(bytes.baseAddress, bytes.count, &result, nil, kind, nil)
    }
    return result
  }
}

/// Bytes in hexadecimal digits, in lower case.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(64)
  for byte in bytes {
    for digit in [byte >> 4, byte & 15] { text.append(digit + (digit < 10 ? 0x30 : 0x57)) }
  }
  return String(decoding: text, as: UTF8.self)
}

/// Bytes in Base64.
func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0..<4 {
      text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
