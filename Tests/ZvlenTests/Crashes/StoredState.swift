import ChunkEngine
import Foundation
import Zarr

/// All that a reader finds in a directory, told by what belongs together.
///
/// Files whose names begin with a dot are ignored, and so are chunks that belong to no array.
struct StoredState: Equatable {
  enum Content: Equatable {
    /// The elements of an array, or the paths and bytes of a tree of files, and the chunks that cannot be
    /// read.
    case rows([[UInt8]], damaged: [String])
    /// The consolidated metadata of a group.
    case consolidated([String: String])
    /// A file.
    case file([UInt8])
    /// What should be readable, and is not.
    case unreadable(String)
  }

  /// What is there, by its path; consolidated metadata by that of its document.
  private(set) var contents: [String: Content] = [:]

  private let path: String

  /// Looks at everything below a directory but what is in `ignored`.
  init(of path: String, ignoring ignored: Set<String> = []) {
    self.path = path
    look("", ignored)
  }

  static func == (left: StoredState, right: StoredState) -> Bool { left.contents == right.contents }

  /// The elements of an array, or of a tree of files.
  func rows(_ path: String) -> [[UInt8]]? {
    guard case .rows(let rows, _)? = contents[path] else { return nil }
    return rows
  }

  private func damaged(_ path: String) -> [String] {
    guard case .rows(_, let damaged)? = contents[path] else { return [] }
    return damaged
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  private mutating func look(_ directory: String, _ ignored: Set<String>) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)")) ?? []
    for name in names where !name.hasPrefix(".") && !name.hasSuffix(".partial") {
      let name = directory.isEmpty ? name : "\(directory)/\(name)"
      if ignored.contains(name) { continue }
      var isDirectory = ObjCBool(false)
      guard FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isDirectory) else {
        continue
      }
      if !isDirectory.boolValue {
        if !name.hasSuffix("/zarr.json") { contents[name] = .file(bytes(name) ?? []) }
      } else if exists("\(name)/.zarray") || exists("\(name)/blobs") || isArray(name) {
        contents[name] = node(name)
      } else {
        for document in ["zarr.json", ".zmetadata"] {
          if let consolidated = consolidated("\(name)/\(document)") {
            contents["\(name)/\(document)"] = .consolidated(consolidated)
          }
        }
        look(name, ignored)
      }
    }
  }

  private func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { [UInt8]($0) }
  }

  private func json(_ name: String) -> [String: Any]? {
    bytes(name).flatMap { try? JSONSerialization.jsonObject(with: Data($0)) } as? [String: Any]
  }

  private func isArray(_ name: String) -> Bool {
    json("\(name)/zarr.json")?["node_type"] as? String == "array"
  }

  private func consolidated(_ name: String) -> [String: String]? {
    let document = json(name)
    let members = (document?["consolidated_metadata"] as? [String: Any] ?? document)?["metadata"]
    return (members as? [String: Any])?.mapValues { value in
      let bytes = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
      return String(decoding: bytes ?? Data(), as: UTF8.self)
    }
  }

  private func node(_ name: String) -> Content {
    do {
      let store = try FileStore(opening: "\(path)/\(name)")
      let damage = DamageReport()
      let access = ArrayAccess(damageReport: damage)
      var rows: [[UInt8]]
      if exists("\(name)/blobs") {
        let paths = try ZarrArray.open(in: store, at: "paths", access: access).read().arrays()
        let blobs = try ZarrArray.open(in: store, at: "blobs", access: access).read().arrays()
        // Only files with contents count; further paths are of an append that was stopped.
        guard paths.count >= blobs.count else {
          return .unreadable("\(paths.count) paths and \(blobs.count) blobs")
        }
        rows = zip(paths, blobs).map { $0 + [0] + $1 }
      } else {
        rows = try ZarrArray.open(in: store, access: access).read().arrays()
      }
      return .rows(rows, damaged: damage.chunks.map { "\($0.key) \($0.innerChunk ?? -1)" }.sorted())
    } catch {
      return .unreadable("\(error)")
    }
  }

  /// What is there, for messages.
  var summary: String {
    contents.keys.sorted().map { "\($0) is \(Self.text(contents[$0]))" }.joined(separator: "; ")
  }

  /// A reader that has an array or a tree open.
  struct Reader {
    private let arrays: [ZarrArray]

    /// What it has read first.
    private(set) var rows: [[[UInt8]]] = []

    init(of path: String) throws {
      let store = try FileStore(opening: path)
      if FileManager.default.fileExists(atPath: "\(path)/blobs") {
        arrays = try ["paths", "blobs"].map { try ZarrArray.open(in: store, at: $0) }
      } else {
        arrays = [try ZarrArray.open(in: store)]
      }
      rows = try arrays.map { try $0.read().arrays() }
    }

    /// Reads again, or returns nil if that fails.
    func read() -> [[[UInt8]]]? { try? arrays.map { try $0.read().arrays() } }
  }

  /// How a command may leave what it has not done all of.
  enum Change: Sendable {
    /// As it was, or as it is to be.
    case whole
    /// With some of the rows that are added.
    case growing
    /// With some of the rows that are to be others, each as it was or as it is to be.
    case byRow
  }

  /// What is neither as in `old` nor as in `new`, nor between them if `change` allows it.
  func difference(from old: StoredState, _ new: StoredState, _ change: Change) -> String? {
    for name in Set(contents.keys).union(old.contents.keys).union(new.contents.keys).sorted() {
      let (found, before, after) = (contents[name], old.contents[name], new.contents[name])
      if found == before || found == after { continue }
      if case .rows(let rows, let damaged)? = found, let after = new.rows(name),
        isBetween(rows, old.rows(name) ?? [], after, change), damaged.allSatisfy(old.damaged(name).contains)
      {
        continue
      }
      return "\(name) is \(Self.text(found)), was \(Self.text(before)) and is to be \(Self.text(after))"
    }
    return nil
  }

  private func isBetween(_ rows: [[UInt8]], _ old: [[UInt8]], _ new: [[UInt8]], _ change: Change) -> Bool {
    switch change {
    case .whole: false
    case .growing: rows.starts(with: old) && new.starts(with: rows)
    case .byRow:
      rows.count == new.count
        && rows.indices.allSatisfy { index in
          rows[index] == new[index] || (index < old.count ? rows[index] == old[index] : rows[index].isEmpty)
        }
    }
  }

  private static func text(_ content: Content?) -> String {
    switch content {
    case nil: "missing"
    case .rows(let rows, let damaged)?:
      "\(rows.count) rows \(rows.map { String(decoding: $0, as: UTF8.self) })"
        + (damaged.isEmpty ? "" : " with damaged \(damaged)")
    case .consolidated(let members)?: "the consolidated metadata of \(members.keys.sorted())"
    case .file(let bytes)?: "a file of \(bytes.count) bytes"
    case .unreadable(let reason)?: "unreadable: \(reason)"
    }
  }
}
