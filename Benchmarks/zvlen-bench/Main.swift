import ArgumentParser

/// The benchmark of zarr-vlen.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zvlen-bench",
    abstract: "Measures how fast variable-length blobs go into Zarr chunks and come back.",
    subcommands: [
      RunCommand.self, CompareCommand.self, GrowCommand.self, TuneCommand.self, KernelsCommand.self,
    ])
}
