import Benchmark
import ChunkEngine

/// The kernels and codecs, each repeated on the same chunk, in warm memory and on one thread.
let benchmarks: @Sendable () -> Void = {
  // Without the throughput, the output that Scripts/bench_check.py reads has no times.
  Benchmark.defaultConfiguration = .init(
    metrics: [.throughput, .wallClock], warmupIterations: 3, scalingFactor: .one,
    maxDuration: .milliseconds(250), maxIterations: 2000)

  for byteCount in [8, 16, 100, 1000, 10_000] {
    let sample = Sample(elementByteCounts: byteCount...byteCount)
    layingOut(sample, named: "\(byteCount) B")
    takingApart(sample, named: "\(byteCount) B")
  }
  let mixed = Sample(elementByteCounts: 0...400)
  layingOut(mixed, named: "0 to 400 B")
  takingApart(mixed, named: "0 to 400 B")
  layingOutObjects(mixed)
  showing(mixed)

  for script in Script.allCases { validating(script) }

  let text = Sample(script: .latin)
  let codecs: [(String, CodecChain.Stage)] = [
    ("zstd 1", .transform(ZstdCodec(level: 1))),
    ("lz4", .transform(LZ4Codec())),
    ("gzip 1", .transform(GzipCodec(level: 1))),
    ("crc32c", .checksum(CRC32CCodec())),
  ]
  for (name, stage) in codecs {
    let chain = CodecChain(VlenBytesCodec(), stages: [stage])
    encoding(text, chain, named: name, repeats: 1)
    decoding(text, chain, named: name, repeats: 1)
  }
  // Only a chunk of whole items can be shuffled, so all elements have a multiple of the item size.
  let shuffle = CodecChain(VlenBytesCodec(), stages: [.transform(ShuffleCodec())])
  let items = Sample(elementByteCounts: 1000...1000)
  encoding(items, shuffle, named: "shuffle", repeats: 1)
  decoding(items, shuffle, named: "shuffle", repeats: 1)
}
