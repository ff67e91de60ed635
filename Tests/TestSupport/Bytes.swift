/// Returns `values`, to take the span of a literal of bytes.
public func bytes(_ values: UInt8...) -> [UInt8] {
  values
}
