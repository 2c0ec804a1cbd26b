// swift-tools-version: 6.1
import Foundation
import PackageDescription

// A package of its own, so that whoever uses the library builds no benchmarks. GAUGEFLOW_NATIVE=1
// tunes the kernels for the machine that builds them, as in the package above.
let native = ProcessInfo.processInfo.environment["GAUGEFLOW_NATIVE"] == "1"
let settings: [SwiftSetting] =
  native ? [.unsafeFlags(["-Xcc", "-march=native"]), .define("NATIVE")] : []

let package = Package(
  name: "Benchmarks",
  products: [.executable(name: "benchmarks", targets: ["benchmarks"])],
  dependencies: [.package(name: "GaugeFlow", path: "..")],
  targets: [
    .target(name: "AllocationCounter"),
    .executableTarget(
      name: "benchmarks",
      dependencies: ["AllocationCounter", .product(name: "GaugeFlow", package: "GaugeFlow")],
      path: "Sources/Benchmarks", swiftSettings: settings),
  ]
)
