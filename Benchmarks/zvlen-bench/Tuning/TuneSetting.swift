import CommandLineOptions

/// One combination of settings that `tune` tries.
struct TuneSetting: Sendable, Hashable {
  let chunkBytes: ByteCount
  let codec: CodecChoice
  let workers: Int

  /// The flags of `zvlen import` that choose this setting.
  var importFlags: String { "--chunk-bytes \(chunkBytes) --codec \(codec) --workers \(workers)" }
}
