/// Returns `elements` in wire form, byte by byte as the format defines it.
///
/// It shares no code with the engine.
public func referenceWireForm(_ elements: [[UInt8]]) -> [UInt8] {
  var bytes = littleEndianBytes(UInt32(elements.count))
  for element in elements {
    bytes += littleEndianBytes(UInt32(element.count))
    bytes += element
  }
  return bytes
}

/// Returns the bytes of `value`, its least significant byte first.
public func littleEndianBytes(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
  stride(from: 0, to: type(of: value).bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
}
