// swift-tools-version: 6.3

// A package that uses zarr-vlen as yours would: it sees what is public and nothing else.

import Foundation
import PackageDescription

let zarr = Target.Dependency.product(name: "Zarr", package: "zarr-vlen")
let engine = Target.Dependency.product(name: "ChunkEngine", package: "zarr-vlen")

/// What there is to build, as the scripts say in the environment.
let targets: [Target] =
  switch Context.environment["CLIENT"] {
  case nil: [.testTarget(name: "ClientTests", dependencies: [zarr])]
  case "documents"?:
    // The programs that `documents.py` makes of the code blocks of README and documentation.
    try FileManager.default.contentsOfDirectory(atPath: "\(Context.packageDirectory)/Documents").sorted().map
    {
      .executableTarget(name: $0, dependencies: [zarr, engine], path: "Documents/\($0)")
    }
  case let program?:
    // A program that `test.py` expects not to compile.
    [.executableTarget(name: program, dependencies: [zarr], path: "Refused", sources: ["\(program).swift"])]
  }

let package = Package(
  name: "client",
  dependencies: [.package(name: "zarr-vlen", path: "../..")],
  targets: targets,
  swiftLanguageModes: [.v6]
)
