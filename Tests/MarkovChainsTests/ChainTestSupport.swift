import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// Statistical tests pass while a mean over at least 64 independent chains (or samples) lies within
/// five and a half standard errors: a false alarm has probability below 7e-7 per number (Student's
/// distribution of 63 degrees of freedom), below 1e-4 for all numbers of these tests together. Seeds
/// are fixed.
let sigmas = 5.5

/// The mean of independent numbers and its standard error.
struct Sample {
  private(set) var count = 0.0
  private var sum = 0.0
  private var square = 0.0

  mutating func add(_ value: Double) {
    count += 1
    sum += value
    square += value * value
  }

  mutating func add(_ values: Lanes, lanes: Int = laneCount) {
    for lane in 0..<lanes { add(values[lane]) }
  }

  var mean: Double { sum / count }
  var error: Double {
    (max(square / count - mean * mean, 1e-24) / (count - 1)).squareRoot()
  }
  func pull(exact: Double) -> Double { (mean - exact) / error }
  func pull(against other: Sample) -> Double {
    (mean - other.mean) / (error * error + other.error * other.error).squareRoot()
  }
}

/// The Wilson action without any of its fast ways: what the generic code does with it is the
/// reference for them.
struct PlainWilsonAction: LinkLinearAction {
  typealias Group = U1
  let beta: Double
  func value(of U: LinkField<U1>) -> Lanes { -beta * U.plaquetteSum }
  func accumulateGradient(
    of U: LinkField<U1>, scaledBy factor: Double, into gradient: inout AlgebraField<U1>
  ) {
    for mu in 0..<U.lattice.dimension {
      for x in 0..<U.lattice.volume {
        let force = U1.algebraProjection(of: U[x, mu], times: U.staple(at: x, mu: mu))
        gradient[x, mu] = gradient[x, mu].adding(Lanes(repeating: factor * beta), force)
      }
    }
  }
  var stapleCoupling: Double { beta }
  var smallestExtent: Int { 2 }
  func addStaple(at x: Int, mu: Int, in U: LinkView<U1>, to sum: inout ComplexLanes) {
    U.addPlaquetteStaple(at: x, mu: mu, to: &sum)
  }
}

/// Independent links, each from the von Mises distribution of concentration 1.
struct IndependentLinks: Proposal {
  let lattice: Lattice
  /// `log I_0(1)`.
  private let logNormalization = 0.235914358507179
  func sample(into U: inout LinkField<U1>, seed: UInt64, firstConfiguration: Int) -> Lanes {
    var generator = LaneGenerator(
      seed: seed, purpose: .prior, firstConfiguration: firstConfiguration, step: 0)
    for link in U.links.indices {
      U.links[link] = U1(angle: generator.vonMises(concentration: Lanes(repeating: 1)))
    }
    return density(U)
  }
  func logDensity(of U: LinkField<U1>) throws(InversionFailure) -> Lanes { density(U) }
  private func density(_ U: LinkField<U1>) -> Lanes {
    U.links.reduce(Lanes.zero) { $0 + (cos($1.angle) - logNormalization) }
  }
}

/// A hot field, the same for the same seed.
func hotField(_ lattice: Lattice, seed: UInt64 = 1) -> LinkField<U1> {
  var generator = LaneGenerator(seed: seed, purpose: .start, firstConfiguration: 0, step: 0)
  return LinkField(hotStart: lattice, using: &generator)
}

/// Every algorithm for the U(1) Wilson action in two dimensions.
enum Algorithm: String, CaseIterable, CustomStringConvertible, Sendable {
  case leapfrog, minimumNorm2, minimumNorm4, heatbath, overrelaxedHeatbath, metropolis
  case multiHitMetropolis, windingHeatbath, independence

  var description: String { rawValue }

  func kernels(_ lattice: Lattice, _ beta: Double) throws -> KernelSequence<LinkField<U1>> {
    let action = try WilsonAction<U1>(beta: beta)
    func hmc(_ integrator: Integrator, _ steps: Int) throws -> KernelSequence<LinkField<U1>> {
      KernelSequence(
        try HybridMonteCarlo(
          action: action, integrator: integrator, trajectoryLength: 1.1, steps: steps))
    }
    switch self {
    case .leapfrog: return try hmc(.leapfrog, 4)
    case .minimumNorm2: return try hmc(.minimumNorm2, 3)
    case .minimumNorm4: return try hmc(.minimumNorm4, 2)
    case .heatbath: return KernelSequence(try Heatbath(action: action, on: lattice))
    case .overrelaxedHeatbath:
      return KernelSequence(try Heatbath(action: action, on: lattice))
        .followed(by: try Overrelaxation(action: action, on: lattice), repetitions: 2)
    case .metropolis:
      return KernelSequence(try LocalMetropolis(action: action, on: lattice, window: 1.5))
    case .multiHitMetropolis:
      return KernelSequence(try LocalMetropolis(action: action, on: lattice, window: 2, hits: 3))
    case .windingHeatbath:
      return KernelSequence(try Heatbath(action: action, on: lattice))
        .followed(by: try WindingUpdate(action: action, on: lattice))
    case .independence:
      return KernelSequence(
        try IndependenceMetropolis(
          proposal: IndependentLinks(lattice: lattice), action: action, on: lattice)
      ).followed(by: try Heatbath(action: action, on: lattice))
    }
  }
}

/// The means over each chain of several quantities, chain by chain, gathered into samples.
func chainMeans<Field: LatticeField>(
  _ kernels: KernelSequence<Field>, _ lattice: Lattice, plan: ChainPlan, chains: Int = 64,
  start: ChainStart = .hot, seed: UInt64, _ quantities: @Sendable (Field) -> [Lanes]
) throws -> [Sample] {
  var runner = try ChainRunner(
    kernels, lattice: lattice, chains: chains, start: start, seed: seed, threads: 2)
  var sums: [[Lanes]] = Array(repeating: [], count: (chains + 7) / 8)
  _ = try runner.run(plan, measure: { quantities($0.U) }) { sample, values in
    let packet = sample.firstChain / laneCount
    if sums[packet].isEmpty { sums[packet] = values.map { _ in .zero } }
    for (index, value) in values.enumerated() { sums[packet][index] += value }
    return true
  }
  return sums[0].indices.map { index in
    var result = Sample()
    for (packet, values) in sums.enumerated() {
      result.add(
        values[index] / Double(plan.count), lanes: min(laneCount, chains - packet * laneCount))
    }
    return result
  }
}
