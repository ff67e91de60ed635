import ChunkEngine

/// An array that is filled in parts, whose lengths are known before, by workers that need not know of each other.
///
/// Each worker makes the same plan, writes its part and marks it as done. The parts are whole chunks, or whole shards,
/// so that no two write the same value. A part can be written again, also by two workers at a time.
///
///     let plan = try PartPlan.create(
///       in: store, shape: [1000], partCount: 8, options: ArrayOptions(dataType: .string, chunkSize: .rows(10)))
///     if let region = plan.region(ofPart: 2) {
///       try plan.array.write(region.ranges[0].map { "row \($0)" }, to: region)
///     }
///     try plan.markDone(2)
///     print(try plan.missingParts())
///
/// In the store the array has no rows until ``finish()``, so that readers find all of it or nothing. One of Zarr v2 has
/// them from the beginning, and what is not there yet reads as the fill value.
public struct PartPlan: Sendable {
  /// The array as it will be, to be written.
  public let array: ZarrArray

  /// The number of parts.
  public let partCount: Int

  /// Whether the array is finished.
  ///
  /// Parts may be written again, to no effect.
  public let isFinished: Bool

  private let regions: [ArrayRegion]
  private let keys: SharedKeys

  /// Tells the marks of this plan from those of others.
  private let name: String

  private init(_ array: ZarrArray, _ parts: SharedWork.Parts, isFinished: Bool) {
    self.array = array
    self.isFinished = isFinished
    partCount = parts.count
    regions = array.alignedRegions(count: parts.count)
    keys = SharedKeys(of: array)
    name = parts.name
  }

  /// Makes an array that is filled in parts, or finds the one that another worker has made.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - shape: The number of elements along each dimension.
  ///   - partCount: The number of parts, at least 1.
  ///   - options: What the array is like. Sizes of chunks and shards cannot be in bytes.
  ///   - access: How the array is worked on.
  /// - Returns: The plan.
  /// - Throws: ``ZarrError/notWritable(path:reason:)`` that says what differs if there is another array,
  ///   ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func create(
    in store: any Store, at path: String = "", shape: [Int], partCount: Int,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess()
  ) throws(ZarrError) -> PartPlan {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      try create(
        options.metadata(shape: shape, meanByteCount: nil), partCount: partCount, in: store, at: path, access)
    }
  }

  /// Makes an array that is filled in parts, or finds the one that another worker has made.
  ///
  /// - Parameters:
  ///   - document: The `zarr.json` of the array as it will be.
  ///   - partCount: The number of parts, at least 1.
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - access: How the array is worked on.
  /// - Returns: The plan.
  /// - Throws: As ``create(in:at:shape:partCount:options:access:)``.
  package static func create(
    decoding document: [UInt8], partCount: Int, in store: any Store, at path: String, access: ArrayAccess
  ) throws(ZarrError) -> PartPlan {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      let fields = try MetadataFields(decoding: document, with: JSONParser())
      return try create(ArrayMetadata(fields), partCount: partCount, in: store, at: path, access)
    }
  }

  private static func create(
    _ metadata: ArrayMetadata, partCount: Int, in store: any Store, at path: NodePath, _ access: ArrayAccess
  ) throws -> PartPlan {
    let location = ZarrArray.location(store, path)
    precondition(partCount > 0, "an array is divided into at least one part, not \(partCount)")
    guard metadata.chunkGrid.dimensions.first?.isRepeated == true else {
      throw ZarrError.notWritable(path: location, reason: "parts need a dimension, and chunks of one length")
    }
    let parts = SharedWork.Parts(of: metadata, count: partCount)
    let planned = try metadata.planned(parts)
    do {
      try NodePlace(store: store, path: path).prepare(for: metadata.zarrFormat, overwrites: false)
      try NodeMetadata.array(planned).create(in: store, at: path, access.metadataLimits)
      try ConsolidatedMetadata.add(path, in: store, access.metadataLimits)
    } catch ZarrError.alreadyExists {
      // Another worker was first.
    }
    return try PartPlan(of: metadata, parts, in: store, at: path, access)
  }

  /// Has an array that has its whole shape say that it is filled in parts.
  package static func divide(_ model: ZarrArray, intoParts count: Int) throws(ZarrError) {
    try zarrErrors(at: model.location) {
      let metadata = model.metadata
      let parts = SharedWork.Parts(of: metadata, count: count)
      try NodeMetadata.array(metadata.planned(parts)).write(
        to: model.store, at: model.path, model.access.metadataLimits)
    }
  }

  /// Finds the array in a store that is divided as a model is, or is finished.
  package init(like model: ZarrArray, partCount: Int, in store: any Store) throws(ZarrError) {
    self = try zarrErrors(at: ZarrArray.location(store, model.path)) {
      let metadata = model.metadata
      let parts = SharedWork.Parts(of: metadata, count: partCount)
      return try PartPlan(of: metadata, parts, in: store, at: model.path, model.access)
    }
  }

  /// Finds the array that has metadata once it is finished.
  private init(
    of metadata: ArrayMetadata, _ parts: SharedWork.Parts, in store: any Store, at path: NodePath,
    _ access: ArrayAccess
  ) throws {
    let location = ZarrArray.location(store, path)
    guard case .array(let found) = try NodeMetadata.read(from: store, at: path, access.metadataLimits) else {
      throw ZarrError.wrongNode(path: location, expected: "array")
    }
    // One that is finished has its shape, and no plan.
    let isFinished = found.sharedWork.parts == nil
    if let difference = try (isFinished ? metadata : metadata.planned(parts)).difference(to: found) {
      throw ZarrError.notWritable(path: location, reason: difference)
    }
    self.init(
      try ZarrArray(metadata, store: store, path: path, access: access), found.sharedWork.parts ?? parts,
      isFinished: isFinished)
  }

  /// Finds an array that another worker has made.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/notWritable(path:reason:)`` if it is not divided into parts,
  ///   or is finished; ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess()
  ) throws(ZarrError) -> PartPlan {
    let array = try ZarrArray.open(in: store, at: path, access: access)
    return try zarrErrors(at: array.location) {
      let metadata = array.metadata
      guard let parts = metadata.sharedWork.parts, !metadata.shape.isEmpty else {
        throw ZarrError.notWritable(
          path: array.location, reason: "it is not divided into parts, or is finished")
      }
      var whole = try metadata.resized(to: [parts.rowCount] + metadata.shape.dropFirst())
      whole.sharedWork.parts = nil
      return try PartPlan(
        ZarrArray(whole, store: store, path: array.path, access: access), parts, isFinished: false)
    }
  }

  /// The region that a part writes.
  ///
  /// - Parameter part: The number of the part, from 0 on.
  /// - Returns: The region, or nil if there are fewer chunks than parts and this one has none.
  public func region(ofPart part: Int) -> ArrayRegion? {
    precondition(0..<partCount ~= part, "there is no part \(part) of \(partCount)")
    return part < regions.count ? regions[part] : nil
  }

  /// Says that a part is stored.
  ///
  /// - Parameter part: The number of the part, from 0 on.
  /// - Throws: ``ZarrError/store(path:reason:)``
  @available(*, noasync)
  public func markDone(_ part: Int) throws(ZarrError) {
    precondition(0..<partCount ~= part, "there is no part \(part) of \(partCount)")
    try zarrErrors(at: array.location) {
      guard !isFinished else { return }
      try array.store.synchronize()
      try array.store.write(keys.mark(ofPart: part, of: name), byteCount: 0) { _ in }
    }
  }

  /// The numbers of the parts that are not marked as done, from 0 on.
  ///
  /// - Throws: ``ZarrError/store(path:reason:)``
  /// - Complexity: A request for each part, many at a time.
  @available(*, noasync)
  public func missingParts() throws(ZarrError) -> [Int] {
    if isFinished { return [] }
    return try zarrErrors(at: array.location) {
      let missing = Locked<[Int]>([])
      try array.store.forEach(below: partCount) { part in
        if try array.store.byteCount(of: keys.mark(ofPart: part, of: name)) == nil {
          missing.withLock { $0.append(part) }
        }
      }
      return missing.withLock { $0.sorted() }
    }
  }

  /// Gives the array its shape, once all parts are marked as done.
  ///
  /// It can be called again, and by several workers at a time.
  ///
  /// - Returns: The array.
  /// - Throws: ``ZarrError/partsMissing(path:parts:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  @discardableResult
  public func finish() throws(ZarrError) -> ZarrArray {
    let missing = try missingParts()
    if !missing.isEmpty, try !isFinishedByNow() { throw .partsMissing(path: array.location, parts: missing) }
    return try zarrErrors(at: array.location) {
      try array.finishParts()
      let marks = (0..<partCount).map { keys.mark(ofPart: $0, of: name) }
      try array.store.delete(marks)
      if let files = array.store as? FileStore {
        try files.deleteAll(keys.parts)
        _ = try files.removeEmptyTree(keys.prefix)
      }
      return array
    }
  }

  /// Whether another worker has finished the array, and removed the marks.
  private func isFinishedByNow() throws(ZarrError) -> Bool {
    try zarrErrors(at: array.location) {
      guard
        case .array(let found) = try NodeMetadata.read(
          from: array.store, at: array.path, array.access.metadataLimits)
      else { return false }
      return found.sharedWork.parts == nil && found.shape == array.shape
    }
  }
}

extension SharedWork.Parts {
  /// Makes a plan for an array of a shape.
  fileprivate init(of metadata: ArrayMetadata, count: Int) {
    var generator = SystemRandomNumberGenerator()
    self.init(rowCount: metadata.shape[0], count: count, name: Segment.makeID(using: &generator))
  }
}

extension ArrayMetadata {
  /// The metadata of an array that is not filled yet.
  ///
  /// A document of Zarr v2 has no place for the plan. The array has its shape from the beginning then.
  fileprivate func planned(_ parts: SharedWork.Parts) throws(MetadataError) -> ArrayMetadata {
    guard zarrFormat == .version3 else { return self }
    var planned = try resized(to: [0] + shape.dropFirst())
    planned.sharedWork.parts = parts
    return planned
  }

  /// What an array has that is not what was planned, in words, or nil if it has everything else.
  ///
  /// Attributes may differ.
  fileprivate func difference(to found: ArrayMetadata) -> String? {
    if let planned = sharedWork.parts, let other = found.sharedWork.parts,
      planned.rowCount != other.rowCount || planned.count != other.count
    {
      return "it is planned with \(other.rowCount) rows in \(other.count) parts, and not with "
        + "\(planned.rowCount) in \(planned.count)"
    }
    for (name, value) in json where !["attributes", SharedWork.field].contains(name) {
      let other = found.json[name] ?? .null
      if other != value { return "it has another \(name): \(other), and not \(value)" }
    }
    return nil
  }
}
