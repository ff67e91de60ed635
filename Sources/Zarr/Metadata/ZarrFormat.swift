/// The versions of the Zarr format that nodes are stored in.
///
/// All nodes of a hierarchy have the same.
public enum ZarrFormat: Int, Hashable, Sendable, CaseIterable {
  /// Documents `.zarray`, `.zgroup` and `.zattrs`, as
  /// [version 2](https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html) has them.
  case version2 = 2
  /// A document `zarr.json`, as
  /// [version 3](https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html) has it.
  case version3 = 3
}
