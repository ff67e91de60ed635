import Zarr

struct Point { var x = 0 }

@main enum Program {
  static func main() throws {
    print(try ZarrArray.open(in: MemoryStore()).read(as: Point.self).count)
  }
}
