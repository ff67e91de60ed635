/// Copies a node with all that is below it.
///
/// Documents are written when all chunks are, that of the topmost node last: it is not there before it is
/// whole.
struct HierarchyCopy {
  /// The node that is copied.
  let source: ZarrNode

  /// Where the copy goes.
  let store: any Store
  let path: NodePath

  var options: CopyOptions
  let monitor: ProgressMonitor?

  /// The version of Zarr of the copy.
  private var format: ZarrFormat { options.zarrFormat ?? source.metadata.zarrFormat }

  /// Copies everything.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``; nothing is left then.
  func run() throws -> CopyReport {
    let place = NodePlace(store: store, path: path)
    let existing = try store.listDirectory(path.description)
    // A store may name prefixes below which there is nothing any more.
    guard existing.values.isEmpty,
      try !existing.prefixes.contains(where: { try store.hasKey(below: path.key($0)) })
    else {
      throw ZarrError.alreadyExists(path: place.location)
    }
    let nodes = try nodes()
    try place.prepare(for: format, overwrites: false)
    do {
      let report = try copy(nodes)
      try ConsolidatedMetadata.refresh(.nodes, at: [path], in: store, options.access.metadataLimits)
      monitor?.finish()
      return report
    } catch {
      // Whatever this does, the error that counts is the first one.
      try? store.deleteAll(path.description)
      throw error
    }
  }

  /// What is going to be copied, and what is not.
  private struct Nodes {
    /// The plan for each array, and its path from the topmost node.
    var arrays: [(path: NodePath, plan: ArrayCopyPlan)] = []
    /// The groups, each before what is in it.
    var groups: [(path: NodePath, metadata: GroupMetadata, isConsolidated: Bool)] = []
    var leftOut: [(path: NodePath, reason: CopyReport.LeftOut)] = []
  }

  private func nodes() throws -> Nodes {
    var nodes = Nodes()
    switch source {
    case .array(let array):
      if let type = options.dataType, type != array.dataType, !array.dataType.isBlob {
        throw ZarrError.metadata(
          path: array.location,
          reason: MetadataError(
            code: .unsupported, field: "data_type",
            message: "elements of \(array.dataType.name) cannot become elements of \(type.name)"))
      }
      nodes.arrays.append((.root, try ArrayCopyPlan(of: array, options)))
    case .group(let group):
      nodes.groups.append((.root, group.metadata, try group.hasConsolidatedMetadata()))
      try group.walk { entry, _ in
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
        let path = entry.path.relative(to: group.path)
        guard !nodes.leftOut.contains(where: { path.isAt(orBelow: $0.path) }) else { return }
        do {
          try add(entry, at: path, of: group, to: &nodes)
        } catch {
          guard options.leavesOutUnreadable, Self.isUnreadable(error) else { throw error }
          nodes.leftOut.append((path, CopyReport.LeftOut(entry, error)))
        }
      }
    }
    return nodes
  }

  /// Whether an error says that a node cannot be read, or not be copied.
  private static func isUnreadable(_ error: any Error) -> Bool {
    switch error {
    case ZarrError.metadata, is StoreError: true
    case let error as ZarrError: error.storeError != nil
    default: false
    }
  }

  /// Whether an error says that a chunk of an array cannot be read.
  private static func isUnreadable(_ source: ZarrArray, _ error: any Error) -> Bool {
    switch (error as? ZarrError)?.storeError ?? error {
    case ZarrError.replaced, StoreError.replaced, StoreError.changed: false
    // Errors of the copy name another place.
    default: "\(error)".contains("\(source.location)/")
    }
  }

  private func add(_ entry: NodeEntry, at path: NodePath, of group: ZarrGroup, to nodes: inout Nodes) throws {
    switch try entry.metadata() {
    case .array:
      let array = try group.array(at: path.description, access: options.access)
      nodes.arrays.append((path, try ArrayCopyPlan(of: array, options)))
    case .group(let metadata):
      let member = try group.group(at: path.description)
      nodes.groups.append((path, metadata, try member.hasConsolidatedMetadata()))
    }
  }

  private func copy(_ nodes: Nodes) throws -> CopyReport {
    let passCount = options.validates ? 2 : 1
    monitor?.expect(
      elementCount: nodes.arrays.reduce(0) { sum, array in
        let (total, overflow) = sum.addingReportingOverflow(array.plan.metadata.elementCount)
        return overflow || total > Int.max / passCount ? Int.max / passCount : total
      } * passCount)
    var report = CopyReport()
    let copying = ProgressMonitor(partOf: monitor)
    var nodes = nodes
    for (path, plan) in nodes.arrays {
      do {
        try copy(plan, to: path, copying)
      } catch {
        guard options.leavesOutUnreadable, path != .root, Self.isUnreadable(plan.source, error) else {
          throw error
        }
        try store.deleteAll(self.path.appending(path).description)
        nodes.leftOut.append((path, CopyReport.LeftOut(location: plan.source.location, reason: "\(error)")))
        continue
      }
      report.arrayCount += 1
      if plan.keepsStoredChunks { report.undecodedArrayCount += 1 }
      if format == .version3, ArrayConventions(of: plan.source.metadata).unsayableMissingElement != nil {
        report.arraysLosingMissingValue.append(plan.source.location)
      }
    }
    for (path, metadata, _) in nodes.groups.reversed() {
      try NodeMetadata.group(metadata.copied(to: format)).write(to: store, at: self.path.appending(path))
      report.groupCount += 1
    }
    for (path, _, isConsolidated) in nodes.groups where isConsolidated {
      _ = try ZarrGroup.open(
        in: store, at: self.path.appending(path).description, usingConsolidatedMetadata: false
      ).consolidate()
    }
    report.copied = copying.progress
    report.copied.elapsed = .zero
    if options.validates {
      for (path, plan) in nodes.arrays where !nodes.leftOut.contains(where: { $0.path == path }) {
        try validate(plan, at: path)
      }
    }
    report.leftOut = nodes.leftOut.map(\.reason)
    return report
  }

  private func copy(_ plan: ArrayCopyPlan, to path: NodePath, _ monitor: ProgressMonitor) throws {
    let target = try ZarrArray(
      plan.metadata, store: store, path: self.path.appending(path), access: options.access)
    if plan.keepsStoredChunks {
      try StoredChunkCopy(source: plan.source, target: target).run(monitor: monitor)
    } else {
      let part = ProgressMonitor(partOf: monitor)
      do {
        try target.write(contentsOf: plan.source, memoryBudget: options.memoryBudget, monitor: part)
      } catch ZarrError.chunkTooLarge(let location, let count, let limit, let fittingCount) {
        // A size in bytes says nothing of their number: smaller chunks are as good.
        guard case .bytes = options.chunkSize, target.shape.count == 1, fittingCount < count else {
          throw ZarrError.chunkTooLarge(
            path: location, elementCount: count, limit: limit, fittingCount: fittingCount)
        }
        try store.deleteAll(target.path.description)
        var options = options
        options.chunkSize = .rows(fittingCount)
        var copy = self
        copy.options = options
        return try copy.copy(ArrayCopyPlan(of: plan.source, options), to: path, monitor)
      }
    }
    try plan.source.checkIsInPlace()
    try NodeMetadata.array(plan.metadata).write(to: store, at: target.path)
  }

  /// Compares all elements of a copy with those of its source, and what its attributes mean.
  private func validate(_ plan: ArrayCopyPlan, at path: NodePath) throws {
    let source = plan.source
    let target = try ZarrArray.open(
      in: store, at: self.path.appending(path).description, access: options.access)
    guard ArrayConventions(of: target.metadata) == ArrayConventions(of: plan.metadata),
      ArrayConventions(of: target.metadata) == ArrayConventions(of: source.metadata)
    else {
      throw ZarrError.metadata(
        path: target.location,
        reason: MetadataError(
          code: .unexpectedValue, field: "attributes",
          message:
            "names of dimensions, missing values or other attributes differ from those of \(source.location)"
        ))
    }
    let part = ProgressMonitor(partOf: monitor)
    if let index = try target.firstDifference(
      from: source, memoryBudget: options.memoryBudget, monitor: part)
    {
      throw ZarrError.different(path: target.location, from: source.location, index: index)
    }
  }
}

extension GroupMetadata {
  /// The metadata of a copy of the group, without copies of the documents of other nodes.
  fileprivate func copied(to format: ZarrFormat) -> GroupMetadata {
    guard format == zarrFormat else { return GroupMetadata(attributes: attributes, zarrFormat: format) }
    var copy = self
    copy.consolidatedMetadata = nil
    return copy
  }
}

extension ZarrGroup {
  /// Whether the group holds copies of the documents of the nodes below it.
  fileprivate func hasConsolidatedMetadata() throws -> Bool {
    switch metadata.zarrFormat {
    case .version3: metadata.consolidatedMetadata.map { $0 != .null } ?? false
    case .version2: try store.byteCount(of: path.storeKey(NodeDocument.consolidatedName)) != nil
    }
  }
}
