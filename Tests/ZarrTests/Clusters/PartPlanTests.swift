import ChunkEngine
import Dispatch
import TestSupport
import Testing
import Zarr

@Suite("Arrays that are filled in parts")
struct PartPlanTests {
  private let options = ArrayOptions(dataType: .string, chunkSize: .rows(4))

  private func plan(
    in store: any Store, _ shape: [Int] = [30], partCount: Int = 3, options: ArrayOptions? = nil
  ) throws -> PartPlan {
    try PartPlan.create(
      in: store, at: "a", shape: shape, partCount: partCount, options: options ?? self.options)
  }

  private func fill(_ part: Int, of plan: PartPlan) throws {
    if let region = plan.region(ofPart: part) {
      try plan.array.write(region.ranges[0].map { "\($0)" }, to: region)
    }
    try plan.markDone(part)
  }

  private func shape(in store: any Store) throws -> [Int] { try ZarrArray.open(in: store, at: "a").shape }

  @Test("An array appears when all parts are there, in any order, also if some are written twice")
  func parts() throws {
    let store = MemoryStore()
    for part in [2, 0, 2] {
      let plan = try plan(in: store)
      try fill(part, of: plan)
      #expect { try plan.finish() } throws: { error in
        guard case ZarrError.partsMissing(_, let parts) = error else { return false }
        return parts.contains(1)
      }
    }
    #expect(try shape(in: store) == [0])
    let late = try PartPlan.open(in: store, at: "a")
    #expect(try late.missingParts() == [1])
    try fill(1, of: late)
    try late.finish()
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == (0..<30).map { "\($0)" })
    #expect(try store.keys(".zvlen").isEmpty && store.keys("a/.zvlen").isEmpty)

    // Who comes later finds it finished, and a plan that was made before is finished by now.
    let again = try plan(in: store)
    #expect(again.isFinished)
    #expect(try again.missingParts() == [])
    try fill(0, of: again)
    try again.finish()
    try late.finish()
    #expect(throws: ZarrError.self) { try PartPlan.open(in: store, at: "a") }
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == (0..<30).map { "\($0)" })
  }

  @Test("The document of a finished array is that of any other")
  func document() throws {
    let (store, other) = (MemoryStore(), MemoryStore())
    let plan = try plan(in: store)
    for part in 0..<3 { try fill(part, of: plan) }
    try plan.finish()
    _ = try ZarrArray.create(in: other, at: "a", shape: [30], options: options)
    #expect(try store.value(of: "a/zarr.json") == other.value(of: "a/zarr.json"))
  }

  @Test("Another plan is an error that says what differs")
  func otherPlans() throws {
    let store = MemoryStore()
    _ = try plan(in: store)
    let before = try store.value(of: "a/zarr.json")
    #expect { try plan(in: store, [31]) } throws: { "\($0)".contains("30 rows in 3 parts") }
    #expect { try plan(in: store, partCount: 4) } throws: { "\($0)".contains("and not with 30 in 4") }
    var other = options
    other.compressors = []
    #expect { try plan(in: store, options: other) } throws: { "\($0)".contains("another codecs") }
    other = options
    other.dataType = .bytes
    #expect { try plan(in: store, options: other) } throws: { "\($0)".contains("another data_type") }
    other = options
    other.chunkSize = .evenBytes(100)
    #expect(throws: ZarrError.self) { try plan(in: store, options: other) }
    #expect(try store.value(of: "a/zarr.json") == before)
  }

  @Test("The marks of a plan are not those of another one with the same parts")
  func otherMarks() throws {
    let store = MemoryStore()
    let old = try plan(in: store)
    for part in 0..<3 { try fill(part, of: old) }
    try store.delete(StoreKey("a/zarr.json"))
    let new = try plan(in: store)
    #expect(try new.missingParts() == [0, 1, 2])
    try fill(1, of: new)
    #expect(try plan(in: store).missingParts() == [0, 2])
  }

  @Test("There may be more parts than chunks, and none at all", arguments: [0, 1, 5])
  func fewRows(count: Int) throws {
    let store = MemoryStore()
    let plan = try plan(in: store, [count], partCount: 9)
    for part in 0..<9 { try fill(part, of: plan) }
    try plan.finish()
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == (0..<count).map { "\($0)" })
  }

  @Test("Rows of several dimensions are parts too")
  func rows() throws {
    let store = MemoryStore()
    let plan = try plan(
      in: store, [7, 2], partCount: 2, options: ArrayOptions(dataType: .string, chunkSize: .shape([2, 2])))
    for part in 0..<2 {
      let region = try #require(plan.region(ofPart: part))
      try plan.array.write(region.ranges[0].flatMap { ["\($0)a", "\($0)b"] }, to: region)
      try plan.markDone(part)
    }
    try plan.finish()
    #expect(try shape(in: store) == [7, 2])
    #expect(
      try ZarrArray.open(in: store, at: "a").read().strings() == (0..<7).flatMap { ["\($0)a", "\($0)b"] })
  }

  @Test("All workers may make and finish the plan at once")
  func atOnce() throws {
    let directory = try StoreDirectory()
    DispatchQueue.concurrentPerform(iterations: 6) { part in
      do {
        let plan = try plan(in: FileStore(opening: directory.path), partCount: 6)
        try fill(part, of: plan)
        if try plan.missingParts().isEmpty { try plan.finish() }
      } catch {
        Issue.record(error)
      }
    }
    let store = try FileStore(opening: directory.path)
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == (0..<30).map { "\($0)" })
    #expect(try directory.files().allSatisfy { !$0.contains(".zvlen") })
  }
}
