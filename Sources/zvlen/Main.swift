import ArgumentParser

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Stores variable-length objects in Zarr arrays.")
}
