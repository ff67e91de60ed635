import Zarr

struct Point { var x = 0 }

@main enum Program {
  static func main() throws {
    try ZarrArray.create(in: MemoryStore(), writing: [Point()])
    _ = try Appender.create(of: Point.self, in: MemoryStore())
  }
}
