/// A growing run of bytes that one worker fills and empties, chunk after chunk.
///
/// Emptying an arena keeps its memory. After the first few chunks a worker therefore allocates nothing.
///
///     [ written bytes | free capacity | slack for kernels ]
///     0            count         capacity
///
/// The written bytes can be taken out of an arena. If the arena expects more of the kind, it then goes on
/// behind them, in the same allocation.
@safe
public struct ByteArena: ~Copyable {
  private var allocation: Allocation?

  /// Where the arena begins in the allocation.
  private var offset = 0

  /// How many more chunks are going to be taken out of the arena, so that one allocation may serve many.
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

  /// Forgets all bytes behind the first `count`.
  ///
  /// - Precondition: `count` is at most the number of bytes written.
  /// - Complexity: O(1)
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "an arena cannot be truncated to more than it holds")
    self.count = count
  }

  /// Makes room for `byteCount` more bytes.
  ///
  /// The arena takes just what is asked for when it is empty, since sizes are known beforehand, and grows by
  /// half at least when it holds bytes, so that many appends stay linear.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(1), and O(`count`) when the arena has to move.
  public mutating func reserve(_ byteCount: Int) throws(ChunkError) {
    try reserve(byteCount, growingTo: Int.max)
  }

  /// Makes room for `byteCount` more bytes, and takes more than they need only up to `limit`.
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

  /// Appends as ``append(addingCapacity:initializingWith:)`` does, and takes more memory than that needs only
  /// up to `limit` bytes.
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

  /// Appends one element in wire form.
  ///
  /// - Parameters:
  ///   - element: The bytes of the element.
  ///   - index: The index of the element in its chunk, for errors.
  ///   - maximumElementByteCount: The largest element that is accepted.
  /// - Throws: ``ChunkError/elementTooLarge(index:byteCount:limit:)`` and
  ///   ``ChunkError/outOfMemory(byteCount:)``. The arena is then as before.
  /// - Complexity: Amortized O(*n*) where *n* is the size of the element.
  public mutating func appendElement(
    _ element: RawSpan, index: Int, maximumElementByteCount: Int
  ) throws(ChunkError) {
    let limit = min(maximumElementByteCount, WireForm.maximumElementByteCount)
    guard element.byteCount <= limit else {
      throw .elementTooLarge(index: index, byteCount: element.byteCount, limit: limit)
    }
    try reserve(element.byteCount + WireForm.lengthByteCount)
    guard let memory = unsafe memory else { return }
    let target = unsafe memory + count
    unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: element.byteCount).littleEndian, as: UInt32.self)
    unsafe element.withUnsafeBytes { element in
      guard let source = element.baseAddress else { return }
      // SAFETY: Room was made for the length and the element.
      unsafe (target + WireForm.lengthByteCount).copyMemory(from: source, byteCount: element.count)
    }
    count += WireForm.lengthByteCount + element.byteCount
  }

  /// Appends elements that `body` writes, in wire form or, if the layout is fixed, back to back.
  ///
  /// The writer refuses what does not fit in `byteCount`. If `body` throws, the arena is as before.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws.
  /// - Complexity: O(`byteCount`), and O(`count` + `byteCount`) when the arena has to move.
  public mutating func appendElements(
    byteCount: Int, maximumElementByteCount: Int, layout: ElementLayout = .variable,
    writingWith body: (inout WireFormWriter) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try reserve(byteCount)
    guard let memory = unsafe memory else { return }
    // SAFETY: `byteCount` bytes and the slack follow `count`, and the writer does not outlive this call.
    var writer = unsafe WireFormWriter(
      start: memory + count, byteCount: byteCount, maximumElementByteCount: maximumElementByteCount,
      fixedByteCount: layout.fixedByteCount)
    try body(&writer)
    count += writer.byteCount
  }

  /// Lends the memory that is free to a writer, which appends elements as ``appendElements`` does.
  ///
  /// For elements that come one by one: each then costs one check and one copy, and nothing of the arena.
  ///
  /// - Precondition: Until ``endWriting(_:)`` nothing else is done with the arena, nor with the writer after
  ///   it.
  package mutating func beginWriting(
    maximumElementByteCount: Int, layout: ElementLayout, limit: Int
  ) -> WireFormWriter? {
    guard let memory = unsafe memory, min(capacity, limit) > count else { return nil }
    return unsafe WireFormWriter(
      start: memory + count, byteCount: min(capacity, limit) - count,
      maximumElementByteCount: maximumElementByteCount, fixedByteCount: layout.fixedByteCount)
  }

  /// Takes what a writer of ``beginWriting(maximumElementByteCount:layout:)`` has written.
  package mutating func endWriting(_ writer: consuming WireFormWriter) {
    precondition(unsafe memory.map { unsafe $0 + count } == writer.start, "it is not the arena's writer")
    count += writer.byteCount
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
    // The next bytes begin behind the slack of these, where memory is aligned for any kernel.
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
