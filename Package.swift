// swift-tools-version: 6.3

import PackageDescription

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "zarr-vlen",
  products: [
    .library(name: "ChunkEngine", targets: ["ChunkEngine"]),
    .library(name: "Zarr", targets: ["Zarr"]),
    .library(name: "ZarrRemote", targets: ["ZarrRemote"]),
    // The C interface, which the Python package has beside its extension.
    .library(name: "zarr_vlen", type: .dynamic, targets: ["ZarrC"]),
    .executable(name: "zvlen", targets: ["zvlen"]),
    // For tests: loaded before all other libraries of the tool, to end it or let it fail at a call to the system.
    .library(name: "SystemFaults", type: .dynamic, targets: ["CSystemFaults"]),
  ],
  traits: [
    .trait(name: "Observability", description: "Arrays can write to swift-log and count in swift-metrics.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // Fetched and built only with the trait.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    // C libraries
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(
      name: "CDeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
    .systemLibrary(
      name: "CBlosc", pkgConfig: "blosc", providers: [.apt(["libblosc-dev"]), .brew(["c-blosc"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"]), .brew(["bzip2"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"]), .brew(["xz"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(
      name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"]), .brew(["expat"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),
    .target(name: "CKernels"),
    .target(name: "CSystemCalls"),
    .target(name: "ZarrPlatform"),

    // Libraries
    .target(
      name: "ChunkEngine",
      dependencies: ["CZstd", "CLZ4", "CDeflate", "CBlosc", "CBzip2", "CLZMA", "CKernels", "ZarrPlatform"]),
    .target(
      name: "Zarr",
      dependencies: [
        "ChunkEngine", "CSystemCalls", "ZarrPlatform",
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Observability"])),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Observability"])),
      ]),
    .target(
      name: "ZarrRemote",
      dependencies: [
        "Zarr", "ChunkEngine", "CKernels", "ZarrPlatform", "CCurl", "CDeflate", "CExpat", "CCrypto",
      ]),

    // The tool, and what other languages call
    .target(name: "CommandLineOptions", dependencies: ["Zarr", "ChunkEngine", argumentParser]),
    .target(
      name: "ZvlenCommands",
      dependencies: [
        "Zarr", "ZarrRemote", "ChunkEngine", "CKernels", "CLZ4", "CPCRE2", "CSystemCalls",
        "ZarrPlatform", "CommandLineOptions", argumentParser,
      ]),
    .systemLibrary(name: "CZarrVlen", path: "Sources/ZarrC/include"),
    .target(
      name: "ZarrC",
      dependencies: ["CZarrVlen", "ChunkEngine", "Zarr", "ZarrPlatform", "ZarrRemote", "ZvlenCommands"],
      exclude: ["include", "exports.map"]),

    // Executables
    .executableTarget(name: "zvlen", dependencies: ["ZvlenCommands"]),
    .target(name: "CFloor", dependencies: ["CZstd", "CLZ4"], path: "Benchmarks/CFloor"),
    .executableTarget(
      name: "zvlen-bench",
      dependencies: ["Zarr", "ChunkEngine", "CommandLineOptions", "CFloor", "CDeflate", argumentParser],
      path: "Benchmarks/zvlen-bench"),
    .executableTarget(
      name: "remote-bench", dependencies: ["Zarr", "ZarrRemote", "ChunkEngine", "ZarrPlatform"],
      path: "Benchmarks/Remote/remote-bench"),

    // Tests
    .target(
      name: "TestSupport", dependencies: ["ChunkEngine", "Zarr", "ZarrPlatform"], path: "Tests/TestSupport"),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .testTarget(
      name: "ChunkEngineTests",
      dependencies: ["ChunkEngine", "CKernels", "CAllocationCounter", "TestSupport"]),
    .target(name: "CSystemFaults", path: "Tests/CSystemFaults"),
    .target(
      name: "ClusterSimulation", dependencies: ["ChunkEngine", "Zarr"], path: "Tests/ClusterSimulation"),
    .executableTarget(
      name: "simulate-clusters", dependencies: ["ClusterSimulation"], path: "Tests/SimulateClusters"),
    .testTarget(
      name: "ZarrTests",
      dependencies: ["Zarr", "CSystemCalls", "CSystemFaults", "TestSupport", "ClusterSimulation"]),
    .testTarget(
      name: "ZarrRemoteTests",
      dependencies: ["ZarrRemote", "Zarr", "ChunkEngine", "ZarrPlatform", "TestSupport"]),
    .testTarget(name: "CommandLineOptionsTests", dependencies: ["CommandLineOptions", "ChunkEngine"]),
    .testTarget(
      name: "ZvlenTests",
      dependencies: [
        "zvlen", "ZvlenCommands", "ChunkEngine", "Zarr", "ZarrRemote", "ZarrPlatform", "CSystemFaults",
        "RemoteWriter", "TestSupport", argumentParser,
      ]),
    .target(name: "ExampleExtension", dependencies: ["ChunkEngine", "Zarr"], path: "Tests/ExampleExtension"),
    .testTarget(
      name: "ExampleExtensionTests", dependencies: ["ExampleExtension", "ChunkEngine", "Zarr", "TestSupport"]),
    .executableTarget(name: "CrashWriter", dependencies: ["ChunkEngine", "Zarr"], path: "Tests/CrashWriter"),
    .executableTarget(
      name: "RemoteWriter", dependencies: ["ChunkEngine", "Zarr", "ZarrRemote", "ZarrPlatform"],
      path: "Tests/RemoteWriter"),
    .executableTarget(name: "ForkWriter", dependencies: ["ChunkEngine", "Zarr"], path: "Tests/ForkWriter"),
    .testTarget(name: "CrashTests", dependencies: ["CrashWriter", "ForkWriter", "ChunkEngine", "Zarr"]),
    .testTarget(name: "ZvlenBenchTests", dependencies: ["zvlen-bench"]),
    .target(
      name: "FuzzTargets", dependencies: ["ChunkEngine", "Zarr", "ZarrRemote"],
      path: "Tests/Fuzz/FuzzTargets"),
    .testTarget(
      name: "FuzzTargetsTests", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/FuzzTargetsTests"),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  var settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    // Needed to return spans. The Swift project promises two releases of notice before this name changes.
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
  if target.type != .test
    && !["TestSupport", "ExampleExtension", "FuzzTargets", "ClusterSimulation"].contains(target.name)
  {
    settings.append(.strictMemorySafety())
  }
  target.swiftSettings = settings
}

// With this variable in the environment, as Tests/Fuzz/run.sh has it, the libraries are built to be fuzzed.
if Context.environment["ZARR_VLEN_FUZZ"] != nil {
  let instrumented = [
    "CKernels", "CSystemCalls", "ZarrPlatform", "ChunkEngine", "Zarr", "ZarrRemote", "FuzzTargets",
  ]
  for target in package.targets where instrumented.contains(target.name) {
    target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer,address"]))
    target.cSettings = [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])]
  }
  package.targets += [
    .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets", "CLibFuzzer"], path: "Tests/Fuzz/fuzz",
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ]
}

// With this variable, as `make test` has it, what the tests spend their time in is optimized, although they are built to be
// debugged. That takes a third more to build, and the tests take a third less.
if Context.environment["ZARR_VLEN_OPTIMIZED"] != nil {
  let optimized = [
    "CKernels", "CSystemCalls", "ZarrPlatform", "ChunkEngine", "Zarr", "ZarrRemote", "CommandLineOptions",
    "ZvlenCommands", "ClusterSimulation",
  ]
  for target in package.targets where optimized.contains(target.name) {
    target.swiftSettings?.append(.unsafeFlags(["-O"]))
    target.cSettings = [.unsafeFlags(["-O2"])]
  }
}
