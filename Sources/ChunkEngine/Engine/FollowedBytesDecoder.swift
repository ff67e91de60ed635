/// A decoder that can decode part by part, and stop.
protocol FollowedBytesDecoder: BytesDecoder {
  /// Appends the decoded form of `source` to `output` as ``decode(_:into:limit:)`` does, and shows the follower
  /// some of it meanwhile, but not the whole.
  ///
  /// Where the follower wants no more, `output` ends somewhere behind what it was shown.
  func decode(
    _ source: RawSpan, into output: inout ByteArena, limit: Int, follower: WireFormFollower
  ) throws(ChunkError)
}
