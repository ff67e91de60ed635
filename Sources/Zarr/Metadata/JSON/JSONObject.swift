/// The members of a JSON object, in the order in which they were read or set.
///
/// Each key is there once; where a document repeats a key, its last value counts, as in most readers. Objects
/// are equal if they have equal members, in whatever order.
public struct JSONObject: Sendable {
  /// A key with its value.
  public typealias Element = (key: String, value: JSONValue)

  private struct Member: Sendable {
    let key: String
    var value: JSONValue
  }

  /// From this many members on, keys are looked up by hash.
  ///
  /// Below it, comparing them is as fast and takes no memory.
  private static let indexThreshold = 16

  private var members: [Member] = []

  /// Where each key is in `members`; empty below the threshold.
  private var positions: [ExactString: Int] = [:]

  /// Creates an object without members.
  public init() {}

  /// Creates an object; of members with the same key the last value counts.
  ///
  /// - Complexity: O(*n*).
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members {
      self[key] = value
    }
  }

  /// The value of a key, or nil if it is absent; setting nil removes the member.
  ///
  /// - Complexity: O(1), and O(*n*) to remove a member.
  public subscript(key: String) -> JSONValue? {
    get {
      position(of: key).map { members[$0].value }
    }
    set {
      if let newValue {
        set(Member(key: key, value: newValue))
      } else if let position = position(of: key) {
        remove(at: position)
      }
    }
  }

  private func position(of key: String) -> Int? {
    let key = ExactString(key)
    return positions.isEmpty ? members.firstIndex { ExactString($0.key) == key } : positions[key]
  }

  private mutating func set(_ member: Member) {
    let position: Int?
    if positions.isEmpty {
      position = self.position(of: member.key)
    } else {
      // New keys are the rule, so the key is entered at once, which hashes it only once.
      let key = ExactString(member.key)
      position = positions.updateValue(members.count, forKey: key)
      if let position {
        positions[key] = position
      }
    }
    if let position {
      members[position].value = member.value
      return
    }
    members.append(member)
    if positions.isEmpty && members.count >= Self.indexThreshold {
      index()
    }
  }

  private mutating func remove(at position: Int) {
    members.remove(at: position)
    positions = [:]
    if members.count >= Self.indexThreshold {
      index()
    }
  }

  private mutating func index() {
    for (position, member) in members.enumerated() {
      positions[ExactString(member.key)] = position
    }
  }
}

extension JSONObject: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { members.count }

  public subscript(position: Int) -> Element {
    (members[position].key, members[position].value)
  }
}

extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    // Members are mixed by an operation that does not see their order, as equality does not.
    var mixed = 0
    for (key, value) in self {
      var member = Hasher()
      member.combine(ExactString(key))
      member.combine(value)
      mixed ^= member.finalize()
    }
    hasher.combine(mixed)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements)
  }
}
