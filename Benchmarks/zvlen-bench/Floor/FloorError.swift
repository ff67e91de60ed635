import CFloor

/// Why the floor could not be measured.
struct FloorError: Error, CustomStringConvertible {
  /// The code that the C function returned.
  let code: CInt

  var description: String { unsafe "floor: " + String(cString: floor_message(code)) }

  /// Throws where `code` is an error.
  static func check(_ code: CInt) throws(FloorError) {
    guard code == 0 else { throw FloorError(code: code) }
  }
}
