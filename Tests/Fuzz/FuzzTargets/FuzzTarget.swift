/// A function that runs on any input.
///
/// A run may end with an error of the library about damaged bytes. It must not trap, exceed the limits on
/// memory, or find a broken promise.
public struct FuzzTarget: Sendable {
  /// Runs on an input, and throws ``BrokenProperty`` if the library breaks a promise.
  public typealias Run = ([UInt8]) throws -> Void

  /// The name of the target, and of the folder with its findings.
  public let name: String

  /// Valid inputs of every kind to start with.
  public let seeds: @Sendable () throws -> [[UInt8]]

  /// Makes what all inputs share, such as decoders, and returns the function to run on each.
  public let prepare: @Sendable () throws -> Run

  init(
    _ name: String, seeds: @escaping @Sendable () throws -> [[UInt8]],
    prepare: @escaping @Sendable () throws -> (inout FuzzInput) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds
    self.prepare = {
      let run = try prepare()
      return { bytes in
        var input = FuzzInput(bytes)
        try run(&input)
      }
    }
  }

  /// All of them.
  public static let all: [FuzzTarget] = [
    .json, .version3Metadata, .version2Metadata, .consolidatedMetadata, .wireForm, .bytesDecoders, .blosc,
    .frames, .elementDecoders, .numberDecoders, .json2, .messagePack2, .chains, .shards, .arrays,
    .zipArchives, .segments,
  ]
}

extension FuzzTarget: CustomStringConvertible {
  public var description: String { name }
}
