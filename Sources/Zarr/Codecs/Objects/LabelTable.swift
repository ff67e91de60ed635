import ChunkEngine

/// The numbers of labels, looked up without making a string of an element.
struct LabelTable: Hashable {
  /// The bytes of the labels; the first one is empty, for the number 0.
  private let labels: [[UInt8]]

  /// The numbers of labels, each in the first free slot from that of its hash on; 0 is free.
  private let slots: [Int]

  /// Numbers `labels` from 1 on.
  ///
  /// Of labels that are the same the last one counts.
  init(_ labels: [String]) {
    self.labels = [[]] + labels.map { Array($0.utf8) }
    var slotCount = 4
    while slotCount < labels.count * 2 {
      slotCount *= 2
    }
    var slots = [Int](repeating: 0, count: slotCount)
    for code in self.labels.indices.dropFirst() {
      let label = self.labels[code]
      var slot = Self.hash(label.span) & (slotCount - 1)
      while slots[slot] != 0, self.labels[slots[slot]] != label {
        slot = (slot + 1) & (slotCount - 1)
      }
      slots[slot] = code
    }
    self.slots = slots
  }

  /// The number of a label, or 0 if it is none.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  func code(of text: RawSpan) -> Int {
    var slot = Self.hash(text.octets) & (slots.count - 1)
    while slots[slot] != 0 {
      let label = labels[slots[slot]]
      // SAFETY: Bytes have no padding.
      if text.isEqual(to: unsafe label.span.bytes) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return 0
  }

  /// The bytes of the label of a number, of which there are none for a number without a label.
  func label(of code: UInt64) -> [UInt8] {
    code < UInt64(labels.count) ? labels[Int(code)] : []
  }

  /// A hash that no document can know beforehand, or its labels could all be in each other's way.
  private static func hash(_ bytes: Span<UInt8>) -> Int {
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
