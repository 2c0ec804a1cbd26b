// swift-tools-version: 6.1
import Foundation
import PackageDescription

// GAUGEFLOW_NATIVE=1 tunes the kernels for the machine that builds them (the Makefile sets it).
// Without it the package is portable and can be used as a versioned dependency: unsafe flags would
// forbid that, so they are never on by default.
let native = ProcessInfo.processInfo.environment["GAUGEFLOW_NATIVE"] == "1"
let machine: [SwiftSetting] = native ? [.unsafeFlags(["-Xcc", "-march=native"])] : []
// GAUGEFLOW_STRICT=1 turns warnings into errors (continuous integration sets it).
let strict = ProcessInfo.processInfo.environment["GAUGEFLOW_STRICT"] == "1"
let settings: [SwiftSetting] =
  machine + (strict ? [.unsafeFlags(["-warnings-as-errors"])] : [])

/// A library target of this package: its code under `Sources/`, its laws under `Tests/`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil)
  -> Target
{
  .testTarget(
    name: name + "Tests", dependencies: dependencies, resources: resources,
    swiftSettings: settings)
}

let package = Package(
  name: "GaugeFlow",
  products: [
    .library(name: "GaugeFlow", targets: ["GaugeFlow"]),
    .executable(name: "gaugeflow", targets: ["gaugeflow"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .systemLibrary(name: "CFFTW", pkgConfig: "fftw3", providers: [.apt(["libfftw3-dev"])]),
    .target(name: "CLanes"),
    module("LaneMath", ["CLanes"]),
    module("LatticeStatistics", ["LaneMath"]),
    module("LatticeFields", ["LaneMath"]),
    module("LatticeFourier", ["CFFTW", "LatticeFields"]),
    module("LatticeActions", ["LatticeFields", "LatticeFourier"]),
    module("ExactResults", ["LatticeFields", "LatticeActions"]),
    module("LatticeFlows", ["LatticeFourier", "LatticeActions", "LatticeStatistics"]),
    module("MarkovChains", ["LatticeFlows", "LatticeActions", "LatticeStatistics"]),
    module("LatticeObservables", ["LatticeFields", "LatticeFourier"]),
    module(
      "EnsembleIO",
      ["LatticeFields", "LatticeFlows", .product(name: "TOMLKit", package: "TOMLKit")]),
    module(
      "GaugeFlow",
      [
        "LaneMath", "LatticeStatistics", "LatticeFields", "LatticeFourier", "LatticeActions",
        "ExactResults", "LatticeFlows", "MarkovChains", "LatticeObservables", "EnsembleIO",
      ]),
    .executableTarget(
      name: "gaugeflow",
      dependencies: [
        "GaugeFlow", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/GaugeFlowCLI", swiftSettings: settings),
    .executableTarget(
      name: "library-use", dependencies: ["GaugeFlow"], path: "Examples/LibraryUse",
      swiftSettings: settings),
    tests("LaneMath", ["LaneMath"]),
    tests("LatticeStatistics", ["LatticeStatistics"]),
    tests("LatticeFields", ["LatticeFields"]),
    tests("LatticeFourier", ["LatticeFourier"]),
    tests("LatticeActions", ["LatticeActions", "LatticeStatistics"]),
    tests("ExactResults", ["ExactResults", "LatticeStatistics"]),
    tests("LatticeFlows", ["LatticeFlows", "ExactResults"]),
    tests("MarkovChains", ["MarkovChains", "ExactResults"]),
    tests("LatticeObservables", ["LatticeObservables", "ExactResults", "LatticeStatistics"]),
    tests("EnsembleIO", ["EnsembleIO"]),
    tests("GaugeFlow", ["GaugeFlow", "gaugeflow"]),
  ]
)
