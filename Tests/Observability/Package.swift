// swift-tools-version: 6.3

import PackageDescription

// A package of its own, so that the tests of the libraries need neither the trait nor what it brings along.
let package = Package(
  name: "Observability",
  dependencies: [
    .package(name: "zarr-vlen", path: "../..", traits: ["Observability"]),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
  ],
  targets: [
    .testTarget(
      name: "ObservabilityTests",
      dependencies: [
        .product(name: "Zarr", package: "zarr-vlen"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "InMemoryLogging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
