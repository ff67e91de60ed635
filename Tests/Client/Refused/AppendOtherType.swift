import Zarr

struct Point { var x = 0 }

@main enum Program {
  static func main() throws {
    let appender = try Appender(to: ZarrArray.open(in: MemoryStore()))
    try appender.append(Point())
    try appender.append(contentsOf: [Point()])
  }
}
