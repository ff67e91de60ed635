/// What was appended, and what becomes of it.
extension Appender {
  /// The number of elements that were appended.
  public var appendedCount: Int {
    endWriting()
    return switch phase {
    case .sampling(let sample, _, _): sample.count
    case .writing(let state): earlierCount + state.appendedCount
    case .finished(let count): count
    }
  }

  /// Stores all that was appended and gives the array a shape that covers it.
  ///
  /// When this returns, the elements survive the end of the process, however it ends; in a ``FileStore`` with
  /// ``Durability/durable`` also a crash of the machine. Readers see either the array as it was or the array
  /// with these elements: the shape is written last.
  ///
  /// A last chunk that is not full is stored at full shape, padded with the fill value, and stored again when
  /// it is; the same goes for a shard. Where chunks differ in length, a checkpoint ends the open one. Each
  /// checkpoint waits for the chunks that are being stored, so that one every few seconds costs little and one
  /// for each element very much.
  ///
  /// An array whose chunk size is not known yet is created with the elements that there are; without any,
  /// nothing is done.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``, and ``ZarrError/elementCount(path:found:expected:)`` if the last row is not
  ///   complete. The array stays as it was at the last checkpoint, no element is lost, and the appender can go
  ///   on.
  /// - Complexity: O(*n*) where *n* is the size of the elements that are not stored yet, and of the last chunk
  ///   or shard.
  public func checkpoint() throws(ZarrError) {
    try store { try $0.checkpoint() }
    unlock()
  }

  /// Stores all that was appended, and leaves the shape of the array to the next checkpoint.
  ///
  /// For arrays that belong together: when all are stored, their shapes follow each other closely.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``checkpoint()``.
  package func flush() throws(ZarrError) {
    try store { try $0.flush() }
  }

  private func store(_ body: (AppendingState) throws -> Void) throws(ZarrError) {
    endWriting()
    if case .sampling(let sample, _, _) = phase, sample.count == 0 { return }
    try zarrErrors(at: location) { try dividing(storingState, body) }
  }

  /// Stores all that was appended and gives the array its new shape.
  ///
  /// The last chunk is stored at full shape, padded with the fill value.
  ///
  /// - Returns: The array.
  /// - Throws: As ``checkpoint()``. The appender is not finished then, and can be.
  /// - Precondition: The appender is not finished.
  @discardableResult
  public func finish() throws(ZarrError) -> ZarrArray {
    endWriting()
    let array = try zarrErrors(at: location) {
      try dividing(storingState) { state in
        try state.finish()
        return state.array
      }
    }
    phase = .finished(count: appendedCount)
    unlock()
    monitor?.finish()
    return array
  }

  /// Gives up: what is not stored yet is dropped, and the array stays as it was at the last checkpoint.
  ///
  /// When this returns no thread stores anything any more, so the store can be removed. Chunks that were
  /// stored since then stay, and are no part of the array. Does nothing if the appender is finished.
  public func cancel() {
    endWriting()
    if let state { state.cancel() }
    phase = .finished(count: appendedCount)
    unlock()
  }
}
