extension FloorLoops {
  /// Encodes every chunk over the one before.
  func encodeWarm(into output: OutputBuffer) -> Contender {
    Contender("C encode") { try Stopwatch.measure { try self.encode(into: output) } }
  }

  /// Encodes the chunks one behind the other into memory that is mapped within the measured time.
  func encodeFresh(byteCount: Int) -> Contender {
    Contender("C encode, fresh") {
      try Stopwatch.measure {
        try self.encode(into: OutputBuffer(byteCount: byteCount, holdsAllChunks: true))
      }
    }
  }

  /// Decodes every chunk over the one before.
  func decodeWarm(into output: OutputBuffer) -> Contender {
    Contender("C decode") { try Stopwatch.measure { try self.decode(into: output) } }
  }

  /// Decodes the chunks one behind the other into memory that is mapped within the measured time.
  func decodeFresh(byteCount: Int) -> Contender {
    Contender("C decode, fresh") {
      try Stopwatch.measure {
        try self.decode(into: OutputBuffer(byteCount: byteCount, holdsAllChunks: true))
      }
    }
  }
}
