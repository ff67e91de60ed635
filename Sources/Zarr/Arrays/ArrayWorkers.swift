import ChunkEngine

/// What one worker reuses to encode.
final class EncodingWorker {
  var encoder: ChunkEncoder

  init(_ encoder: consuming ChunkEncoder) {
    self.encoder = encoder
  }
}

/// What one worker reuses to decode.
final class DecodingWorker {
  var decoder: ChunkDecoder

  init(_ decoder: consuming ChunkDecoder) {
    self.decoder = decoder
  }
}

/// What one worker reuses to look at elements.
final class ScanningWorker {
  var scanner: ChunkScanner

  init(_ scanner: consuming ChunkScanner) {
    self.scanner = scanner
  }
}

/// The workers of an array, kept between calls.
struct ArrayWorkers: Sendable {
  let encoding: WorkerPool<EncodingWorker>
  let decoding: WorkerPool<DecodingWorker>
  let scanning: WorkerPool<ScanningWorker>

  /// The chunks that streams fill.
  let filling: WorkerPool<OpenChunk>

  init(_ chain: CodecChain, _ access: ArrayAccess) {
    encoding = WorkerPool {
      EncodingWorker(try ChunkEncoder(chain, maximumElementByteCount: access.maximumElementByteCount))
    }
    decoding = WorkerPool { DecodingWorker(try ChunkDecoder(chain, limits: access.limits)) }
    filling = WorkerPool {
      OpenChunk(layout: chain.layout, maximumElementByteCount: access.maximumElementByteCount)
    }
    scanning = WorkerPool { ScanningWorker(try ChunkScanner(chain, limits: access.limits)) }
  }
}
