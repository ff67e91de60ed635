/// The bytes of a chunk.
