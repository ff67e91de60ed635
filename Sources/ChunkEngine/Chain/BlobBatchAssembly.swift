/// One batch of the elements of many chunks, which several workers add.
///
///     worker 1   [0 1 2]            [6 7 8] …
///     worker 2          [3 4 5]             …
///     batch      [0 1 2][3 4 5][6 7 8] …        each at its place, while it is in a core's cache
///
/// Where elements go is known once all elements before them are there, or on their way. Those that come too early are
/// copied twice.
@safe
package final class BlobBatchAssembly: @unchecked Sendable {
  // SAFETY: Everything here is only touched while `lock` is held, but for the places that a worker has got to fill.
  private let lock = WaitingLock()
  private let count: Int
  private let byteCountLimit: Int
  private let offsets: Allocation
  private var payload: Allocation?

  /// The elements that have got their places, their bytes, and the workers that copy some of them.
  private var placedCount = 0
  private var byteCount = 0
  private var copyingCount = 0

  /// Elements that came before others in front of them, by the first of them.
  private var early: [Int: BlobBatch] = [:]

  /// Whether all elements are text, if each worker looks.
  private var isText = true
  private let checksText: Bool

  /// Makes room for `count` elements of any size.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - checksText: Whether elements are looked at, for ``finish()``.
  ///   - limits: The most bytes and elements of the batch.
  /// - Throws: ``ChunkError/callElementCountExceedsLimit(count:limit:)`` and
  ///   ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)`` before memory is taken, and
  ///   ``ChunkError/outOfMemory(byteCount:)``.
  package init(count: Int, checksText: Bool, limits: DecodingLimits) throws(ChunkError) {
    guard count <= limits.elementCountPerCall else {
      throw .callElementCountExceedsLimit(count: count, limit: limits.elementCountPerCall)
    }
    let (byteCount, overflow) = (count + 1).multipliedReportingOverflow(by: MemoryLayout<Int64>.stride)
    guard !overflow, byteCount <= limits.decodedByteCountPerCall else {
      throw .callByteCountExceedsLimit(
        byteCount: overflow ? nil : byteCount, limit: limits.decodedByteCountPerCall)
    }
    self.count = count
    self.checksText = checksText
    byteCountLimit = limits.decodedByteCountPerCall - byteCount
    offsets = try Allocation(byteCount: RecycledMemory.byteCount(forTableOf: byteCount))
    unsafe offsets.start.storeBytes(of: 0, as: Int64.self)
  }

  /// Adds elements that follow each other.
  ///
  /// - Parameters:
  ///   - elements: The elements, whose memory has slack.
  ///   - first: Which of all the first one is. No two workers add the same.
  /// - Throws: ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)`` and ``ChunkError/outOfMemory(byteCount:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements, and now and then that of all elements before them.
  package func add(_ elements: BlobSpan, at first: Int) throws(ChunkError) {
    precondition(first >= 0 && elements.count <= count - first, "there are not as many elements")
    let byteCount = elements.byteCount
    lock.lock()
    guard first == placedCount else {
      lock.unlock()
      var copy = try BlobBatchBuilder(count: elements.count, byteCount: byteCount)
      for index in elements.indices { try copy.append(elements[index]) }
      let batch = try copy.finish()
      lock.lock()
      early[first] = batch
      return try placeEarly()
    }
    let start: Int
    do {
      start = try place(elements.count, byteCount: byteCount)
    } catch {
      lock.unlock()
      throw error
    }
    lock.unlock()
    let isText = copy(elements, at: first, start, byteCount)
    lock.lock()
    end(isText)
    try placeEarly()
  }

  /// Copies elements that came too early and now have their places, and releases the lock.
  private func placeEarly() throws(ChunkError) {
    defer { lock.unlock() }
    while let batch = early.removeValue(forKey: placedCount) {
      let first = placedCount
      let start = try place(batch.count, byteCount: batch.bytes.byteCount)
      lock.unlock()
      let isText = copy(batch, at: first, start)
      lock.lock()
      end(isText)
    }
  }

  /// Gives the next elements their places, for which there is room then, while the lock is held.
  private func place(_ added: Int, byteCount addedByteCount: Int) throws(ChunkError) -> Int {
    let start = byteCount
    let needed = try sum(start, addedByteCount)
    guard needed <= byteCountLimit else {
      throw .callByteCountExceedsLimit(byteCount: nil, limit: byteCountLimit)
    }
    if needed > payload?.byteCount ?? -1 {
      // The others are likely to be like these. Memory that is not touched costs nothing.
      let mean = Double(needed) / Double(placedCount + added)
      let expected = min(mean * Double(count) * (1 + 1 / 64), Double(max(1 << 30, needed / 2 * 3)))
      let larger = try Allocation(
        byteCount: RecycledMemory.byteCount(forTableOf: max(needed, min(Int(expected), byteCountLimit))))
      while copyingCount > 0 { lock.wait() }
      if let payload { unsafe larger.start.copyMemory(from: payload.start, byteCount: start) }
      payload = larger
    }
    placedCount += added
    byteCount = needed
    copyingCount += 1
    return start
  }

  private func end(_ isText: Bool) {
    self.isText = self.isText && isText
    copyingCount -= 1
    if copyingCount == 0 { lock.broadcast() }
  }
}

// MARK: Places

extension BlobBatchAssembly {
  /// Copies elements to their places from `start` on, and returns whether they are text, if that matters.
  private func copy(_ elements: BlobSpan, at first: Int, _ start: Int, _ byteCount: Int) -> Bool {
    guard let payload = unsafe payload?.start else { return true }
    let ends = unsafe ends(after: first)
    let end = start + byteCount
    var offset = start
    var beginsWithin = false
    for index in elements.indices {
      let element = unsafe elements.element(index)
      if let source = element.baseAddress, element.count > 0 {
        if checksText { unsafe beginsWithin = beginsWithin || source.isWithinCharacter }
        // SAFETY: After every chunk lies the slack. After `end` begins what another worker writes.
        unsafe copyElement(
          to: payload + offset, from: source, byteCount: element.count, writable: end &- offset)
      }
      offset &+= element.count
      unsafe ends[index] = Int64(offset)
    }
    return unsafe !checksText || !beginsWithin && isText(payload + start, byteCount)
  }

  private func copy(_ batch: BlobBatch, at first: Int, _ start: Int) -> Bool {
    guard let payload = unsafe payload?.start else { return true }
    let ends = unsafe ends(after: first)
    let byteCount = batch.bytes.byteCount
    unsafe batch.bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        unsafe (payload + start).copyMemory(from: source, byteCount: byteCount)
      }
    }
    var beginsWithin = false
    for index in 0..<batch.count {
      let lower = start + Int(batch.offsets[index])
      let upper = start + Int(batch.offsets[index + 1])
      if checksText, lower < upper {
        unsafe beginsWithin = beginsWithin || (payload + lower).isWithinCharacter
      }
      unsafe ends[index] = Int64(upper)
    }
    return unsafe !checksText || !beginsWithin && isText(payload + start, byteCount)
  }

  /// Where the ends of elements go.
  private func ends(after first: Int) -> UnsafeMutablePointer<Int64> {
    unsafe offsets.start.assumingMemoryBound(to: Int64.self) + first + 1
  }

  private func isText(_ start: UnsafeRawPointer, _ byteCount: Int) -> Bool {
    unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: start, count: byteCount)).isWellFormedText
  }

  /// The batch, and whether all elements are known to be text.
  ///
  /// - Precondition: All elements were added.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package func finish() throws(ChunkError) -> (elements: BlobBatch, areText: Bool) {
    precondition(placedCount == count && copyingCount == 0, "elements are missing")
    let payload = if let payload { payload } else { try Allocation(byteCount: 0) }
    let batch = BlobBatch(
      payload: SharedBytes(payload, byteCount: byteCount),
      offsets: SharedBytes(offsets, byteCount: (count + 1) * MemoryLayout<Int64>.stride), count: count)
    return (batch, checksText && isText)
  }
}

extension UnsafeRawPointer {
  /// Whether a character of UTF-8 cannot begin here.
  fileprivate var isWithinCharacter: Bool { unsafe load(as: UInt8.self) & 0xC0 == 0x80 }
}

extension UnsafeMutableRawPointer {
  fileprivate var isWithinCharacter: Bool { UnsafeRawPointer(self).isWithinCharacter }
}
