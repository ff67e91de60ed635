import ArgumentParser
package import Zarr

/// The durability of written data.
package struct DurabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What survives a killed process or a crash of the machine: none, atomic or durable (default: atomic).",
      discussion: """
        With none, a kill can leave a part of a file. With atomic, each file is wholly the old one or the new \
        one, even after a kill. With durable, all files are also on the disk when the command ends, and survive \
        a crash of the machine; this takes longer.
        """, valueName: "level"),
    transform: Self.parse)
  package var durability = Durability.atomic

  package init() {}

  private static func parse(_ argument: String) throws -> Durability {
    guard let durability = Durability(rawValue: argument) else {
      throw ValidationError("--durability takes none, atomic or durable, not \(argument)")
    }
    return durability
  }
}
