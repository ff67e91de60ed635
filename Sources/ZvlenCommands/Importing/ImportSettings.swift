import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// The settings that all kinds of import share.
struct ImportSettings {
  /// The options of new arrays.
  let encoding: EncodingOptions

  /// The settings of arrays.
  let access: ArrayAccess

  /// The bytes of full chunks that can wait to be stored.
  let memoryBudget: Int

  /// What is done about files that are stored already.
  let existing: ExistingFiles

  /// What the names of files are in that are not UTF-8.
  let nameEncoding: NameEncoding

  /// Checks that elements of a type can be appended to an array.
  ///
  /// - Throws: ``ToolError`` if it does not have one dimension, or has another type than you asked for.
  func checkContinuable(_ array: ZarrArray, type: ElementType?) throws(ToolError) {
    guard array.shape.count == 1 else {
      throw ToolError(
        "\(array.location) has \(array.shape.count) dimensions; you can append only to arrays of one dimension"
      )
    }
    if let type, type.dataType != array.dataType {
      throw ToolError(
        "\(array.location) has elements of type \(array.dataType.name), not \(type.rawValue); leave out --type, "
          + "or name another directory")
    }
  }

  /// Appends to an array.
  func continuing(_ array: ZarrArray) throws -> Appender {
    try Appender(
      to: array, evenChunkByteCount: encoding.chunkByteCount, memoryBudget: memoryBudget,
      lockTimeout: Self.lockTimeout, monitor: Self.storing)
  }

  /// The maximum bytes of a chunk in a new array, without its largest element.
  var chunkByteLimit: Int {
    Appender.chunkByteLimit(
      forChunksOf: encoding.chunkByteCount, inShards: encoding.shardBytes != nil, memoryBudget: memoryBudget,
      access.limits)
  }

  /// How long to wait for other imports to the same array.
  static let lockTimeout = Duration.seconds(3600)

  /// Fills rows of an array that are whole chunks.
  func filling(
    _ rows: Range<Int>, of array: ZarrArray, monitor: ProgressMonitor = storing
  ) throws -> Appender {
    try Appender(filling: rows, of: array, memoryBudget: memoryBudget, monitor: monitor)
  }

  /// Creates an array to fill.
  func create(in store: any Store, at path: String = "", options: ArrayOptions) throws -> Appender {
    try Appender.create(
      in: store, at: path, options: options, access: access, memoryBudget: memoryBudget,
      monitor: Self.storing)
  }

  /// Counts what is stored, and not what is read for the indices of paths and sizes.
  static let storing: ProgressMonitor = {
    let monitor = ProgressMonitor(partOf: Interruption.monitor)
    WorkReport.count(only: monitor)
    return monitor
  }()
}

extension ImportSettings {
  /// The maximum size of an element.
  var largestElementByteCount: Int {
    // A chunk also holds the number of its elements and the length of each.
    min(
      access.allowsHugeElements ? Int(UInt32.max) - 1 : Int(Int32.max),
      access.limits.decodedByteCountPerChunk - 8)
  }

  /// The error for an element above the limit.
  func tooLarge(_ location: String, byteCount: Int) -> ToolError {
    let advice =
      if byteCount >= Int(UInt32.max) {
        ""
      } else if byteCount > access.limits.decodedByteCountPerChunk - 8 {
        "; --chunk-limit \(byteCount / 1_000_000 + 1)MB writes it, and all commands that read it need the same option"
          + (byteCount > Int(Int32.max) ? "; it needs --allow-huge-elements too" : "")
      } else {
        "; --allow-huge-elements writes it, but zarr-python cannot read it"
      }
    return ToolError(
      "\(location) has \(byteCount) bytes, and an element has at most \(largestElementByteCount)\(advice)")
  }
}

extension NameEncoding: ExpressibleByArgument {}

/// What an import does about files whose paths are stored already.
enum ExistingFiles: String, CaseIterable, ExpressibleByArgument {
  case error, skip, replace
}

/// The options of arrays that are made from files and lines.
extension EncodingOptions {
  /// The options for a stream of elements of unknown sizes.
  func arrayOptions(_ type: ElementType) -> ArrayOptions {
    arrayOptions(type, chunkSize: chunkSize, shardSize: shardBytes.map { .bytes($0.value) })
  }

  /// The options for elements whose number and total size are known.
  ///
  /// Chunks of even size need no count.
  ///
  /// - Parameters:
  ///   - type: The type of the elements.
  ///   - count: The number of elements.
  ///   - byteCount: The total size of the elements.
  ///   - fitting: Reduces the number of elements per chunk so that no chunk is too large.
  /// - Returns: The options.
  func arrayOptions(
    _ type: ElementType, forElements count: Int, byteCount: Int, fitting: (Int) -> Int
  ) -> ArrayOptions {
    guard !evenChunks else { return arrayOptions(type) }
    let mean = count > 0 ? Double(byteCount) / Double(count) : nil
    let inChunk = chunkCount ?? fitting(Self.elementCount(inBytes: chunkByteCount, mean))
    let shardSize = shardBytes.map { bytes in
      ChunkSize.rows(max(1, Self.elementCount(inBytes: bytes.value, mean) / inChunk) * inChunk)
    }
    return arrayOptions(type, chunkSize: .rows(inChunk), shardSize: shardSize)
  }

  private func arrayOptions(
    _ type: ElementType, chunkSize: ChunkSize, shardSize: ChunkSize?
  ) -> ArrayOptions {
    ArrayOptions(
      dataType: type.dataType, dataTypeName: type == .bytes ? dataTypeName : nil, chunkSize: chunkSize,
      shardSize: shardSize, compressors: compressors, zarrFormat: zarrFormat ?? .version3)
  }

  /// The compressors, and the checksum.
  var compressors: [CodecChain.Stage] {
    let codec = codec ?? .zstd(level: 3)
    // Readers of Zarr v2 know the checksum of Zstandard's frames, and many do not know CRC-32C.
    let isUsual = if zarrFormat == .version2, case .zstd = codec { true } else { zarrFormat != .version2 }
    return codec.stages + (checksum ?? isUsual ? [.crc32c] : [])
  }

  /// The chunk size for elements of unknown sizes.
  private var chunkSize: ChunkSize {
    if let chunkCount { return .rows(chunkCount) }
    return evenChunks ? .evenBytes(chunkByteCount) : .bytes(chunkByteCount)
  }

  /// The bytes of a chunk before compression.
  var chunkByteCount: Int { chunkBytes?.value ?? 1 << 20 }

  /// The number of elements of a mean size with about as many bytes, or a usual number if there is no mean.
  private static func elementCount(inBytes byteCount: Int, _ meanByteCount: Double?) -> Int {
    guard let meanByteCount else { return 256 }
    // The length of each element comes before it.
    let most = Double(byteCount) / (meanByteCount + Double(WireForm.lengthByteCount))
    return max(1, Int(min(most, Double(ChunkGrid.maximumElementCount))))
  }
}

/// The sizes of the elements of a source, in order, which limit the number of elements per chunk.
///
/// Sizes are added up over runs of elements. Runs get longer for long sources, so memory stays below 4 MiB.
struct SizeProfile {
  private struct Run {
    var count = 0
    var byteCount = 0
    var largest = 0

    mutating func add(_ other: Run) {
      count += other.count
      byteCount += other.byteCount
      largest = max(largest, other.largest)
    }
  }

  private var runs: [Run] = []
  private var open = Run()
  private var runByteCount = 256

  private static let maximumRunCount = 1 << 16

  /// Adds the next element.
  mutating func add(_ byteCount: Int) {
    open.add(Run(count: 1, byteCount: byteCount + 4, largest: byteCount))
    guard open.byteCount >= runByteCount else { return }
    runs.append(open)
    open = Run()
    guard runs.count == Self.maximumRunCount else { return }
    runByteCount *= 2
    runs = stride(from: 0, to: runs.count, by: 2).map { index in
      var run = runs[index]
      run.add(runs[index + 1])
      return run
    }
  }

  /// The largest number of elements per chunk, at most `count`, with which every chunk without its largest element has at
  /// most `limit` bytes.
  func elementCount(atMost count: Int, limit: Int) -> Int {
    var count = max(1, count)
    while count > 1, largestByteCount(ofChunksOf: count) > limit { count /= 2 }
    return count
  }

  /// About the size of the largest chunk, without its largest element.
  ///
  /// Bytes count as spread evenly over a run.
  private func largestByteCount(ofChunksOf count: Int) -> Int {
    var most = 0
    var chunk = Run()
    /// Adds elements of a run. The first ones include its largest element.
    func take(_ taken: Int, of run: Run, isFirst: Bool) {
      let others = Double(run.byteCount - run.largest) * Double(taken) / Double(run.count)
      chunk.add(
        Run(
          count: taken, byteCount: Int(others) + (isFirst ? run.largest : 0),
          largest: isFirst ? run.largest : 0))
      guard chunk.count == count else { return }
      most = max(most, chunk.byteCount - chunk.largest)
      chunk = Run()
    }
    for run in runs + [open] where run.count > 0 {
      let first = min(run.count, count - chunk.count)
      take(first, of: run, isFirst: true)
      // All whole chunks in a run are equal.
      let rest = run.count - first
      if rest >= count { take(count, of: run, isFirst: false) }
      if rest % count > 0 { take(rest % count, of: run, isFirst: false) }
    }
    return max(most, chunk.byteCount - chunk.largest)
  }
}
