import Foundation

/// Where the rivals are.
struct PeerEnvironment {
  /// The interpreter of the environment that they are installed in.
  let python: String
  /// The program that runs a rival.
  let driver: String

  /// The rivals, in the order of the tables.
  static let names = [
    "zarrs", "zarr-python fused", "zarr-python", "zarrs-python", "Parquet", "Arrow IPC", "Lance", "Vortex",
    "LMDB", "HDF5",
  ]

  /// Creates an environment from its parts.
  init(python: String, driver: String) {
    self.python = python
    self.driver = driver
  }

  /// Looks below the package that this program was built from.
  init() {
    // Benchmarks/zvlen-bench/Comparing/PeerEnvironment.swift
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    python = root.appendingPathComponent(".venv-peers/bin/python").path
    driver = root.appendingPathComponent("Benchmarks/Peers/driver.py").path
  }

  /// Whether the rivals were installed.
  var exists: Bool { FileManager.default.isExecutableFile(atPath: python) }
}
