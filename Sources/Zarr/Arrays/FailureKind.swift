import ChunkEngine

/// What kind of failure an error is: whether what is stored is damaged, or could only not be read here.
///
/// Only what is ``damaged`` may be replaced by the fill value or taken out. All else may be sound: with other
/// limits, another version of the library, or another user of the machine, it can be read.
///
///     do {
///       try array.read()
///     } catch {
///       if FailureKind(of: error) == .limit { … }
///     }
@nonexhaustive
public enum FailureKind: Hashable, Sendable {
  /// What is stored is not what it should be.
  case damaged
  /// It is larger, or nested more deeply, than the reader's limits allow.
  case limit
  /// It needs a codec, a data type or a form that is not known here, or that is refused, as pickles are.
  case unsupported
  /// It could not be looked at: a permission, the device, the network, memory, open files; or the caller
  /// wanted an end.
  case unavailable
  /// The call asked for what is not there, or gave what cannot be stored.
  case call

  /// The kind of an error of a store, a codec, metadata or an array.
  ///
  /// An error that this library does not know, as one of another package's store, is no damage: it is
  /// ``unavailable``.
  public init(of error: any Error) {
    self =
      switch error {
      case let error as ZarrError: Self(error)
      case let error as ChunkError: Self(error)
      case let error as StoreError: Self(error)
      case let error as MetadataError: Self(error)
      default: .unavailable
      }
  }

  private init(_ error: ZarrError) {
    self =
      switch error {
      case .metadata(_, let reason): Self(reason)
      case .chunk(_, let reason): Self(of: reason)
      case .store(_, let reason): Self(of: reason)
      case .limit, .tooLarge: .limit
      case .notWritable: .unsupported
      case .replaced, .cancelled, .drained: .unavailable
      default: .call
      }
  }

  private init(_ error: ChunkError) {
    self =
      switch error {
      case .truncatedHeader, .elementOverrun, .truncatedElements, .countMismatch, .trailingBytes,
        .implausibleByteCount, .decodedByteCountMismatch, .decompressionFailed, .checksumMismatch, .malformed,
        .byteCountMismatch, .invalidUTF8, .invalidOffsets:
        .damaged
      case .innerChunk(_, let reason): Self(reason)
      case .elementTooLarge, .tooManyElements, .chunkTooLarge, .decodedByteCountExceedsLimit,
        .expansionExceedsLimit, .callByteCountExceedsLimit, .callElementCountExceedsLimit,
        .storedByteCountExceedsLimit:
        .limit
      case .refused, .unsupported, .unencodable: .unsupported
      case .outOfMemory, .cancelled: .unavailable
      case .sourceChanged, .sourceFailed, .compressionFailed: .call
      // A case of a later version of the engine.
      @unknown default: .unavailable
      }
  }

  private init(_ error: StoreError) {
    self =
      switch error {
      case .tooLarge: .limit
      case .invalidKey, .invalidURL, .notListable: .call
      case .damaged: .damaged
      case .unsupported: .unsupported
      default: .unavailable
      }
  }

  private init(_ error: MetadataError) {
    self =
      switch error.code {
      case .malformedText, .missingField, .unexpectedValue: .damaged
      case .unsupported, .unknownField: .unsupported
      case .tooLarge: .limit
      case .invalidPath: .call
      }
  }
}
