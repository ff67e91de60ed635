import CFloor

/// The versions of what a measurement was built with.
struct LibraryVersions: Encodable, Sendable {
  /// The Swift standard library in use.
  let swift: String
  /// The linked libzstd.
  let zstd: String
  /// The linked liblz4.
  let lz4: String

  /// The versions in this process.
  static var current: LibraryVersions {
    // SAFETY: Both libraries return strings that live as long as the process.
    unsafe LibraryVersions(
      swift: swiftVersion, zstd: String(cString: floor_zstd_version()),
      lz4: String(cString: floor_lz4_version()))
  }

  /// The compiler's version, as far as source code can ask for it.
  private static var swiftVersion: String {
    #if compiler(>=6.4)
    "6.4 or newer"
    #elseif compiler(>=6.3.1)
    "6.3.1 or newer"
    #else
    "6.3"
    #endif
  }
}
