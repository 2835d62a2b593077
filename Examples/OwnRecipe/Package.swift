// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "own-recipe",
  dependencies: [
    // From elsewhere: .package(url: "…/martlet", from: "0.1.0").
    .package(name: "martlet", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "own", dependencies: [.product(name: "Martlet", package: "martlet")])
  ],
  swiftLanguageModes: [.v6]
)
