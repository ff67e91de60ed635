/// What goes wrong when settings are tried out.
package enum TuningError: Error, Hashable, CustomStringConvertible {
  /// What was read is not what was written.
  case differs(byteCount: Int, expected: Int)

  package var description: String {
    switch self {
    case .differs(let byteCount, let expected):
      """
      tuning: \(byteCount) bytes were read of \(expected) that were written; the elements gave other bytes when \
      they were asked again
      """
    }
  }
}
