// swift-tools-version: 6.3

import PackageDescription

// A package of its own, so that users of the libraries do not build the benchmarks.
let package = Package(
  name: "Micro",
  dependencies: [
    .package(name: "zarr-vlen", path: "../.."),
    // Without its interposers of allocation, which are packages of their own.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "Kernels",
      dependencies: [
        .product(name: "ChunkEngine", package: "zarr-vlen"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Kernels",
      swiftSettings: [.enableExperimentalFeature("Lifetimes")],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ],
  swiftLanguageModes: [.v6]
)
