import ChunkEngine

extension EngineLoops {
  /// Encodes every chunk over the one before.
  var encodeWarm: Contender {
    Contender("encode") { [self] in try Stopwatch.measure { try encode { _ in } } }
  }

  /// Decodes every chunk over the one before.
  var decodeWarm: Contender {
    Contender("decode") { [self] in try Stopwatch.measure { try decode() } }
  }

  /// Decodes the chunks one behind the other into memory that is allocated within the measured time.
  var decodeFreshMemory: Contender {
    Contender("decode, fresh") { [self] in
      let stopwatch = Stopwatch()
      let batch = try decodeFresh()
      let elapsed = stopwatch.elapsed
      // The batch is used here so that it is not freed before the clock has stopped.
      guard batch.count >= corpusCount else { throw BenchmarkError.differs("decode") }
      return elapsed
    }
  }

  /// Shows the elements of every chunk.
  var scanWarm: Contender {
    Contender("views") { [self] in try Stopwatch.measure { try scan() } }
  }
}
