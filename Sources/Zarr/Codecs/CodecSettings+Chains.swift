import ChunkEngine

/// Codecs inside of codecs.
extension CodecSettings {
  /// A chain of codecs that must be there.
  ///
  /// None of the codecs is left out, even if its metadata says that readers may: it could not be told from
  /// outside that nothing may be written.
  ///
  /// - Parameters:
  ///   - name: The name of the setting.
  ///   - context: What the first of the codecs gets.
  /// - Returns: The codecs, ready to run.
  /// - Throws: ``MetadataError`` that names the setting, or what is wrong inside of it.
  func chain(_ name: String, _ context: CodecContext) throws(MetadataError) -> CodecChain {
    guard let codecs = try extensions(name) else {
      throw MetadataError(
        code: .missingField, field: fields.path(of: name), message: "missing; expected an array of codecs")
    }
    let chain = try CodecChain(codecs, context, field: fields.path(of: name))
    guard chain.hasAll(codecs) else {
      throw MetadataError(
        code: .unsupported, field: fields.path(of: name), message: "one of the codecs is not supported")
    }
    return chain
  }
}
