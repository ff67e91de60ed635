import CommandLineOptions
import Testing

@Suite("Byte counts as a person writes them")
struct ByteCountTests {
  @Test(
    "A number may have a unit",
    arguments: [
      ("1", 1), ("300", 300), ("64KiB", 65_536), ("64k", 65_536), ("1MiB", 1_048_576), ("1MB", 1_000_000),
      ("8GiB", 8_589_934_592), ("2gb", 2_000_000_000),
    ])
  func units(argument: String, value: Int) {
    #expect(ByteCount(argument: argument)?.value == value)
  }

  @Test(
    "What is not a count above zero is refused",
    arguments: ["", "0", "-1", "KiB", "1.5MiB", "1 MiB", "1TiB", "9223372036854775807KiB", "٣", "1\u{212A}"])
  func refused(argument: String) {
    #expect(ByteCount(argument: argument) == nil)
  }

  @Test("A count is written in the largest unit that divides it", arguments: ["1", "1000", "3KiB", "16MiB"])
  func description(argument: String) {
    #expect(ByteCount(argument: argument)?.description == argument)
  }
}
