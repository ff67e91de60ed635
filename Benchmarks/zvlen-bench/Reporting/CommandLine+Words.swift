extension CommandLine {
  /// The words that started this process, without the directories that the program lies in.
  static var words: String {
    (["zvlen-bench"] + arguments.dropFirst())
      .map { $0.contains(" ") ? "'\($0)'" : $0 }
      .joined(separator: " ")
  }
}
