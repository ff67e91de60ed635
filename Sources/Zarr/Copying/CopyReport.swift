/// What was copied of a hierarchy.
public struct CopyReport: Hashable, Sendable {
  /// A node that was left out, with all that is below it.
  public struct LeftOut: Hashable, Sendable {
    /// Where the node is, for people to read.
    public let location: String
    /// Why it was not copied.
    public let reason: String

    init(_ entry: NodeEntry, _ error: any Error) {
      if case ZarrError.metadata(let location, let reason) = error {
        self.init(location: location, reason: "\(reason)")
      } else {
        self.init(location: entry.location, reason: "\(error)")
      }
    }

    private init(location: String, reason: String) {
      self.location = location
      self.reason = reason
    }
  }

  /// The number of arrays that were copied.
  public internal(set) var arrayCount = 0

  /// How many of them were copied as they are stored, without decoding.
  public internal(set) var undecodedArrayCount = 0

  /// The number of groups that were copied.
  public internal(set) var groupCount = 0

  /// What was left out.
  public internal(set) var leftOut: [LeftOut] = []

  /// Where the arrays are whose fill value xarray takes for a missing element in Zarr v2, but not in the copy:
  /// in Zarr v3 it knows none for their data type.
  public internal(set) var arraysLosingMissingValue: [String] = []
}
