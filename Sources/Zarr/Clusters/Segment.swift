import ChunkEngine
import ZarrPlatform

/// Elements that a worker has stored beside an array, encoded, and that ``ZarrArray/commit(_:timeout:)`` puts into it.
///
/// A worker hands the ``message`` to the one who commits, by whatever way the two have. The segment is a part of no
/// array until then, and `zvlen gc` removes one that never becomes it.
public struct Segment: Hashable, Sendable {
  /// What tells the segment from all others: 24 random hexadecimal digits, and 8 of the time in seconds since 1970.
  public let id: String

  /// The rows of each value, a chunk or a shard.
  let lengths: ChunkLengths

  /// The bytes of each value, 0 for one of nothing but the fill value, which is not stored.
  let byteCounts: [Int]

  /// The number of rows.
  public var rowCount: Int { lengths.extent }

  /// The bytes that are stored.
  public var byteCount: Int { byteCounts.reduce(0, sumOrMaximum) }

  /// Describes a segment whose values are stored.
  ///
  /// - Precondition: There are as many lengths as byte counts.
  package init(id: String, lengths: ChunkLengths, byteCounts: [Int]) {
    precondition(lengths.chunkCount == byteCounts.count, "each value has a length and a size")
    self.id = id
    self.lengths = lengths
    self.byteCounts = byteCounts
  }

  /// Reads a message.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it is not one.
  /// - Complexity: O(*n*) in the length of the message.
  public init(message: [UInt8]) throws(ZarrError) {
    do throws(MetadataError) {
      let parser = JSONParser(maximumDepth: 8, maximumByteCount: Self.messageLimit)
      try self.init(MetadataFields(decoding: message, with: parser))
    } catch {
      throw .metadata(path: "the message of a segment", reason: error)
    }
  }

  /// The segment as bytes, which are JSON: some hundred, and about ten for each value.
  ///
  /// - Complexity: O(*n*) where *n* is the number of values.
  public var message: [UInt8] { JSONWriter(style: .compact).bytes(of: .object(json)) }

  private static let messageLimit = 256 << 20
}

extension Segment {
  init(_ fields: MetadataFields) throws(MetadataError) {
    let id = try fields.required("segment", "a name")
    guard let id = id.stringValue, Self.isID(id) else {
      throw .expected("32 hexadecimal digits", found: id, in: fields.path(of: "segment"))
    }
    let lengths = try ChunkGrid.lengths(
      fields.array("lengths", "an array of lengths"), field: fields.path(of: "lengths"))
    var byteCounts: [Int] = []
    for value in try fields.array("bytes", "an array of sizes") {
      guard let count = value.integerValue, count >= 0 else {
        throw .expected("integers of at least 0", found: value, in: fields.path(of: "bytes"))
      }
      byteCounts.append(count)
    }
    guard lengths.chunkCount == byteCounts.count else {
      throw .expected(
        "\(lengths.chunkCount) sizes", found: .integer(byteCounts.count), in: fields.path(of: "bytes"))
    }
    self.init(id: id, lengths: lengths, byteCounts: byteCounts)
  }

  var json: JSONObject {
    [
      "segment": .string(id), "lengths": lengths.json,
      "bytes": .array(byteCounts.map(JSONValue.integer)),
    ]
  }

  /// Makes a name that no other segment has.
  package static func makeID(
    seconds: Int = time(nil), using generator: inout some RandomNumberGenerator
  ) -> String {
    let random = (
      UInt64.random(in: .min ... .max, using: &generator), UInt32.random(in: .min ... .max, using: &generator)
    )
    return digits(random.0, 16) + digits(UInt64(random.1), 8) + digits(UInt64(max(0, seconds)), 8)
  }

  /// The time in a name that begins with that of a segment, in seconds since 1970.
  static func seconds(of name: some StringProtocol) -> Int? { Int(name.dropFirst(24).prefix(8), radix: 16) }

  static func isID(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 32
      && text.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }

  /// The last hexadecimal digits of a number.
  static func digits(_ number: UInt64, _ count: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text.suffix(count)
  }
}

/// Where what many writers share is in a store: below the array, under a name that no node has.
///
///     .zvlen/segments/SEGMENT/c/0, c/1, …   the values of a segment, under the keys they have in an array of their own
///     .zvlen/commits/COMMIT.json            what a commit does, and whether it is done
///     .zvlen/parts/PLAN/2.done              a part of a planned array is there
struct SharedKeys {
  static let name = ".zvlen"

  let array: NodePath
  let chunkKeyEncoding: ChunkKeyEncoding

  init(of array: ZarrArray) {
    self.array = array.path
    chunkKeyEncoding = array.chunkKeyEncoding
  }

  /// The prefix of everything.
  var prefix: String { array.key(Self.name) }

  var segments: String { "\(prefix)/segments" }
  var commits: String { "\(prefix)/commits" }
  var parts: String { "\(prefix)/parts" }

  /// The prefix of the values of a segment.
  func segment(_ id: String) -> String { "\(segments)/\(id)" }

  /// The key of a value of a segment.
  func value(_ index: Int, of segment: String) -> StoreKey {
    StoreKey(checked: "\(self.segment(segment))/\(chunkKeyEncoding.key(for: [index]))")
  }

  /// The key of what a commit does.
  func commit(_ id: String) -> StoreKey { StoreKey(checked: "\(commits)/\(id).json") }

  /// The key of the mark of a part.
  func mark(ofPart part: Int, of plan: String) -> StoreKey {
    StoreKey(checked: "\(parts)/\(plan)/\(part).done")
  }
}
