/// The members of an object whose text is being written, so that they can be put in another order.
struct SpelledMembers {
  private struct Member {
    /// The bytes of the key, of which the order is that of the code points.
    let key: [UInt8]
    /// Where the key and the value are in the text.
    let start: Int
    var end: Int
  }

  private var members: [Member] = []

  /// Notes that a member begins.
  mutating func begin(key: [UInt8], at offset: Int) {
    members.append(Member(key: key, start: offset, end: offset))
  }

  /// Notes that the last member that began ends.
  mutating func end(at offset: Int) {
    guard !members.isEmpty else { return }
    members[members.count - 1].end = offset
  }

  /// Puts the members in order, each key once with its last value.
  ///
  /// - Complexity: O(*n* log *n*) in the number of members, and O(*m*) in the length of their text, if they
  ///   are not in order already.
  func arrange(as spelling: JSONSpelling, level: Int, in output: inout [UInt8]) {
    guard members.count > 1 else { return }
    let sorted = members.indices.sorted { left, right in
      let (leftKey, rightKey) = (members[left].key, members[right].key)
      return leftKey == rightKey ? left < right : leftKey.lexicographicallyPrecedes(rightKey)
    }
    // Of each key the first place and the last value.
    var kept: [(first: Int, last: Int)] = []
    for index in sorted {
      if let previous = kept.last, members[previous.last].key == members[index].key {
        kept[kept.count - 1].last = index
      } else {
        kept.append((index, index))
      }
    }
    if !spelling.sortsKeys { kept.sort { $0.first < $1.first } }
    guard !kept.map(\.last).elementsEqual(members.indices) else { return }

    let start = members[0].start
    let text = Array(output[start...])
    output.removeSubrange(start...)
    for (position, member) in kept.enumerated() {
      if position > 0 { spelling.appendSeparator(level: level, to: &output) }
      output.append(contentsOf: text[members[member.last].start - start..<members[member.last].end - start])
    }
  }
}
