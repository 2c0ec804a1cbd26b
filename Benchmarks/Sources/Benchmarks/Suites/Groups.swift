import GaugeFlow

/// As many matrices as stay in the second-level cache.
private let count = 128

/// An operation on the matrices of a group: one line for each group.
private protocol GroupOperation {
  static var name: String { get }
  /// Multiplications and additions for one matrix of N rows, where they are known.
  static func operations(_ n: Double) -> Double?
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator)
}

private enum Product: GroupOperation {
  static var name: String { "product" }
  /// N³ complex multiply-adds; quaternions take 28 operations.
  static func operations(_ n: Double) -> Double? { 8 * n * n * n - 2 * n * n }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) { for i in 0..<count { result[i] = a[i] * b[i] } }
}

private enum Exponential: GroupOperation {
  static var name: String { "exp" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) { for i in 0..<count { result[i] = G.exp(X[i]) } }
}

private enum Eigenphases: GroupOperation {
  /// For SU(N) the vectors are found as well.
  static var name: String { "eigenphases" }
  /// Five sweeps of N(N-1)/2 rotations of 3N pairs of entries.
  static func operations(_ n: Double) -> Double? { 5 * n * (n - 1) / 2 * (60 * n + 60) }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) {
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 8) { phases in
      for i in 0..<count { a[i].storeEigenphases(to: phases.baseAddress!) }
      keep(phases[0][0])
    }
  }
}

private enum Logarithm: GroupOperation {
  static var name: String { "log and exp" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) { for i in 0..<count { result[i] = G.exp(a[i].logarithm) } }
}

private enum Differential: GroupOperation {
  static var name: String { "differential of exp, and exp" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) {
    for i in 0..<count { result[i] = G.exp(G.expDifferential(X[i], X[count - 1 - i])) }
  }
}

private enum Projection: GroupOperation {
  static var name: String { "projection" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) {
    for i in 0..<count {
      var sum = G.zeroMatrix
      G.add(a[i], to: &sum)
      G.add(b[i], to: &sum)
      result[i] = G.projection(of: sum)
    }
  }
}

private enum Reunitarization: GroupOperation {
  static var name: String { "reunitarize" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) { for i in 0..<count { result[i] = a[i].reunitarized } }
}

private enum Haar: GroupOperation {
  static var name: String { "Haar" }
  static func operations(_ n: Double) -> Double? { nil }
  @inline(__always)
  static func run<G: SpectralGroup>(
    _ a: UnsafePointer<G>, _ b: UnsafePointer<G>, _ X: UnsafePointer<G.Algebra>,
    to result: UnsafeMutablePointer<G>, _ generator: inout LaneGenerator
  ) { for i in 0..<count { result[i] = G.haar(using: &generator) } }
}

/// One operation of one group: nanoseconds for each matrix.
private func line<G: SpectralGroup, Operation: GroupOperation>(
  _: G.Type, _: Operation.Type, target: Double? = nil
) -> Benchmark {
  let matrices = Double(count * laneCount)
  let operations: Double? =
    G.self == SU2.self && Operation.self == Product.self
    ? 28 : G.self == SU2.self ? nil : Operation.operations(Double(G.colors))
  return Benchmark(
    name: "\(Operation.name), \(G.name)", unit: .time("ns per matrix", scale: 1e9),
    items: matrices, work: operations.map { .double(operations: $0 * matrices) }, target: target
  ) {
    var generator = LaneGenerator(
      seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
    let a = Buffer<G>(count: count, repeating: .identity)
    let b = Buffer<G>(count: count, repeating: .identity)
    let result = Buffer<G>(count: count, repeating: .identity)
    let X = Buffer<G.Algebra>(count: count, repeating: .zero)
    for i in 0..<count {
      a[i] = .haar(using: &generator)
      b[i] = .haar(using: &generator)
      X[i] = .gaussian(using: &generator)
    }
    return {
      Operation.run(
        UnsafePointer(a.pointer), UnsafePointer(b.pointer), UnsafePointer(X.pointer),
        to: result.pointer, &generator)
      keep(result[0].realTrace[0])
    }
  }
}

private func lines<G: SpectralGroup>(_ group: G.Type, eigen: Double) -> [Benchmark] {
  [
    line(group, Product.self), line(group, Exponential.self),
    line(group, Eigenphases.self, target: eigen), line(group, Logarithm.self),
    line(group, Differential.self), line(group, Projection.self),
    line(group, Reunitarization.self), line(group, Haar.self),
  ]
}

let groups =
  lines(SU2.self, eigen: 20) + lines(SU3.self, eigen: 135) + lines(SU4.self, eigen: 370)
