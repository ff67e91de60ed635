import Foundation
import Zarr

/// The groups above a new node, which become its parents.
struct EnclosingHierarchy {
  /// The paths of the groups that exist, the nearest one first.
  private let groups: [String]

  /// The path from the nearest group to the one that the node is in, empty if that exists.
  private let missingPath: String

  /// The version of Zarr of the groups.
  private let format: ZarrFormat

  /// Looks for groups above a path; the result is nil if there are none.
  ///
  /// - Parameters:
  ///   - path: The path of the new node, absolute.
  ///   - directory: The nearest directory above it that exists.
  /// - Throws: ``ToolError`` if it is an array, and what reading its metadata throws.
  init?(of path: String, below directory: String) throws {
    guard let nearest = try Self.metadata(ofNodeAt: directory) else { return nil }
    guard case .group(let metadata) = nearest else {
      throw ToolError("\(directory) is an array, and no other can be in it; name another directory")
    }
    format = metadata.zarrFormat
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    missingPath = String(parent.dropFirst(directory.count).drop { $0 == "/" })
    var groups = [directory]
    var next = URL(fileURLWithPath: directory).deletingLastPathComponent()
    while case .group? = try? Self.metadata(ofNodeAt: next.path) {
      groups.append(next.path)
      guard next.path != "/" else { break }
      next = next.deletingLastPathComponent()
    }
    self.groups = groups
  }

  /// Checks that a node of a version of Zarr can be in the hierarchy.
  func check(_ format: ZarrFormat) throws(ToolError) {
    guard format == self.format else {
      throw ToolError(
        "\(groups[0]) is a group of Zarr v\(self.format.rawValue), and all in it has to be; use "
          + "--zarr-format \(self.format.rawValue)")
    }
  }

  /// Creates the groups that are missing between the nearest one and the node.
  func createGroups() throws {
    guard !missingPath.isEmpty else { return }
    let group = try ZarrGroup.open(
      in: try FileStore(opening: groups[0]), usingConsolidatedMetadata: false)
    do {
      try group.createGroup(at: missingPath)
    } catch ZarrError.alreadyExists {
      // Another command has made it for a node of its own.
      _ = try group.group(at: missingPath)
    }
  }

  /// Makes the consolidated metadata of the groups true again, where there is some.
  func refreshConsolidatedMetadata() throws {
    for path in groups {
      let group = try ZarrGroup.open(in: try FileStore(opening: path))
      if group.usesConsolidatedMetadata { try group.consolidate() }
    }
  }

  /// What is said of the node in a directory, or nil if there is none.
  private static func metadata(ofNodeAt path: String) throws -> NodeMetadata? {
    guard let store = try? FileStore(opening: path) else { return nil }
    return try NodeEntry(in: store, at: .root)?.metadata()
  }
}
