import Zarr

extension MetadataExtension {
  /// The name with its settings, as `zstd(level 3, checksum false)`.
  var summary: String {
    let settings = configuration.map { name, value in
      // A shard has codecs of its own.
      let codecs = name.hasSuffix("codecs") ? value.arrayValue : nil
      let text =
        codecs?.map { (try? MetadataExtension($0, field: name))?.summary ?? $0.description }
        .joined(separator: " + ")
      return "\(name) \(text ?? value.stringValue ?? value.description)"
    }
    return settings.isEmpty ? name : "\(name)(\(settings.joined(separator: ", ")))"
  }
}
