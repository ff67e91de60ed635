extension DataType {
  /// Reads a fill value: the element that stands for all that was never written.
  ///
  /// | data type | value |
  /// |-----------|-------|
  /// | `bool` | `true`, `false` |
  /// | integers | an integer |
  /// | floating-point numbers | a number, `"NaN"`, `"Infinity"`, `"-Infinity"`, or the bits as `"0x7fc00000"` |
  /// | complex numbers | an array of both parts |
  /// | text | a string |
  /// | byte strings | base64 text with the standard alphabet and padded, or an array of integers |
  /// | JSON | any value |
  /// | times | an integer or `"NaT"` |
  /// | structures | an object with the fields, or base64 text of all their bytes |
  /// | arrays | an array |
  /// | elements that may be absent | `null`, or an array with the element |
  ///
  /// What zarr-python takes besides is taken too: integers written as `1.0`, `"1"` and `true`, and numbers
  /// as strings.
  ///
  /// - Returns: The element as it lies in memory.
  /// - Throws: An error if the value does not fit the data type.
  /// - Complexity: O(*n*) in the length of the value and the size of an element.
  public func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    try ElementReader(form: .fillValue).bytes(of: self, from: value, field: "fill_value")
  }

  /// The value that a document holds for a fill value.
  ///
  /// It is in the form that most libraries read. Byte strings of any length are written as base64, because
  /// zarr-python does not read arrays of integers.
  ///
  /// - Throws: An error if the bytes are not an element of the data type.
  /// - Complexity: O(*n*) in the number of bytes.
  public func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    try ElementWriter(form: .fillValue).json(of: self, bytes[...], field: "fill_value")
  }

  /// An element as JSON, for people and other programs to read.
  ///
  /// It is what a document holds for such a fill value, with a few differences: an element that is absent is
  /// `null` and one that is there is not in an array, unless it may be absent itself or is JSON; and byte
  /// strings of one length are base64 text as all others.
  ///
  /// - Parameters:
  ///   - bytes: The element as it lies in memory.
  ///   - wrapsPresent: Whether an element that may be absent is in an array if it is there, as in documents.
  /// - Returns: The value.
  /// - Throws: An error if the bytes are not an element of the data type.
  /// - Complexity: O(*n*) in the number of bytes.
  public func json(
    ofElement bytes: RawSpan, wrapsPresent: Bool = false
  ) throws(MetadataError) -> JSONValue {
    if case .extension(let type) = self { return try type.base.json(ofElement: bytes) }
    let bytes = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    let form = wrapsPresent ? ElementForm.wrappedElement : .element
    return try ElementWriter(form: form).json(of: self, bytes[...], field: "element")
  }

  /// Reads an element as ``json(ofElement:wrapsPresent:)`` writes it.
  ///
  /// - Returns: The element as it lies in memory.
  /// - Throws: An error if the value does not fit the data type.
  /// - Complexity: O(*n*) in the length of the value and the size of an element.
  public func elementBytes(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    try ElementReader(form: .element).bytes(of: self, from: value, field: "element")
  }

  /// Whether an element that is there is in an array of its own, so that it differs from one that is absent.
  func wrapsElements(in form: ElementForm) -> Bool {
    switch (form, self) {
    case (.fillValue, _), (.wrappedElement, _), (_, .json), (_, .optional), (_, .extension): true
    case (.element, _): false
    }
  }
}

/// What an element is written for.
enum ElementForm: Hashable, Sendable {
  /// For the metadata of an array.
  case fillValue
  /// For people and other programs.
  case element
  /// For other programs that look for elements in the form of fill values, but for numbers by their value.
  case wrappedElement
}
