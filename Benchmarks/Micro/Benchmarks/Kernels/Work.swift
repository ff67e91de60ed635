import Benchmark
import ChunkEngine

/// Lays out contiguous elements.
func layingOut(_ sample: Sample, named name: String) {
  encoding(sample, CodecChain(VlenBytesCodec()), named: name)
}

/// Lays out elements that are separate arrays.
func layingOutObjects(_ sample: Sample) {
  let objects = sample.objects
  Benchmark("encode objects") { benchmark in
    var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()))
    benchmark.startMeasurement()
    for _ in 0..<repeatCount {
      _ = try encoder.encode(objects) { blackHole($0.byteCount) }
    }
  }
}

/// Encodes contiguous elements.
func encoding(_ sample: Sample, _ chain: CodecChain, named name: String, repeats: Int = repeatCount) {
  Benchmark("encode \(name)") { benchmark in
    var encoder = try ChunkEncoder(chain)
    try sample.withBlobs { blobs in
      benchmark.startMeasurement()
      for _ in 0..<repeats {
        _ = try encoder.encode(blobs) { blackHole($0.byteCount) }
      }
    }
  }
}

/// Copies the elements of a chunk to contiguous memory.
func takingApart(_ sample: Sample, named name: String) {
  let chunk = Result { try sample.chunk(CodecChain(VlenBytesCodec())) }
  Benchmark("decode \(name)") { benchmark in
    let chunk = try chunk.get()
    var batch = try BlobBatchBuilder()
    benchmark.startMeasurement()
    for _ in 0..<repeatCount {
      try batch.removeAll()
      try batch.append(wireForm: chunk, expectedCount: sample.count)
    }
    blackHole(batch.byteCount)
  }
}

/// Finds the elements of a chunk.
func showing(_ sample: Sample) {
  decoding(sample, CodecChain(VlenBytesCodec()), named: "to views")
}

/// Decodes a chunk and finds its elements.
func decoding(_ sample: Sample, _ chain: CodecChain, named name: String, repeats: Int = repeatCount) {
  let chunk = Result { try sample.chunk(chain) }
  Benchmark("decode \(name)") { benchmark in
    let chunk = try chunk.get()
    var scanner = try ChunkDecoder(chain)
    let runs = [ElementRun(chunkIndex: 0, selectionIndex: 0, count: sample.count)]
    benchmark.startMeasurement()
    for _ in 0..<repeats {
      _ = try scanner.scan(count: sample.count, runs: runs) { arena, _ in
        try arena.append(copying: chunk.bytes)
        return true
      } _: {
        blackHole($0.count)
      }
    }
  }
}

/// Validates text.
func validating(_ script: Script) {
  var random = SplitMix()
  let text = Array(script.text(characterCount: 64 << 10, using: &random).utf8)
  Benchmark("validate \(script.rawValue)") { _ in
    for _ in 0..<repeatCount {
      // SAFETY: Bytes have no padding.
      blackHole(unsafe text.span.bytes.isWellFormedText)
    }
  }
}

/// The number of repetitions in one measurement, so that reading the clock is a small part of it.
let repeatCount = 10
