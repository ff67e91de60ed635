extension String {
  /// The text in quotes as JSON has it, and not all of it if it is long, for errors.
  var quoted: String {
    // A Swift character has no bound on its length, a scalar has.
    utf8.count > 60 ? "\(JSONValue.string(String(unicodeScalars.prefix(40))))…" : "\(JSONValue.string(self))"
  }
}
