import Foundation

/// The normal variates of the reference file: a 64-bit linear congruential generator, the top 32
/// bits of its successive states as uniform numbers, and the cosine half of Box and Muller.
func referenceNormals(seed: UInt64, count: Int) -> [Double] {
  var state = seed
  func uniform() -> Double {
    state = 6_364_136_223_846_793_005 &* state &+ 1_442_695_040_888_963_407
    return (Double(state >> 32) + 0.5) / 4_294_967_296
  }
  return (0..<count).map { _ in
    let radius = (-2 * log(uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }
}

/// The autoregressive series of the reference file, tau_int = (1 + rho) / (2 (1 - rho)).
func referenceSeries(rho: Double, seed: UInt64, count: Int) -> [Double] {
  autoregressive(referenceNormals(seed: seed, count: count), rho: rho)
}

/// x_0 = g_0, x_k = rho x_{k-1} + sqrt(1 - rho^2) g_k: stationary with unit variance.
func autoregressive(_ normals: [Double], rho: Double) -> [Double] {
  let kick = (1 - rho * rho).squareRoot()
  var series = normals
  for k in series.indices.dropFirst() { series[k] = rho * series[k - 1] + kick * normals[k] }
  return series
}

/// A seeded generator for statistical tests.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) / 9_007_199_254_740_992 }

  mutating func normals(_ count: Int) -> [Double] {
    (0..<count).map { _ in
      let radius = (-2 * log(uniform())).squareRoot()
      return radius * cos(2 * Double.pi * uniform())
    }
  }
}

/// Whether two numbers agree to a relative tolerance.
func agree(_ a: Double, _ b: Double, to tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * max(abs(a), abs(b))
}

/// exp, for test files that do not import a C library.
func exponential(_ x: Double) -> Double { exp(x) }
