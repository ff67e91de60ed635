import Zarr

/// The place where a command puts an array or group.
///
/// Readers find a new one only when it is complete.
protocol NodeDestination: AnyObject {
  /// What errors call the place.
  var name: String { get }

  /// Whether an existing array or group is continued.
  var continuesExisting: Bool { get }

  /// The store whose root the command writes.
  var store: any Store { get }

  /// The directories of the old and the new array or group.
  var ownPaths: [String] { get }

  /// Checks that the destination is not inside an imported directory.
  func checkOutside(of directories: [String]) throws(ToolError)

  /// Checks that the position of a stopped import fits what is here.
  func check(against record: ImportRecord?) throws

  /// Makes created arrays visible unless another process was first, and returns the store whose root has them.
  func share(_ models: [ZarrArray]) throws -> any Store

  /// An error of the library with the place that you asked for, if it names another one.
  func named(_ error: any Error) -> any Error

  /// Makes the new array or group visible.
  func commit() throws

  /// Removes the written data, unless it belongs to an existing array or the import can go on.
  func discard()
}

extension NodeDestination {
  /// Whether the array or group exists.
  var hasNode: Bool { NodeEntry(in: store, at: .root) != nil }

  /// Makes created arrays visible unless another process was first, to be filled in parts.
  ///
  /// - Throws: ``ToolError`` if those that are there differ from the created arrays.
  func share(_ models: [ZarrArray], partCount: Int) throws -> [PartPlan] {
    for model in models { try PartPlan.divide(model, intoParts: partCount) }
    let store = try share(models)
    return try models.map { model in
      do {
        return try PartPlan(like: model, partCount: partCount, in: store)
      } catch ZarrError.notFound {
        throw ToolError("\(name) holds files that are not such a Zarr array; name another directory")
      } catch ZarrError.notWritable(let path, let reason) {
        throw ToolError(
          "\(path) is not the array that all parts of this import fill: \(reason). The source has changed, or the "
            + "options are others; remove it, or name another directory")
      }
    }
  }
}

/// What a command asks of a destination.
struct DestinationOptions {
  /// The Zarr version of a new node.
  var format: ZarrFormat

  /// Whether an existing node is continued.
  var appends = false

  /// Whether an existing node is replaced.
  var overwrites = false

  /// Whether the written data stays when an import is stopped, so that the next one goes on.
  var resumes = false

  /// Whether several imports fill one node.
  var isShared = false

  /// Which failures files survive.
  var durability = Durability.atomic

  /// What to do about an existing node.
  var advice = "--overwrite replaces it"
}

extension Location {
  /// Checks that data can go here, and makes a place for it.
  ///
  /// - Throws: ``ToolError`` that says why data cannot go there.
  func makeDestination(_ options: DestinationOptions) throws -> any NodeDestination {
    switch self {
    case .directory(let path): try DirectoryDestination(at: path, options)
    case .store(let place): try StoreDestination(place, options)
    }
  }
}
