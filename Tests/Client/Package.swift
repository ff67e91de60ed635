// swift-tools-version: 6.3

// A package that uses zarr-vlen as yours would: it sees what is public and nothing else.

import Foundation
import PackageDescription

/// The programs that `documents.py` makes of the code blocks of README and documentation.
let documents =
  (try? FileManager.default.contentsOfDirectory(atPath: "\(Context.packageDirectory)/Documents")) ?? []

let zarr = Target.Dependency.product(name: "Zarr", package: "zarr-vlen")

let package = Package(
  name: "client",
  dependencies: [.package(name: "zarr-vlen", path: "../..")],
  targets: documents.sorted().map {
    .executableTarget(name: $0, dependencies: [zarr], path: "Documents/\($0)")
  } + [.testTarget(name: "ClientTests", dependencies: [zarr])],
  swiftLanguageModes: [.v6]
)
