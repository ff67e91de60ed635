import Foundation
import Zarr

/// The groups above a node, in whose directories it is.
struct EnclosingHierarchy {
  /// The path of the node, absolute.
  private let path: String

  /// The paths of the groups that exist, the nearest one first.
  private let groups: [String]

  /// The group that the node is to be a member of, with the path from there to the one that the node is in,
  /// empty if that exists; nil if the nearest directory is no group.
  private let parent: (group: String, format: ZarrFormat, missingPath: String)?

  /// Looks for groups above a path; the result is nil if there are none.
  ///
  /// Directories without a document are passed over: what is below them belongs to the group above.
  ///
  /// - Parameters:
  ///   - path: The path of the node, absolute.
  ///   - directory: The nearest directory above it that exists.
  /// - Throws: ``ToolError`` if it is an array, and what reading its metadata throws.
  init?(of path: String, below directory: String) throws {
    self.path = path
    switch try Self.metadata(ofNodeAt: directory) {
    case .array?:
      throw ToolError("\(directory) is an array, and no other can be in it; name another directory")
    case .group(let metadata)?:
      let above = URL(fileURLWithPath: path).deletingLastPathComponent().path
      let missingPath = above.dropFirst(directory.count).drop { $0 == "/" }
      parent = (directory, metadata.zarrFormat, String(missingPath))
    default: parent = nil
    }
    groups = Self.groups(from: directory)
    if groups.isEmpty { return nil }
  }

  /// Looks for groups above a node that exists; the result is nil if there are none.
  init?(above path: String) {
    self.path = path
    parent = nil
    groups = Self.groups(from: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    if groups.isEmpty { return nil }
  }

  /// The groups that a directory, and those above it, are.
  private static func groups(from directory: String) -> [String] {
    var groups: [String] = []
    var next = URL(fileURLWithPath: directory)
    while true {
      if case .group? = try? Self.metadata(ofNodeAt: next.path) { groups.append(next.path) }
      guard next.path != "/" else { return groups }
      next = next.deletingLastPathComponent()
    }
  }

  /// Checks that a node of a version of Zarr can be in the hierarchy.
  func check(_ format: ZarrFormat) throws(ToolError) {
    guard let parent, format != parent.format else { return }
    throw ToolError(
      "\(parent.group) is a group of Zarr v\(parent.format.rawValue), and all in it has to be; use "
        + "--zarr-format \(parent.format.rawValue)")
  }

  /// Creates the groups that are missing between the nearest one and the node.
  func createGroups() throws {
    guard let parent, !parent.missingPath.isEmpty else { return }
    let group = try ZarrGroup.open(in: try FileStore(opening: parent.group), usingConsolidatedMetadata: false)
    do {
      try group.createGroup(at: parent.missingPath)
    } catch ZarrError.alreadyExists {
      // Another command has made it for a node of its own.
      _ = try group.group(at: parent.missingPath)
    }
  }

  /// Makes what the consolidated metadata of the groups says of the node true again, where there is some.
  func refreshConsolidatedMetadata() throws {
    for group in groups {
      let store = try FileStore(opening: group)
      // A command that was killed while it wrote them may have left temporary files.
      for name in ["zarr.json", ".zmetadata"] { try store.sweepTemporaryFiles(of: StoreKey(name)) }
      let relative = path.dropFirst(group.count).drop { $0 == "/" }
      try ZarrGroup.open(in: store, usingConsolidatedMetadata: false)
        .refreshConsolidatedMetadata(of: String(relative))
    }
  }

  /// What is said of the node in a directory, or nil if there is none.
  private static func metadata(ofNodeAt path: String) throws -> NodeMetadata? {
    guard let store = try? FileStore(opening: path) else { return nil }
    return try NodeEntry(in: store, at: .root)?.metadata()
  }
}
