// swift-tools-version: 6.3

// A package that uses zarr-vlen as yours would: it sees what is public and nothing else.

import PackageDescription

let zarr = Target.Dependency.product(name: "Zarr", package: "zarr-vlen")
let remote = Target.Dependency.product(name: "ZarrRemote", package: "zarr-vlen")
let engine = Target.Dependency.product(name: "ChunkEngine", package: "zarr-vlen")

/// What there is to build, as the scripts say in the environment.
let targets: [Target] =
  if let programs = Context.environment["DOCUMENTS"] {
    // The programs that `documents.py` makes of the code blocks of README and documentation.
    programs.split(separator: " ").map {
      // Examples leave values unused.
      .executableTarget(
        name: "\($0)", dependencies: [zarr, remote, engine], path: "Documents/\($0)",
        swiftSettings: [.unsafeFlags(["-suppress-warnings"])])
    }
  } else if let program = Context.environment["CLIENT"] {
    // A program that `test.py` expects not to compile.
    [.executableTarget(name: program, dependencies: [zarr], path: "Refused", sources: ["\(program).swift"])]
  } else {
    [.testTarget(name: "ClientTests", dependencies: [zarr])]
  }

let package = Package(
  name: "client",
  dependencies: [.package(name: "zarr-vlen", path: "../..")],
  targets: targets,
  swiftLanguageModes: [.v6]
)
