import Zarr

struct Point { var x = 0 }

@main enum Program {
  static func main() throws {
    let array = try ZarrArray.create(in: MemoryStore(), writing: [1])
    try array.write([Point()])
  }
}
