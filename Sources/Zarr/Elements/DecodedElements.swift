import ChunkEngine

/// Values of the bytes that they were stored as.
enum DecodedElements {
  /// Decodes values.
  ///
  /// - Throws: ``ElementFailure``
  static func decode<Element: ZarrElement>(
    _ view: BlobView, as dataType: DataType
  ) throws -> [Element] {
    let blocks = try ElementBlocks.map(count: view.count) { range in
      var elements: [Element] = []
      elements.reserveCapacity(range.count)
      for index in range {
        do throws(ElementError) {
          elements.append(try Element(element: view[index], of: dataType))
        } catch {
          throw ElementFailure(index: index, reason: error)
        }
      }
      return elements
    }
    return blocks.count == 1 ? blocks[0] : Array(blocks.joined())
  }
}
