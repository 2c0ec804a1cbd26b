import EnsembleIO
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// The laws of a velocity basis: what must hold for a flow that is made of it to be exact.
///
/// An element with a wrong divergence leaves effective sample sizes as they are, and biases everything:
/// the first law is the one that finds it.
///
/// Complexity: two velocities for each link and generator, packets of eight.
///
/// - Parameters:
///   - basis: the elements, on a small lattice.
///   - point: where on a path.
public func velocityLaws<Basis: VelocityBasis>(
  of basis: Basis, at point: PathPoint, seed: UInt64
) -> [Law] {
  var generator = LaneGenerator(
    seed: seed, purpose: .verification, firstConfiguration: 0, step: 7)
  let coefficients = (0..<basis.count).map { _ in generator.uniform()[0] - 0.5 }
  let check = VelocityCheck(basis, point, coefficients)
  let U = randomField(of: Basis.Group.self, on: basis.lattice, seed: seed)
  let (divergence, difference) = check.divergences(at: U)
  let (columns, combined) = check.columns(at: U)
  let scale = 1 + abs(divergence).largest
  return [
    Law(
      "the divergence is that of differences over all links and generators",
      residual: abs(divergence - difference).largest / scale, tolerance: 1e-6,
      reason: "fourth-order differences with steps of 1e-3"),
    Law(
      "columns are divergence minus the derivative of the action",
      residual: abs(columns - combined).largest / (1 + abs(combined).largest), tolerance: 1e-6,
      reason: "the derivative of the action along the velocity by fourth-order differences"),
  ]
}

/// Evaluates a combination of velocity fields and moves links along it.
private struct VelocityCheck<Basis: VelocityBasis> {
  let basis: Basis
  let point: PathPoint
  let coefficients: [Double]
  let state: Basis.State
  let workspace: Basis.Workspace

  init(_ basis: Basis, _ point: PathPoint, _ coefficients: [Double]) {
    self.basis = basis
    self.point = point
    self.coefficients = coefficients
    state = basis.makeState()
    workspace = basis.makeWorkspace()
  }

  private func divergence(at U: LinkField<Basis.Group>) -> Lanes {
    basis.load(U, into: state)
    return coefficients.withUnsafeBufferPointer {
      basis.computeVelocity(
        of: state, at: point, coefficients: $0.baseAddress!, using: workspace)
    }
  }

  /// The links after a short time along the velocity.
  private func moved(_ U: LinkField<Basis.Group>, by time: Double) -> LinkField<Basis.Group> {
    _ = divergence(at: U)
    basis.move(state, memory: 0, step: time, weight: 1, using: workspace)
    var result = U
    basis.store(state, into: &result)
    return result
  }

  /// The velocity, from what a small step does to the links.
  private func velocity(at U: LinkField<Basis.Group>, link: Int, coordinate: Int) -> Lanes {
    let h = 1e-3
    func projection(_ time: Double) -> Lanes {
      let step = moved(U, by: time).links[link] * U.links[link].adjoint
      return Basis.Group.log(step, coordinate)
    }
    return (8 * (projection(h) - projection(-h)) - (projection(2 * h) - projection(-2 * h)))
      / (12 * h)
  }

  func divergences(at U: LinkField<Basis.Group>) -> (given: Lanes, differences: Lanes) {
    let h = 1e-3
    var sum = Lanes.zero
    for link in U.links.indices {
      for coordinate in 0..<Basis.Group.Algebra.dimension {
        var X = Basis.Group.Algebra.zero
        X[coordinate] = Lanes(repeating: 1)
        func velocity(_ shift: Double) -> Lanes {
          var other = U
          other.links[link] = Basis.Group.exp(Lanes(repeating: shift) * X) * U.links[link]
          return self.velocity(at: other, link: link, coordinate: coordinate)
        }
        sum +=
          (8 * (velocity(h) - velocity(-h)) - (velocity(2 * h) - velocity(-2 * h))) / (12 * h)
      }
    }
    return (divergence(at: U), sum)
  }

  func columns(at U: LinkField<Basis.Group>) -> (given: Lanes, differences: Lanes) {
    let h = 1e-3
    basis.load(U, into: state)
    let columns = Buffer<Lanes>(count: basis.count, repeating: .zero)
    _ = basis.columns(of: state, at: point, using: workspace, into: columns.pointer)
    let given = zip(coefficients, columns.elements).reduce(Lanes.zero) { $0 + $1.0 * $1.1 }
    func action(_ time: Double) -> Lanes {
      let other = moved(U, by: time)
      basis.load(other, into: state)
      return basis.values(of: state, at: point, using: workspace).action
    }
    let slope = (8 * (action(h) - action(-h)) - (action(2 * h) - action(-2 * h))) / (12 * h)
    return (given, divergence(at: U) - slope)
  }
}

extension GaugeGroup {
  /// A coordinate of the logarithm of an element near 1, to second order in its distance from 1, by the
  /// projection to the algebra.
  fileprivate static func log(_ step: Self, _ coordinate: Int) -> Lanes {
    // Re tr of -T_a U is -1/2 of the coordinate, or 1 for U(1), at first order.
    var X = Algebra.zero
    X[coordinate] = Lanes(repeating: 1e-6)
    let unit = exp(X).algebraProjection[coordinate] / 1e-6
    return step.algebraProjection[coordinate] / unit
  }
}

/// The laws of one fitted flow.
func regressionLaws(of model: RegressionModel, seed: UInt64, threads: Int) throws -> [Law] {
  struct Task: VelocityBasisTask {
    let model: RegressionModel
    let seed: UInt64
    let threads: Int
    func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) throws -> [Law]
    where Basis.Group: DetunedHeatbathGroup {
      let flow = try model.flow(as: basis)
      let source = try model.source(as: basis)
      return try velocityLawsOnSmallLattice(flow, seed: seed)
        + flowLaws(RegressionTransport(flow), seed: seed, threads: threads)
        + weightLaws(of: source, seed: seed, threads: threads)
    }
  }
  return try Catalog.withVelocityBasis(
    group: model.group, family: model.basis, on: Lattice(model.lattice),
    Task(model: model, seed: seed, threads: threads))
}

/// The laws of the elements of a flow, on the smallest lattice of its dimension that they fit.
private func velocityLawsOnSmallLattice<Basis: NamedVelocityBasis>(
  _ flow: RegressionFlow<Basis>, seed: UInt64
) throws -> [Law] {
  let dimension = flow.basis.lattice.dimension
  for extent in [3, 4, 5, 6, 8] {
    let lattice = try Lattice(Array(repeating: extent, count: dimension))
    guard let basis = try? Basis(lattice: lattice, elements: flow.basis.elementNames) else {
      continue
    }
    return velocityLaws(of: basis, at: flow.path.point(at: 0.5), seed: seed).of("on \(lattice)")
  }
  return velocityLaws(of: flow.basis, at: flow.path.point(at: 0.5), seed: seed)
}

/// Round trip and integration error.
private func flowLaws<Basis: VelocityBasis>(
  _ transport: RegressionTransport<Basis>, seed: UInt64, threads: Int
) -> [Law] {
  let start = randomField(of: Basis.Group.self, on: transport.lattice, seed: seed, step: 3)
  var U = start
  let logDet = transport.apply(to: &U)
  let back = (try? transport.applyInverse(to: &U)) ?? Lanes(repeating: .nan)
  let error = transport.integrationError(count: 64, seed: seed, threads: threads)
  return [
    Law(
      "the log-dets of the flow and of its inverse are opposite",
      residual: abs(logDet + back).largest, tolerance: 1e-2,
      reason: "ten times the error of log w that the integrator may make"),
    Law(
      "the inverse flow leads back", residual: distance(U, start), tolerance: 1e-2,
      reason: "the error of the integrator, forward and back"),
    Law(
      "halving the integrator's steps leaves log w", residual: error, tolerance: 1e-2,
      reason: "ten times the default tolerance of a fit"),
  ]
}

/// The normalisation of the weights, where the theory is solved.
func weightLaws(of source: any WeightedSource, seed: UInt64, threads: Int) throws -> [Law] {
  func exactLogZ(_ beta: Double) -> Double? {
    ExactReference(group: source.groupName, lattice: source.lattice, beta: beta)?
      .theory.logPartitionFunction
  }
  guard let end = exactLogZ(source.beta), let start = exactLogZ(source.startBeta) else { return [] }
  let count = source.lattice.volume <= 64 ? 4096 : 512
  let weights = try LogWeights(
    source.logWeights(count: count, seed: seed ^ 0x6c61_7773, threads: threads))
  let logZ = weights.logMeanWeight
  let spread = max(1 / weights.effectiveSampleSize - 1, 0)
  let error = (spread / Double(count)).squareRoot()
  return [
    Law(
      "weights suffice for log Z: 100 over the effective number of samples",
      residual: 100 / (Double(count) * weights.effectiveSampleSize), tolerance: 1,
      reason: "a mean of fewer is not normally distributed"),
    Law(
      "log Z of the weights agrees with the exact value, in standard errors",
      residual: abs(logZ - (end - start)) / (error + 1e-3),
      tolerance: statisticalTolerance,
      reason: statisticalReason + "; 1e-3 is left to the integrator"),
  ]
}
