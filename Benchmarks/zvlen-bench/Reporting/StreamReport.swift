import Foundation

/// What a long stream came to.
struct StreamReport: Encodable, Sendable {
  let payloadBytes: Int
  let encodedBytes: Int
  /// The payload divided by what is stored.
  let ratio: Double
  let blobs: Int
  /// The most memory that the process held while it wrote: the program, the pool of blobs, and the appender.
  let peakResidentBytes: Int?
  /// What of it was there before the first blob.
  let residentBytesBefore: Int?
  let settings: RunSettings
  let machine: MachineDescription
  let libraries: LibraryVersions
  let write: Measurement
  /// A scan that hashes every blob.
  let scan: Measurement

  /// The results in lines.
  func rendered() -> String {
    func rate(_ measurement: Measurement) -> String {
      let megabytes = measurement.payloadBytesPerSecond.map { Figure.count(Int($0 / 1e6)) } ?? "-"
      let blobs = measurement.blobsPerSecond.map { Figure.fixed($0 / 1e6, places: 2) } ?? "-"
      let seconds = measurement.medianSeconds.map { Figure.fixed($0, places: 2) } ?? "-"
      return "\(seconds) s, \(megabytes) MB/s, \(blobs) Mblobs/s"
    }
    func size(_ byteCount: Int?) -> String {
      byteCount.map { Figure.fixed(Double($0) / Double(1 << 20), places: 1) + " MiB" } ?? "unknown"
    }
    return """
      \(Figure.count(blobs)) blobs, \(Figure.megabytes(payloadBytes)); stored in \(Figure.count(settings.chunks)) \
      chunks, \(Figure.megabytes(encodedBytes)), ratio \(Figure.fixed(ratio, places: 2))
      write: \(rate(write))
      scan with a hash of every blob, which agrees: \(rate(scan))
      peak resident memory while writing: \(size(peakResidentBytes)), \(size(residentBytesBefore)) of it before
      """
  }

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}
