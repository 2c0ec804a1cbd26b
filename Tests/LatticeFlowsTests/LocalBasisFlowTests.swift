import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import Testing

@testable import LatticeFlows

/// Flows made of local fields, against the exact solution in two dimensions.
struct LocalBasisFlowTests {
  /// A false alarm in 4e-8 of tests, for each number.
  static let sigmas = 5.5
  /// What is left to the integrator.
  static let bias = 1e-3

  static func weights<Basis: VelocityBasis>(
    _ basis: Basis, beta: Double, particles: Int = 256, count: Int = 4096
  ) throws -> (weights: LogWeights, plaquette: Estimate) {
    var options = RegressionOptions()
    options.particles = particles
    options.intervals = 6
    let trainer = RegressionTrainer(
      basis: basis, path: AnnealingPath(to: beta), options: options, seed: 3, threads: 2)
    while !trainer.isComplete { _ = trainer.fitInterval() }
    let plaquettes = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    let logWeights = RegressionTransport(trainer.flow).logWeights(
      count: count, action: try WilsonAction<Basis.Group>(beta: beta), seed: 11, threads: 2
    ) { U, packet, _, _ in plaquettes.pointer[packet] = U.averagePlaquette }
    let history = (0..<count).map { plaquettes.pointer[$0 / laneCount][$0 % laneCount] }
    return (
      try LogWeights(logWeights), try reweightedMean(history, logWeights: logWeights)
    )
  }

  static func check<Group: LocalGroup>(_ group: Group.Type, beta: Double, ess: Double) throws {
    let lattice = try Lattice([4, 3])
    let basis = try LocalBasis<Group>(
      lattice: lattice, elements: LocalBasis<Group>.defaultElements(on: lattice, beta: beta))
    let (weights, plaquette) = try weights(basis, beta: beta)
    #expect(weights.effectiveSampleSize > ess, "\(Group.name)")
    let exact = try ExactSU(colors: Group.colors, volume: lattice.volume, beta: beta)
    let logZ = try weights.logPartitionFunction()
    #expect(
      abs(logZ.value - exact.logPartitionFunction) < sigmas * logZ.error + bias,
      "\(Group.name): expected log Z \(exact.logPartitionFunction), found \(logZ)")
    #expect(
      abs(plaquette.value - exact.averagePlaquette) < sigmas * plaquette.error + bias,
      "\(Group.name): expected \(exact.averagePlaquette), found \(plaquette)")
  }

  @Test("Flows of local fields have the exact log Z and plaquette in two dimensions")
  func exactness() throws {
    try Self.check(SU2.self, beta: 1.5, ess: 0.98)
    try Self.check(SU3.self, beta: 3, ess: 0.98)
    try Self.check(SU4.self, beta: 4, ess: 0.85)
  }

  @Test("A divergence that forgets a tenth keeps its effective sample size; log Z gives it away")
  func planted() throws {
    let lattice = try Lattice([4, 3]), beta = 1.2
    let basis = ForgetfulBasis(
      try LocalBasis<SU2>(lattice: lattice, elements: ["a", "xa", "xxa", "rectangle", "nextX"]))
    let (weights, _) = try Self.weights(basis, beta: beta)
    #expect(weights.effectiveSampleSize > 0.9)
    let exact = try ExactSU(colors: 2, volume: lattice.volume, beta: beta).logPartitionFunction
    let logZ = try weights.logPartitionFunction()
    #expect(abs(logZ.value - exact) > 10 * (logZ.error + Self.bias), "\(logZ), exact \(exact)")
  }
}
