/// A growing run of bytes that one worker fills and empties, chunk after chunk.
///
/// Emptying an arena keeps its memory. After the first few chunks a worker therefore allocates nothing.
///
///     [ written bytes | free capacity | slack for kernels ]
///     0            count         capacity
///
/// You can take the written bytes out of an arena. If it expects more chunks, it goes on after them, in the same
/// allocation.
@safe
public struct ByteArena: ~Copyable {
  private var allocation: Allocation?

  /// Where the arena begins in the allocation.
  private var offset = 0

  /// How many more chunks will be taken out of the arena, so that one allocation can serve many.
  var expectedChunkCount = 1

  /// The number of bytes written.
  public private(set) var count = 0

  /// The number of bytes that the arena can hold before it moves to a larger allocation.
  public private(set) var capacity = 0

  /// Creates an arena without memory.
  public init() {}

  /// The first byte of the arena, if it has memory.
  private var memory: UnsafeMutableRawPointer? {
    guard let allocation else { return nil }
    return unsafe allocation.start + offset
  }

  /// The bytes written.
  ///
  /// - Complexity: O(1)
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let written = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: memory, count: count))
      return unsafe _overrideLifetime(written, borrowing: self)
    }
  }

  /// Forgets the bytes written and keeps the memory.
  ///
  /// - Complexity: O(1)
  public mutating func removeAll() {
    count = 0
  }

  /// Forgets the bytes written, and releases memory that it shares with bytes that were taken out.
  ///
  /// - Complexity: O(1)
  mutating func removeShared() {
    removeAll()
    guard offset > 0 else { return }
    allocation = nil
    offset = 0
    capacity = 0
  }

  /// Forgets all bytes after the first `count`.
  ///
  /// - Precondition: `count` is at most the number of bytes written.
  /// - Complexity: O(1)
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "an arena cannot be truncated to more than it holds")
    self.count = count
  }

  /// Makes room for `byteCount` more bytes.
  ///
  /// An empty arena takes just what you ask for, since sizes are known beforehand. One that holds bytes grows by
  /// half at least, so that many appends stay linear.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(1), and O(`count`) when the arena has to move.
  public mutating func reserve(_ byteCount: Int) throws(ChunkError) {
    try reserve(byteCount, growingTo: Int.max)
  }

  /// Makes room for `byteCount` more bytes, and takes more than that only up to `limit`.
  mutating func reserve(_ byteCount: Int, growingTo limit: Int) throws(ChunkError) {
    let (needed, overflow) = count.addingReportingOverflow(byteCount)
    guard byteCount >= 0, !overflow else { throw .outOfMemory(byteCount: byteCount) }
    guard needed > capacity || allocation == nil else { return }
    let wanted = count == 0 ? needed : max(needed, min(limit, capacity + capacity / 2))
    let larger = RecycledMemory.byteCount(forChunkOf: wanted, expectedChunkCount: expectedChunkCount)
    let moved = try Allocation(byteCount: larger)
    if let memory = unsafe memory {
      unsafe moved.start.copyMemory(from: memory, byteCount: count)
    }
    allocation = moved
    offset = 0
    capacity = larger
  }

  /// Appends up to `byteCount` bytes that `initializer` writes.
  ///
  /// If `initializer` throws, the arena keeps what was written until then.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `initializer` throws.
  /// - Complexity: O(`byteCount`), and O(`count` + `byteCount`) when the arena has to move.
  public mutating func append(
    addingCapacity byteCount: Int,
    initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try append(addingCapacity: byteCount, growingTo: Int.max, initializingWith: initializer)
  }

  /// Appends as ``append(addingCapacity:initializingWith:)`` does, and takes more memory than needed only up to
  /// `limit` bytes.
  mutating func append(
    addingCapacity byteCount: Int, growingTo limit: Int,
    initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try reserve(byteCount, growingTo: limit)
    guard let memory = unsafe memory else { return }
    let free = unsafe UnsafeMutableRawBufferPointer(start: memory + count, count: byteCount)
    var output = unsafe OutputRawSpan(buffer: free, initializedCount: 0)
    defer {
      count += unsafe output.finalize(for: free)
      output = OutputRawSpan()
    }
    try initializer(&output)
  }

  /// Hands room for `byteCount` bytes to `body`, for calls to the system, and appends as many as it says it
  /// wrote.
  ///
  /// - Precondition: `body` returns at most `byteCount`, and has initialized as many bytes.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws; the arena is then as before.
  @unsafe
  public mutating func appendUnsafe(
    addingCapacity byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws {
    try reserve(byteCount)
    guard let memory = unsafe memory else { return }
    let written = try unsafe body(UnsafeMutableRawBufferPointer(start: memory + count, count: byteCount))
    precondition(written >= 0 && written <= byteCount, "more was written than fits")
    count += written
  }

  /// Appends a copy of `source`.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the size of `source`, and O(`count` + *n*) when the arena has to move.
  public mutating func append(copying source: RawSpan) throws(ChunkError) {
    try append(addingCapacity: source.byteCount) { output throws(ChunkError) in
      output.append(copying: source)
    }
  }

  /// Appends `value`, its least significant byte first.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: Amortized O(1)
  public mutating func append(littleEndian value: UInt32) throws(ChunkError) {
    try append(addingCapacity: 4) { output throws(ChunkError) in
      output.append(littleEndian: value)
    }
  }

  /// Writes `value` over the four bytes at `offset`, its least significant byte first.
  ///
  /// - Precondition: the four bytes are written already.
  public mutating func overwrite(littleEndian value: UInt32, at offset: Int) {
    precondition(offset >= 0 && offset <= count - 4, "an arena can overwrite only what is written")
    unsafe memory?.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  /// The memory that can be written before the arena has to move.
  var free: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: memory.map { unsafe $0 + count }, count: capacity - count)
  }

  /// Counts the first `byteCount` bytes of ``free`` as written.
  mutating func advance(by byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= capacity - count, "more was written than fits")
    count += byteCount
  }

  /// Takes the written bytes out of the arena, which is left empty.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, only if the arena never had memory.
  /// - Complexity: O(1). Copies nothing.
  public mutating func takeBytes() throws(ChunkError) -> SharedBytes {
    try reserve(0)
    guard let allocation else { throw .outOfMemory(byteCount: 0) }
    let taken = SharedBytes(allocation, offset: offset, byteCount: count)
    expectedChunkCount -= 1
    // The next bytes begin after the slack of these, where memory is aligned for any kernel.
    let next = (count + RawMemory.slack + 63) & ~63
    if expectedChunkCount > 0, next < capacity {
      offset += next
      capacity -= next
    } else {
      self.allocation = nil
      offset = 0
      capacity = 0
    }
    count = 0
    return taken
  }
}

extension ByteArena {
  /// Appends `byteCount` bytes that `kernel` makes of `source`.
  ///
  /// - Parameters:
  ///   - byteCount: What the kernel writes.
  ///   - source: What the kernel reads.
  ///   - kernel: Is handed the first byte of `source` and the first of the memory for `byteCount` bytes, and
  ///     writes all of these. It is not called if there is nothing to read or nothing to write.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `kernel` throws; the arena is then as before.
  /// - Complexity: That of the kernel.
  mutating func append(
    byteCount: Int, from source: RawSpan,
    _ kernel: (UnsafeRawPointer, UnsafeMutableRawPointer) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try append(addingCapacity: byteCount) { output throws(ChunkError) in
      try unsafe output.appendUnsafe { target throws(ChunkError) in
        guard byteCount > 0, let target = target.baseAddress,
          let source = unsafe source.withUnsafeBytes({ $0.baseAddress })
        else { return 0 }
        // SAFETY: The span outlives this call, so its first byte is there during it.
        try unsafe kernel(source, target)
        return byteCount
      }
    }
  }
}

/// Lengths of eight bytes.
extension ByteArena {
  /// Appends `value`, its least significant byte first.
  mutating func append(littleEndianUInt64 value: UInt64) throws(ChunkError) {
    try append(addingCapacity: 8) { output throws(ChunkError) in
      output.append(littleEndianUInt64: value)
    }
  }

  /// Writes `value` over the eight bytes at `offset`, its least significant byte first.
  ///
  /// - Precondition: the eight bytes are written already.
  mutating func overwrite(littleEndianUInt64 value: UInt64, at offset: Int) {
    overwrite(littleEndian: UInt32(truncatingIfNeeded: value), at: offset)
    overwrite(littleEndian: UInt32(truncatingIfNeeded: value >> 32), at: offset + 4)
  }
}

extension ByteArena {
  /// Appends the output of a decoder that does not say beforehand how large it is.
  ///
  /// The arena grows step by step with what has been decoded, and never beyond the limit. At the limit the decoder
  /// gets room for one more byte elsewhere, to tell whether it has come to its end.
  ///
  /// - Parameters:
  ///   - codec: The name of the codec, for errors.
  ///   - firstByteCount: A guess of the size.
  ///   - free: The most bytes that may be appended.
  ///   - limit: The most bytes that the chunk may decode to, for errors.
  ///   - decode: Writes to its argument, which has room for a byte at least. Returns how many bytes it wrote,
  ///     and whether they were the last ones; throws if it cannot go on.
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)``,
  ///   ``ChunkError/outOfMemory(byteCount:)``, and what `decode` throws.
  /// - Complexity: O(*n*) where *n* is the number of bytes that are appended.
  mutating func appendStream(
    codec: String, firstByteCount: Int, free: Int, limit: Int,
    _ decode: (UnsafeMutableRawBufferPointer) throws(ChunkError) -> (byteCount: Int, isLast: Bool)
  ) throws(ChunkError) {
    let before = count
    let most = sumOrMaximum(before, free)
    var isLast = false
    while !isLast {
      let room = most - count
      guard room > 0 else {
        var probe: UInt8 = 0
        let result = try unsafe withUnsafeMutableBytes(of: &probe) { probe throws(ChunkError) in
          try unsafe decode(probe)
        }
        guard result.byteCount == 0 else {
          throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
        }
        isLast = result.isLast
        continue
      }
      let wanted = count == before ? max(firstByteCount, 4096) : max(4096, (count - before) / 2)
      let step = min(room, max(wanted, capacity - count))
      try append(addingCapacity: step, growingTo: most) { output throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          let result = try unsafe decode(free)
          isLast = result.isLast
          return result.byteCount
        }
      }
    }
  }
}
