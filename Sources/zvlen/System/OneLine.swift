/// Text for one line of a terminal: control characters, as in names of files, are spelled out.
struct OneLine: CustomStringConvertible {
  let description: String

  /// Takes the description of any value.
  init(_ value: some Any) {
    var line = ""
    for scalar in String(describing: value).unicodeScalars {
      if scalar.properties.generalCategory == .control {
        line += scalar.escaped(asASCII: true)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    description = line
  }
}
