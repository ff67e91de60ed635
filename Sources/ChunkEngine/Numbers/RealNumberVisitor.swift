/// Code that is compiled once for each type of number.
protocol RealNumberVisitor {
  associatedtype Result

  /// Runs the code for numbers of one type.
  func visit<Number: RealNumber>(_: Number.Type) throws(ChunkError) -> Result
}

extension NumberType {
  /// Runs the code of `visitor` for numbers of this type.
  ///
  /// - Precondition: The type is not complex.
  /// - Throws: What the visitor throws.
  @inline(__always)
  func accept<Visitor: RealNumberVisitor>(_ visitor: Visitor) throws(ChunkError) -> Visitor.Result {
    switch self {
    case .bool: try visitor.visit(TruthValue.self)
    case .int8: try visitor.visit(Int8.self)
    case .int16: try visitor.visit(Int16.self)
    case .int32: try visitor.visit(Int32.self)
    case .int64: try visitor.visit(Int64.self)
    case .uint8: try visitor.visit(UInt8.self)
    case .uint16: try visitor.visit(UInt16.self)
    case .uint32: try visitor.visit(UInt32.self)
    case .uint64: try visitor.visit(UInt64.self)
    case .float16: try visitor.visit(Float16.self)
    case .bfloat16: try visitor.visit(BFloat16.self)
    case .float32: try visitor.visit(Float.self)
    case .float64: try visitor.visit(Double.self)
    case .complex64, .complex128: preconditionFailure("kernels compute with the parts of complex numbers")
    }
  }
}
