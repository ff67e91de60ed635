/// Words as they are written in HTML and SVG.
enum HTMLText {
  /// Replaces what would be read as markup.
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
