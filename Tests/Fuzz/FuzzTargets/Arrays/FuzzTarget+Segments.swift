import ChunkEngine
import Zarr

extension FuzzTarget {
  /// What workers tell the one who commits, and what a commit tells those who complete it: the first byte says which of
  /// them the rest is.
  static let segments = FuzzTarget("segments") {
    let id = "000102030405060708090a0b0c0d0e0f"
    let messages = try [[], [3], [2, 2, 1], [1, 2, 3, 3]].map { lengths in
      Segment(
        id: id, lengths: try ChunkLengths(lengths),
        byteCounts: lengths.indices.map { $0 == 1 ? 0 : 100 }
      ).message
    }
    let works = messages.map { message in
      Array(#"{"segments":["#.utf8) + message + Array(#"],"removed":[".zvlen/segments/\#(id)/c/0"]}"#.utf8)
    }
    let others = [
      #"{"segments":[],"removed":["c/0"]}"#, #"{"segments":[],"removed":[".zvlen/../c/0"],"first_row":1}"#,
    ].map { Array($0.utf8) }
    return messages.map { [0] + $0 } + (works + others).map { [1] + $0 }
  } prepare: {
    let options = ArrayOptions(dataType: .string, chunkSize: .evenBytes(1 << 10))
    return { input in
      let isMessage = input.byte() & 1 == 0
      let bytes = input.rest()
      let store = MemoryStore()
      let array = try ZarrArray.create(in: store, writing: ["there"], options: options)
      let kept = try store.list("")
      if isMessage {
        guard let segment = try? Segment(message: bytes) else { return }
        let again = try must("a written message is not read") { try Segment(message: segment.message) }
        try check(again == segment, "a written message is that of another segment")
        // Nothing of it is stored, so that it gets into the array only if all of it is the fill value.
        let rows = try? array.commit([segment])
        if let rows, segment.byteCount > 0 || rows != 1..<1 + segment.rowCount {
          throw BrokenProperty(description: "\(segment) was put into \(rows)")
        }
      } else {
        let work = "\(String(repeating: "0", count: 32))-\(String(repeating: "0", count: 16))"
        try store.write(StoreKey(".zvlen/commits/\(work).json"), bytes.span.bytes)
        try name(work, in: store)
        _ = try? SegmentCommit(to: ZarrArray.open(in: store)).completePending()
      }
      for key in kept { try check(store.byteCount(of: key) != nil, "\(key) is gone") }
      let now = try must("the array is not opened") { try ZarrArray.open(in: store) }
      let first = try must("the row that was there is not read") { try now.read([0..<1], as: String.self) }
      try check(first == ["there"], "the row that was there is \(first)")
    }
  }

  /// Says in the document of an array that a commit is decided.
  private static func name(_ commit: String, in store: MemoryStore) throws {
    let key = try StoreKey("zarr.json")
    guard let bytes = try store.bytes(of: key, limit: 1 << 20),
      var document = try JSONParser().parse(bytes).objectValue
    else { throw BrokenProperty(description: "there is no document") }
    document["zarr_vlen"] = .object([
      "must_understand": .bool(false), "epoch": .integer(1), "commit": .string(commit),
    ])
    try store.write(key, JSONWriter(style: .compact).bytes(of: .object(document)).span.bytes)
  }
}
