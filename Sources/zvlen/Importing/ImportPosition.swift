import Zarr

/// How far an import has come.
struct ImportPosition: Equatable {
  /// The elements that the array had before.
  var firstElement = 0

  /// The elements that were imported.
  var elementCount = 0

  /// The source that comes next, or is read, and how much of it is imported: bytes, and whole lines.
  var source = 0
  var byteOffset = 0
  var lineCount = 0

  /// Whether everything is imported.
  var isComplete = false
}

extension ImportPosition {
  private static var names: [(String, WritableKeyPath<ImportPosition, Int>)] {
    [
      ("first_element", \.firstElement), ("element_count", \.elementCount), ("source", \.source),
      ("byte_offset", \.byteOffset), ("line_count", \.lineCount),
    ]
  }

  /// The position as it is stored.
  var json: JSONObject {
    var object = JSONObject(Self.names.map { ($0, .integer(self[keyPath: $1])) })
    object["is_complete"] = .bool(isComplete)
    return object
  }

  /// Takes a position that was stored, or returns nil if it is none.
  init?(_ json: JSONObject) {
    for (name, path) in Self.names {
      guard let value = json[name]?.integerValue, value >= 0 else { return nil }
      self[keyPath: path] = value
    }
    guard let isComplete = json["is_complete"]?.boolValue else { return nil }
    self.isComplete = isComplete
  }
}
