// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Targets stand in the order data passes; each may import only those above it (TidyTests checks).
var targets: [Target] = [
  .target(
    name: "CKernels", cSettings: [.unsafeFlags(["-O3"])],
    linkerSettings: [.linkedLibrary("pthread")]),
  .systemLibrary(name: "COpenBLAS"),
  .systemLibrary(name: "CZeroMQ"),
  .systemLibrary(name: "CSodium"),
  .systemLibrary(name: "CXXHash"),
  .systemLibrary(name: "CZlib"),
  .systemLibrary(name: "CMalloc"),
  .target(
    name: "CImages", cSettings: [.unsafeFlags(["-O2"])],
    linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png16")]),
  .target(name: "CMessages", linkerSettings: [.linkedLibrary("protobuf-c")]),
  .target(name: "Tensors", dependencies: ["CKernels", "COpenBLAS"]),
  .target(name: "Collectives", dependencies: ["Tensors"]),
  .target(
    name: "Data",
    dependencies: ["CKernels", "Tensors", "CImages", "CSodium", "CXXHash", "CZlib"]),
  .target(name: "Worlds", dependencies: ["Data"]),
  .target(name: "Layers", dependencies: ["Collectives", "Data"]),
  .target(name: "Losses", dependencies: ["Collectives"]),
  .target(name: "Training", dependencies: ["Layers", "Losses", "Data", "Worlds", "CXXHash"]),
  .target(
    name: "Recipes", dependencies: ["Training"],
    exclude: [
      "CLIP/README.md", "CoNe/README.md", "DTC/README.md", "FakeNews/README.md",
      "HeatedEmbedding/README.md", "Segment/README.md", "TDM/README.md",
    ]),
  .target(name: "Messages", dependencies: ["CMessages"]),
  .target(name: "Coordination", dependencies: ["Messages"]),
  .target(name: "Simulation", dependencies: ["Collectives", "Data", "Coordination"]),
  .target(name: "Transport", dependencies: ["Collectives", "Messages", "CZeroMQ", "CSodium"]),
  .target(
    name: "Cluster",
    dependencies: [
      "Coordination", "Transport", "Training", "Worlds", "CXXHash",
      .product(name: "GRDB", package: "GRDB.swift"),
    ]),
  .target(
    name: "Commands",
    dependencies: [
      "CMalloc", "Cluster", "Recipes", "Simulation", "Yams",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  .executableTarget(name: "martlet", dependencies: ["Commands"]),
  .target(name: "TestSupport", dependencies: ["Collectives"], path: "Tests/Support"),
  .target(name: "FuzzEntries", dependencies: ["Commands"], path: "Tests/Fuzz/Entries"),
]

for module in [
  "Tensors", "Collectives", "Data", "Worlds", "Layers", "Losses", "Training", "Recipes", "Messages",
  "Coordination", "Simulation", "Transport", "Commands",
] {
  targets.append(
    .testTarget(name: "\(module)Tests", dependencies: [.byName(name: module), "TestSupport"]))
}
targets.append(
  .testTarget(name: "ClusterTests", dependencies: ["Cluster", "Recipes", "TestSupport"]))
targets.append(.testTarget(name: "TidyTests"))
targets.append(
  .testTarget(name: "FuzzTests", dependencies: ["FuzzEntries", "TestSupport"]))
// Runs the built program itself, and so needs none of its modules; of its store it reads the tables.
targets.append(
  .testTarget(
    name: "ProcessTests",
    dependencies: ["TestSupport", .product(name: "GRDB", package: "GRDB.swift")]))

// `make fuzz` names libFuzzer here; no other build knows of the fuzzer.
if let libFuzzer = ProcessInfo.processInfo.environment["MARTLET_FUZZ"] {
  targets.append(
    .executableTarget(
      name: "fuzzer", dependencies: ["FuzzEntries"], path: "Tests/Fuzz/Fuzzer",
      linkerSettings: [.unsafeFlags([libFuzzer]), .linkedLibrary("stdc++")]))
}

let products: [Product] = [
  .executable(name: "martlet", targets: ["martlet"]),
  .library(
    name: "Martlet",
    targets: [
      "Commands", "Recipes", "Training", "Worlds", "Losses", "Layers", "Data", "Collectives",
      "Tensors",
    ]),
]

let package = Package(
  name: "martlet",
  products: products,
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
