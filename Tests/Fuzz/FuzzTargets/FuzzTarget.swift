/// Something that is run on one input after the other, whatever these are.
///
/// A run may end with an error of the library that it is given damaged bytes. It must not trap, take more
/// memory than its limits, or find a property of the library broken.
public struct FuzzTarget: Sendable {
  /// Runs on an input, and throws ``BrokenProperty`` if the library does other than it promises.
  public typealias Run = ([UInt8]) throws -> Void

  /// The name, which is that of the folder with its findings.
  public let name: String

  /// The inputs to begin with, valid ones of every kind.
  public let seeds: @Sendable () throws -> [[UInt8]]

  /// Makes what is used for all inputs, such as decoders, and returns what is run on each of them.
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
  ]
}

extension FuzzTarget: CustomStringConvertible {
  public var description: String { name }
}
