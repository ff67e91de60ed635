// Elements, codecs and limits are types of the engine. `import Zarr` brings them along, members included, which type
// aliases would not do.
@_exported public import ChunkEngine
