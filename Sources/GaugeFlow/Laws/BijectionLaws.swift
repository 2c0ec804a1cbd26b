import LaneMath
import LatticeFields
import LatticeFlows

/// How accurately the laws of a bijection are to hold.
public struct BijectionTolerances: Sendable {
  /// The largest distance between a field and what is left of it after the map and its inverse.
  public var roundTrip: Double
  /// The largest difference between `log|det|` and that of the dense Jacobian.
  public var jacobian: Double
  /// The steps of the differences; for each configuration the best of them counts, since kinks of
  /// splines and of networks spoil the long ones, and rounding the short ones. With none, the laws
  /// that take differences are left out.
  public var steps: [Double]
  /// The largest relative error of a pullback.
  public var pullback: Double
  /// How many of eight configurations are to obey the laws that take differences. The others may
  /// lie so near a kink that no step is short enough; a wrong formula is wrong in all of them.
  public var configurations: Int
  /// Where the tolerances come from.
  public var reason: String

  /// Tolerances from their parts.
  public init(
    roundTrip: Double, jacobian: Double, steps: [Double], pullback: Double, configurations: Int,
    reason: String
  ) {
    precondition((1...laneCount).contains(configurations), "\(configurations) of 8 configurations")
    self.roundTrip = roundTrip
    self.jacobian = jacobian
    self.steps = steps
    self.pullback = pullback
    self.configurations = configurations
    self.reason = reason
  }

  /// For maps in double precision throughout, once differentiable: a knot of a spline inside the
  /// shortest step leaves an error of that step times the jump of the second derivative.
  public static let double = BijectionTolerances(
    roundTrip: 1e-8, jacobian: 2e-5, steps: [1e-3, 1e-4, 1e-5, 1e-6], pullback: 1e-4,
    configurations: 8,
    reason: "double precision; knots of splines inside the shortest step")

  /// For maps whose parameters come from a network in single precision: a rounding of 6e-8 in the
  /// parameters becomes 6e-8 over the step in a derivative by differences, and a network of many
  /// units has many kinks; half of the configurations must agree.
  public static let singlePrecisionNetwork = BijectionTolerances(
    roundTrip: 1e-5, jacobian: 0.03, steps: [3e-2, 1e-2, 3e-3, 1e-3], pullback: 0.01,
    configurations: 4,
    reason: "rounding of a network in single precision, over the step of the differences")
}

/// The laws of a bijection of gauge fields: the inverse, the Jacobian, gauge covariance, lanes.
///
/// Complexity: `24 n` evaluations for a map that moves links of `n` coordinates, and O(n³): 0.5 s for a
/// flow of U(1) at 8x8.
///
/// - Parameters:
///   - map: the map.
///   - lattice: a lattice that it accepts; small, since the Jacobian is dense.
///   - seed: fixes the fields, which are Haar-distributed.
public func bijectionLaws<Map: Bijection>(
  of map: Map, on lattice: Lattice, seed: UInt64 = 1,
  tolerances: BijectionTolerances = .double
) -> [Law] where Map.Group: SpectralGroup {
  let U = randomField(of: Map.Group.self, on: lattice, seed: seed)
  var image = U
  let logDet = map.apply(to: &image)
  return inverseLaws(of: map, at: U, image: image, logDet: logDet, tolerances: tolerances)
    + (tolerances.steps.isEmpty
      ? [] : [jacobianLaw(of: map, at: U, logDet: logDet, tolerances: tolerances)])
    + [
      covarianceLaw(
        of: map, at: U, image: image, logDet: logDet, seed: seed, tolerances: tolerances),
      laneLaw(of: map, at: U, image: image, logDet: logDet),
    ]
}

extension BijectionTolerances {
  /// The largest residual of the best `configurations` lanes; not a number where one of all is none.
  func residual(_ residuals: Lanes) -> Double {
    if residuals.largest.isNaN { return .nan }
    return (0..<laneCount).map { residuals[$0] }.sorted()[configurations - 1]
  }
}

private func inverseLaws<Map: Bijection>(
  of map: Map, at U: LinkField<Map.Group>, image: LinkField<Map.Group>, logDet: Lanes,
  tolerances: BijectionTolerances
) -> [Law] {
  var back = image, there = U
  var afterForward = Double.nan, afterInverse = Double.nan, opposite = Double.nan
  if let inverseLogDet = try? map.applyInverse(to: &back) {
    afterForward = distance(back, U)
    opposite = abs(inverseLogDet + logDet).largest
  }
  if let inverseLogDet = try? map.applyInverse(to: &there) {
    let forwardLogDet = map.apply(to: &there)
    afterInverse = distance(there, U)
    opposite = worse(opposite, abs(inverseLogDet + forwardLogDet).largest)
  }
  return [
    Law(
      "inverse after forward is the identity", residual: afterForward,
      tolerance: tolerances.roundTrip, reason: tolerances.reason),
    Law(
      "forward after inverse is the identity", residual: afterInverse,
      tolerance: tolerances.roundTrip, reason: tolerances.reason),
    Law(
      "log-dets of map and inverse are opposite", residual: opposite,
      tolerance: 10 * tolerances.roundTrip,
      reason: tolerances.reason + "; a sum over links"),
  ]
}

private func jacobianLaw<Map: Bijection>(
  of map: Map, at U: LinkField<Map.Group>, logDet: Lanes, tolerances: BijectionTolerances
) -> Law where Map.Group: SpectralGroup {
  var best = Lanes(repeating: .infinity)
  for step in tolerances.steps {
    let dense = DenseJacobian(of: map, at: U, step: step).logAbsoluteDeterminant
    let residual = abs(dense - logDet)
    best = select(best .<= residual, best, residual)
  }
  return Law(
    "log-det against a dense Jacobian by sixth-order differences",
    residual: tolerances.residual(best),
    tolerance: tolerances.jacobian, reason: tolerances.reason)
}

private func covarianceLaw<Map: Bijection>(
  of map: Map, at U: LinkField<Map.Group>, image: LinkField<Map.Group>, logDet: Lanes,
  seed: UInt64, tolerances: BijectionTolerances
) -> Law {
  let g = randomGaugeTransformation(of: Map.Group.self, on: U.lattice, seed: seed)
  var first = U, second = image
  first.transform(by: g)
  second.transform(by: g)
  let transformedLogDet = map.apply(to: &first)
  return Law(
    "gauge covariant: f(gU) = g f(U), with the same log-det",
    residual: worse(distance(first, second), 0.1 * abs(transformedLogDet - logDet).largest),
    tolerance: tolerances.roundTrip, reason: tolerances.reason)
}

/// Lanes turned by three places come out turned, bit by bit.
private func laneLaw<Map: Bijection>(
  of map: Map, at U: LinkField<Map.Group>, image: LinkField<Map.Group>, logDet: Lanes
) -> Law {
  var permuted = U
  for link in U.links.indices { permuted.links[link] = turned(U.links[link]) }
  var residual = difference(map.apply(to: &permuted), turned(logDet))
  for link in U.links.indices {
    residual = worse(residual, difference(permuted.links[link], turned(image.links[link])))
  }
  // The inverse, too, does not look at other lanes.
  var back = image, permutedBack = permuted
  if let one = try? map.applyInverse(to: &back),
    let other = try? map.applyInverse(to: &permutedBack)
  {
    residual = worse(residual, difference(other, turned(one)))
    for link in U.links.indices {
      residual = worse(residual, difference(permutedBack.links[link], turned(back.links[link])))
    }
  }
  return Law(
    "permuted lanes give permuted results", residual: residual, tolerance: 0,
    reason: "no operation crosses lanes: equal bits")
}
