public import ChunkEngine

/// What the elements of an array are.
///
/// Types that are made of others are nested at most ``maximumDepth`` deep in documents.
@nonexhaustive
public indirect enum DataType: Hashable, Sendable {
  /// Truth values, integers, floating-point and complex numbers.
  case number(NumberType)
  /// Numbers of at most eight bits, each in a byte of its own.
  case smallNumber(SmallNumberType)
  /// Pairs of a real and an imaginary part, as ``number(_:)`` does not have them: of 16 bits or fewer each.
  case complex(of: DataType)
  /// Byte strings of any length.
  case bytes
  /// Text of any length, in UTF-8.
  case string
  /// JSON values, each as its UTF-8 text.
  case json
  /// Arrays of any length with items of one size, back to back.
  case array(of: DataType)
  /// Byte strings of one length, which the specification calls `r8`, `r16` and so on.
  case rawBytes(byteCount: Int)
  /// Byte strings of one length under the name that zarr-python gives them, `raw_bytes`.
  case opaqueBytes(byteCount: Int)
  /// Byte strings of at most so many bytes; what is left is zeros, which are no part of them.
  case nullTerminatedBytes(byteCount: Int)
  /// Text of at most so many code points, four bytes each; what is left is zeros, which are no part of it.
  case fixedLengthUTF32(length: Int)
  /// Points in time, in units since 1970.
  case datetime64(TimeUnit, scaleFactor: Int)
  /// Spans of time.
  case timedelta64(TimeUnit, scaleFactor: Int)
  /// Records with named members, back to back.
  case structure([StructureField])
  /// Arrays of one shape, in C order, as members of structures in Zarr v2 can be; v3 has no such type.
  case subarray(of: DataType, shape: [Int])
  /// Elements that may be absent.
  case optional(DataType)
  /// A type that another package has added.
  case `extension`(AnyExtensionDataType)
}

extension DataType {
  /// How deeply types may be nested.
  public static let maximumDepth = 32

  /// How many bytes an element of fixed size may have.
  ///
  /// A document of a few bytes can name a type of any size, so that there has to be a limit.
  public static let maximumByteCount = 16 << 20
}
