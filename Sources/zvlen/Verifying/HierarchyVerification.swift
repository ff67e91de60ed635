import Zarr

/// Looks at a node, and at all nodes below it if it is a group, and takes out what is damaged if that is asked
/// for.
struct HierarchyVerification {
  private let node: NodeLocation
  private let access: ArrayAccess
  private let isDeep: Bool
  private let removal: DamageRemoval?
  private let report: VerificationReport

  /// Prepares for a node.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - access: How arrays are read.
  ///   - isDeep: Whether chunks are encoded again, and values looked for that belong to no node.
  ///   - removal: Takes out damaged chunks; nil if they stay.
  ///   - report: Where it is said what was found.
  init(
    _ node: NodeLocation, access: ArrayAccess, isDeep: Bool = false, removal: DamageRemoval? = nil,
    _ report: VerificationReport
  ) {
    self.node = node
    self.access = access
    self.isDeep = isDeep
    self.removal = removal
    self.report = report
  }

  /// Looks at everything.
  ///
  /// - Throws: `ZarrError.cancelled`, `StoreError`, and what writing the report throws.
  func run() throws {
    var entries = [node.entry]
    do {
      try node.group?.walk { entry, _ in entries.append(entry) }
    } catch let error as StoreError {
      // What is in a directory that cannot be listed.
      try report.add("\(node.path): \(error)", error)
    }
    let arrays = Set(entries.filter { $0.kind == .array }.map(\.path))
    var groups: [NodePath] = []
    var strays = StrayValues(in: node.store)
    for entry in entries {
      try Interruption.check()
      do {
        let metadata = try entry.metadata()
        strays.add(entry.path, metadata)
        switch metadata {
        case .array:
          let verification = ArrayVerification(
            entry, in: node, access: access, isDeep: isDeep, removal: removal, report)
          do {
            try verification.run()
          } catch ZarrError.replaced {
            // What is there now may be sound.
            try verification.run()
          }
        default: groups.append(entry.path)
        }
      } catch let error where error is ZarrError || error is StoreError {
        if case ZarrError.cancelled = error { throw error }
        if Main.canRunAgain(after: error) { throw error }
        strays.addUnknown(entry.path)
        try report.add("\(error)", error)
      }
    }
    for group in groups { try verifyFiles(of: group, among: arrays) }
    guard isDeep else { return }
    do {
      try strays.forEach { try report.note("\(node.path)/\($0)") }
    } catch let error as StoreError {
      try report.add("\(error)", error)
    }
  }

  /// Checks that the arrays of an imported directory belong together, if a group has them.
  private func verifyFiles(of group: NodePath, among arrays: Set<NodePath>) throws {
    for name in [FileTreeGroup.blobsName, FileTreeGroup.pathsName] {
      guard arrays.contains(try group.appending(name)) else { return }
    }
    do {
      try FileTreeGroup(in: node.store, at: group, access: access).checkPaths()
    } catch let error as ToolError {
      try report.addDamage("\(error)")
    } catch {
      // The array says so itself.
    }
  }
}
