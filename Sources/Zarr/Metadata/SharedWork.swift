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
  }
}

extension SharedWork {
  /// Reads the field; what is not understood is not there.
  init(_ object: JSONObject) {
    epoch = max(0, object["epoch"]?.integerValue ?? 0)
    commit = object["commit"]?.stringValue
    if let parts = object["parts"]?.objectValue, let rowCount = parts["rows"]?.integerValue, rowCount >= 0,
      let count = parts["count"]?.integerValue, count > 0
    {
      self.parts = Parts(rowCount: rowCount, count: count)
    }
  }

  /// The field, or nil if there is nothing to tell.
  var json: JSONValue? {
    guard self != SharedWork() else { return nil }
    var object: JSONObject = ["must_understand": false]
    if epoch > 0 { object["epoch"] = .integer(epoch) }
    if let commit { object["commit"] = .string(commit) }
    if let parts { object["parts"] = ["rows": .integer(parts.rowCount), "count": .integer(parts.count)] }
    return .object(object)
  }
}
