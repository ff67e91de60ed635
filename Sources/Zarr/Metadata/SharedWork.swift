import ChunkEngine

/// What many writers of an array tell each other in its document.
///
///     "zarr_vlen": {"must_understand": false, "epoch": 7, "commit": "0190…-5c3f…"}
///
/// Other libraries ignore the field, and keep it when they write the document.
struct SharedWork: Hashable {
  static let field = "zarr_vlen"

  /// The commits that were decided so far, so that no two documents have the same bytes.
  var epoch = 0

  /// The commit that is decided and not complete.
  var commit: String?

  /// How the array is divided into parts, until all of them are there.
  var parts: Parts?

  /// The parts that an array is made of.
  struct Parts: Hashable {
    /// The rows that the array gets.
    var rowCount: Int
    var count: Int

    /// Tells the plan from all others, so that no one takes their marks for its own.
    var name: String
  }
}

extension SharedWork {
  /// Reads the field.
  ///
  /// What is not understood is not there.
  init(_ object: JSONObject) {
    epoch = max(0, object["epoch"]?.integerValue ?? 0)
    commit = Self.name(object["commit"])
    if let parts = object["parts"]?.objectValue, let rowCount = parts["rows"]?.integerValue, rowCount >= 0,
      let count = parts["count"]?.integerValue, count > 0, let name = Self.name(parts["name"])
    {
      self.parts = Parts(rowCount: rowCount, count: count, name: name)
    }
  }

  /// A name, which becomes a part of keys.
  private static func name(_ value: JSONValue?) -> String? {
    guard let name = value?.stringValue, 1...100 ~= name.utf8.count,
      name.utf8.allSatisfy({
        $0.isDigit || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 || $0 == UInt8(ascii: "-")
      })
    else { return nil }
    return name
  }

  /// The field, or nil if there is nothing to tell.
  var json: JSONValue? {
    guard self != SharedWork() else { return nil }
    var object: JSONObject = ["must_understand": false]
    if epoch > 0 { object["epoch"] = .integer(epoch) }
    if let commit { object["commit"] = .string(commit) }
    if let parts {
      object["parts"] = [
        "rows": .integer(parts.rowCount), "count": .integer(parts.count), "name": .string(parts.name),
      ]
    }
    return .object(object)
  }
}
