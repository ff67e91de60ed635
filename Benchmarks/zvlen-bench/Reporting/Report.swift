import Foundation

/// Everything that a run found out; its JSON has these names in snake case.
struct Report: Encodable, Sendable {
  let payloadBytes: Int
  let encodedBytes: Int
  /// The payload divided by what is stored.
  let ratio: Double
  let blobs: Int
  /// The most memory that the process held at once: the blobs, the floor's copies of them before and after,
  /// and the engine's.
  let peakResidentBytes: Int?
  /// How much of it one piece of the engine's work takes.
  let memoryGrowth: MemoryGrowth
  let settings: RunSettings
  let machine: MachineDescription
  let libraries: LibraryVersions
  /// The payload's bytes per second through one `memcpy`, into warm memory.
  let memcpyBytesPerSecond: Double
  let write: Measurement?
  /// Into an empty store, with contexts and buffers made anew.
  let writeFresh: Measurement?
  /// Decoded chunks are kept until the end, in memory that was allocated for them.
  let read: Measurement?
  /// As ``read``, beside a floor that overwrites what it read before: no new memory, and nothing kept.
  let readOver: Measurement?
  /// As ``read``, into memory that was never touched before.
  let readFresh: Measurement?
  /// Each decoded chunk overwrites the one before.
  let scan: Measurement?
  /// Blobs to wire form without compression, on one thread.
  let encode: Measurement?
  let encodeFresh: Measurement?
  /// Wire form to bytes and offsets without compression, on one thread.
  let decode: Measurement?
  let decodeFresh: Measurement?
  let random: RandomReads?

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}
