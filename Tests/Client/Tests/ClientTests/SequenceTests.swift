import Foundation
import Synchronization
import Testing
import Zarr

/// Arrays that are read piece by piece, as values.
@Suite("Arrays as sequences of a client")
struct SequenceTests {
  private static let values = (0..<1000).map { $0 * 3 }

  private func array() throws -> ZarrArray {
    try ZarrArray.create(
      in: MemoryStore(), writing: Self.values.map(JSONValue.integer),
      options: ArrayOptions(chunkSize: .rows(7)))
  }

  @Test("A loop sees all values in order, as often as it is run, and may end early")
  func sequence() throws {
    let elements = try array().elements(as: JSONValue.self)
    for _ in 0..<2 {
      #expect(try elements.map { try $0.get() } == Self.values.map(JSONValue.integer))
    }
    for element in elements where try element.get() == 9 { break }
    #expect(try Array(array().elements(5..<8, as: JSONValue.self)).map { try $0.get() } == [15, 18, 21])
    #expect(Array(try array().elements(5..<5, as: JSONValue.self)).isEmpty)
  }

  @Test("A loop ends with the error of an element, of a range or of the type")
  func failures() throws {
    let array = try array()
    try array.write("x" as JSONValue, at: [500])
    let results = Array(array.elements(as: Coded<Int>.self))
    let error = #expect(throws: ZarrError.self) { try results.last?.get() }
    guard case .element(_, index: 500?, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    for sequence in [
      array.elements(0..<1001, as: Coded<Int>.self), array.elements(-1..<0, as: Coded<Int>.self),
    ] {
      let results = Array(sequence)
      #expect(results.count == 1)
      #expect(throws: ZarrError.self) { try results.first?.get() }
    }
    #expect(throws: ZarrError.self) { try array.elements(as: Int.self).first { _ in true }?.get() }
  }

  @Test("Blocks and chunks come as values too")
  func blocksAndChunks() throws {
    let array = try array()
    var values: [JSONValue] = []
    try array.forEachBlock(of: 10..<990, as: JSONValue.self) { block in
      #expect(block.offset == 10 + values.count)
      values += block.elements
    }
    #expect(values == Self.values[10..<990].map(JSONValue.integer))
    let sum = Atomic(0)
    try array.scan([0..<10], as: Coded<Int>.self) { region, values in
      #expect(region.shape == [values.count])
      sum.wrappingAdd(values.reduce(0) { $0 + $1.value }, ordering: .relaxed)
    }
    #expect(sum.load(ordering: .relaxed) == Self.values.prefix(10).reduce(0, +))
  }

  @Test("A region of another rank is said in the words of the caller")
  func rank() throws {
    let array = try array()
    let error = #expect(throws: ZarrError.self) { try array.read([0..<1, 0..<1], as: JSONValue.self) }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains("2 dimensions, and the array has 1"))
  }
}
