/// Returns `values`, for the span of a literal, whose numbers would be of the type `Int` otherwise.
public func bytes(_ values: UInt8...) -> [UInt8] {
  values
}
