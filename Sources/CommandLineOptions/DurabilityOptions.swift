import ArgumentParser
package import Zarr

/// What of the written data survives.
package struct DurabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What survives a killed process or a crash of the machine: none, atomic or durable (default: atomic).",
      discussion: """
        With none, a file may be left with a part of its bytes. With atomic, each file is wholly the old one \
        or the new one, also when the process is killed. With durable, what the command has done when it ends \
        is also on the disk and survives a crash of the machine, which takes longer.
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
