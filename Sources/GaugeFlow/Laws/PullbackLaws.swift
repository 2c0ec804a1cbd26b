import LaneMath
import LatticeFields
import LatticeFlows

/// The laws of the pullback of a bijection: against differences along random directions, and its
/// determinant against the log-det.
///
/// The second is a check of the Jacobian that sees no differences: row `i` of the Jacobian is the
/// pullback of coordinate `i` of the links.
///
/// Complexity: `n` pullbacks for links of `n` coordinates and O(n³); the determinant is left out above
/// 260 coordinates.
///
/// - Parameters:
///   - map: the map.
///   - lattice: a lattice that it accepts.
///   - seed: fixes fields and directions.
public func pullbackLaws<Map: DifferentiableBijection>(
  of map: Map, on lattice: Lattice, seed: UInt64 = 1, tolerances: BijectionTolerances = .double
) -> [Law] where Map.Group: SpectralGroup {
  typealias Group = Map.Group
  let dimension = Group.Algebra.dimension
  let U = randomField(of: Group.self, on: lattice, seed: seed)
  var image = U
  let (logDet, pullback) = map.applyWithPullback(to: &image)
  var plain = U
  let plainLogDet = map.apply(to: &plain)

  // F = Σ c_i log(U'_i U'_i(0)†) + b log|det J|
  var generator = LaneGenerator(seed: seed, purpose: .momenta, firstConfiguration: 0, step: 0)
  let b = generator.normal()
  var covector = AlgebraField<Group>(zero: lattice)
  covector.sampleGaussian(using: &generator)
  var gradient = covector
  pullback(&gradient, b)
  var worst = 0.0
  for number in 0..<6 {
    // Few links at a time, so that few kinks are near.
    var direction = AlgebraField<Group>(zero: lattice)
    for k in 0..<3 {
      for coordinate in 0..<dimension {
        direction.elements[(17 * number + 7 * k) % lattice.linkCount][coordinate] =
          generator.normal()
      }
    }
    let expected = gradient.dot(direction)
    let scale = LaneMath.sqrt(gradient.dot(gradient)) + 1
    var best = Lanes(repeating: .infinity)
    for step in tolerances.steps {
      let found = fourthOrderDifference(step: step) { amount in
        var moved = U
        for link in moved.links.indices {
          moved.links[link] = Group.exp(amount * direction.elements[link]) * U.links[link]
        }
        let logDet = map.apply(to: &moved)
        var value = b * logDet
        for link in moved.links.indices {
          let change = (moved.links[link] * image.links[link].adjoint).logarithm
          value += covector.elements[link].dot(change)
        }
        return value
      }
      let residual = abs(found - expected) / scale
      best = select(best .<= residual, best, residual)
    }
    worst = worse(worst, tolerances.residual(best))
  }

  let laws = [
    Law(
      "apply with and without pullback agree",
      residual: worse(distance(image, plain), abs(logDet - plainLogDet).largest), tolerance: 1e-12,
      reason: "the same operations"),
    Law(
      "pullback against fourth-order differences", residual: worst,
      tolerance: tolerances.pullback, reason: tolerances.reason + ", relative"),
  ]
  guard lattice.linkCount * dimension <= 260 else { return laws }
  return laws + [
    Law(
      "log-det against the determinant of the pullback",
      residual: abs(determinant(of: pullback, on: lattice) - logDet).largest, tolerance: 1e-3,
      reason: "rounding of derivatives of a network in single precision, a sum over links")
  ]
}

/// `log|det J|` from one pullback for each coordinate of each link.
private func determinant<Group: GaugeGroup>(
  of pullback: (inout AlgebraField<Group>, Lanes) -> Void, on lattice: Lattice
) -> Lanes {
  let dimension = Group.Algebra.dimension, n = lattice.linkCount * dimension
  var values = Array(repeating: Array(repeating: 0.0, count: n * n), count: laneCount)
  var gradient = AlgebraField<Group>(zero: lattice)
  for row in 0..<n {
    gradient.reset()
    gradient.elements[row / dimension][row % dimension] = Lanes(repeating: 1)
    pullback(&gradient, .zero)
    for column in 0..<n {
      let derivative = gradient.elements[column / dimension][column % dimension]
      for lane in 0..<laneCount { values[lane][row * n + column] = derivative[lane] }
    }
  }
  var result = Lanes.zero
  for lane in 0..<laneCount {
    result[lane] = logAbsoluteDeterminant(&values[lane], order: n)
  }
  return result
}
