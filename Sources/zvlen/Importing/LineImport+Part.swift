import ChunkEngine
import Zarr

extension LineImport {
  /// Imports the lines of a part into an array that other imports fill with theirs.
  ///
  /// All of them look at all lines, and so come to the same array, whoever makes it, and to the same parts.
  func run(_ part: ImportPart, to destination: NodeDestination) throws {
    let survey = try LineSurvey(of: paths, terminator: terminator)
    let type = settings.encoding.type ?? .string
    let check = ElementCheck(type, dataType: type.dataType)
    let appender = try settings.create(
      in: destination.store, options: settings.encoding.arrayOptions(type))
    let progress = ProgressLine("importing")
    defer { progress.clear() }
    // At least as many as decide the size of chunks and shards in an import of all.
    let sampleCount = survey.lineCount(withByteCount: max(settings.encoding.chunkByteCount, 1 << 20))
    try append(survey.extents(of: 0..<sampleCount), check, to: appender, progress)
    var model = try appender.finish()
    let count = model.chunkShape[0]
    let fitting =
      settings.encoding.chunkCount == nil
      ? survey.sizes.elementCount(atMost: count, limit: settings.chunkByteLimit) : count
    if fitting < count {
      // Lines that come later are so large that chunks of as many as the first ones make would be too large.
      try destination.store.deleteAll("")
      var options = settings.encoding.arrayOptions(type)
      options.chunkSize = .rows(fitting)
      if let shardLength = model.shardShape?[0] { options.shardSize = .rows(shardLength / count * fitting) }
      model = try ZarrArray.create(
        in: destination.store, shape: [0], options: options, access: settings.access)
    }
    // The elements that decide the size of chunks are for their parts to bring.
    try model.write(blobs: RepeatedBlob(model.metadata.fillValue, count: model.shape[0]))
    try model.resize(to: [survey.count])

    let array = try destination.share([model], access: settings.access)[0]
    let rows = part.rows(of: array)
    let filler = try settings.filling(rows, of: array)
    do {
      try append(survey.extents(of: rows), check, to: filler, progress)
      try filler.finish()
    } catch {
      filler.cancel()
      throw error
    }
  }

  private func append(
    _ extents: [LineSurvey.Extent], _ check: ElementCheck, to appender: Appender, _ progress: ProgressLine
  ) throws {
    var state = State(
      appender: appender, check: check, position: ImportPosition(sources: [SourcePosition()]))
    for extent in extents {
      state.position.sources[0].lineCount = extent.firstLineNumber - 1
      state.position.sources[0].byteCount = extent.bytes.lowerBound
      let reader = try LineReader(OpenFile(extent.path), terminator: terminator, bytes: extent.bytes)
      try append(reader, extent.path, 0, &state, progress)
    }
  }
}
