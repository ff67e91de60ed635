public import ChunkEngine
public import Testing

/// Expects of `codec` what the engine relies on.
///
/// Every kind of input comes back. The bound on the encoded size holds. A decoder takes no more memory than
/// its limit, refuses input that is truncated or has trailing bytes, and works after an error.
public func expectConforms(
  _ codec: some BytesToBytesCodec, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let inputs = conformanceInputs
  let check = CodecCheck(
    encoder: try codec.makeEncoder(), decoder: try codec.makeDecoder(), sourceLocation: sourceLocation)
  var encoded: [[UInt8]] = []
  for input in inputs {
    let bound = try codec.maximumEncodedByteCount(of: input.count)
    encoded.append(try check.encode(input, bound: bound))
  }
  for (input, encoded) in zip(inputs, encoded) {
    try check.expectDecoding(of: encoded, gives: input)
    check.expectLimit(of: encoded, decodedByteCount: input.count)
  }
  for (input, encoded) in zip(inputs, encoded).prefix(3) {
    check.expectRefusal(ofPrefixesOf: encoded)
    check.expectRefusal(of: encoded + [0xab, 0xcd, 0xef])
    try check.expectDecoding(of: encoded, gives: input)
  }
  check.expectRefusal(ofPrefixesOf: encoded[3], step: 9973)
  check.expectEncodingError(of: inputs[3], room: 8)
  #expect(
    try codec.decoded(check.encode(inputs[3], bound: encoded[3].count + 4096), limit: 100_000) == inputs[3])
  // For a huge size the bound is an error or huge too, not a wrong bound.
  let bound = try? codec.maximumEncodedByteCount(of: .max)
  #expect(bound == nil || bound == .max, sourceLocation: sourceLocation)
}

/// No bytes, one, a few, 100 KB that no codec compresses, and 1 MiB that every codec compresses.
///
/// Made once, because debug builds are slow.
private let conformanceInputs: [[UInt8]] = {
  var generator = SeededGenerator(seed: 0xC0DEC)
  let incompressible = generator.bytes(count: 100_000)
  let page = generator.bytes(count: 4096)
  var compressible: [UInt8] = []
  for _ in 0..<256 {
    compressible += page
  }
  return [[], [0x2a], Array("abcabcabcabcabcabcabcabcabcabcabcabc".utf8), incompressible, compressible]
}()

/// The encoder and decoder under test, used for all inputs.
private struct CodecCheck {
  let encoder: any BytesEncoder
  let decoder: any BytesDecoder
  let sourceLocation: SourceLocation

  /// Encodes `input` into `bound` bytes, and checks that the bytes after them do not change.
  func encode(_ input: [UInt8], bound: Int) throws -> [UInt8] {
    let fence = 64
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound + fence, alignment: 16)
    defer { memory.deallocate() }
    _ = memory[bound...].initializeMemory(as: UInt8.self, repeating: 0xa5)
    let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<bound])
    var output = OutputRawSpan(buffer: room, initializedCount: 0)
    try encoder.encode(input.span.bytes, into: &output)
    let count = output.finalize(for: room)
    output = OutputRawSpan()
    #expect(
      memory[bound...].allSatisfy { $0 == 0xa5 }, "bytes after the bound", sourceLocation: sourceLocation)
    return Array(room.prefix(count))
  }

  /// Expects `encoded` to decode to `decoded` after the content of an arena, without excess memory.
  func expectDecoding(of encoded: [UInt8], gives decoded: [UInt8]) throws {
    let limit = decoded.count
    var exact = ByteArena()
    try decoder.decode(encoded.span.bytes, into: &exact, limit: limit)
    let isEqual = exact.bytes.isEqual(to: decoded.span.bytes)
    let exactCapacity = exact.capacity
    #expect(isEqual, "\(limit) bytes", sourceLocation: sourceLocation)
    #expect(exactCapacity <= limit, sourceLocation: sourceLocation)

    var used = ByteArena()
    try used.append(littleEndian: 0x0403_0201)
    try decoder.decode(encoded.span.bytes, into: &used, limit: limit)
    let isAppended = used.bytes.extracting(4..<used.count).isEqual(to: decoded.span.bytes)
    #expect(isAppended, "\(limit) bytes after others", sourceLocation: sourceLocation)
  }

  /// Expects an error for a limit one byte below the decoded size.
  func expectLimit(of encoded: [UInt8], decodedByteCount: Int) {
    guard decodedByteCount > 0 else { return }
    var arena = ByteArena()
    do throws(ChunkError) {
      try decoder.decode(encoded.span.bytes, into: &arena, limit: decodedByteCount - 1)
      Issue.record("\(decodedByteCount) bytes were decoded beyond the limit", sourceLocation: sourceLocation)
    } catch .decodedByteCountExceedsLimit(_, _, let limit) {
      #expect(limit == decodedByteCount - 1, sourceLocation: sourceLocation)
    } catch {
      Issue.record("the limit gives another error: \(error)", sourceLocation: sourceLocation)
    }
    let capacity = arena.capacity
    #expect(capacity < decodedByteCount, sourceLocation: sourceLocation)
  }

  func expectRefusal(ofPrefixesOf encoded: [UInt8], step: Int = 1) {
    for count in stride(from: 0, to: encoded.count, by: step) {
      expectRefusal(of: Array(encoded[..<count]))
    }
  }

  func expectRefusal(of encoded: [UInt8]) {
    var arena = ByteArena()
    let limit = 1 << 20
    #expect(throws: ChunkError.self, "\(encoded.count) bytes", sourceLocation: sourceLocation) {
      try decoder.decode(encoded.span.bytes, into: &arena, limit: limit)
    }
    let capacity = arena.capacity
    #expect(capacity <= limit, sourceLocation: sourceLocation)
  }

  /// Expects an error, and no overrun, if the output is full.
  func expectEncodingError(of input: [UInt8], room: Int) {
    #expect(throws: ChunkError.self, sourceLocation: sourceLocation) {
      _ = try encode(input, bound: room)
    }
  }
}
