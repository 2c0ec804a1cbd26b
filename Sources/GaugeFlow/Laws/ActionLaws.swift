import LaneMath
import LatticeActions
import LatticeFields

/// The laws of an action: gauge and translation invariance, and its gradient.
///
/// Complexity: some tens of evaluations of the action. The lattice should be small.
///
/// - Parameters:
///   - lattice: any lattice that the action is defined on.
///   - seed: fixes the fields.
public func actionLaws<G: GaugeGroup>(
  of action: some GaugeAction<G>, on lattice: Lattice, seed: UInt64 = 1
) -> [Law] {
  let U = randomField(of: G.self, on: lattice, seed: seed)
  let value = action.value(of: U)
  // An action is a sum of as many terms as there are plaquettes, at least.
  let scale = 1 + abs(value).largest + Double(lattice.plaquetteCount).squareRoot()

  var transformed = U
  transformed.transform(by: randomGaugeTransformation(of: G.self, on: lattice, seed: seed))
  let gauge = abs(action.value(of: transformed) - value).largest / scale

  var translation = 0.0
  for mu in 0..<lattice.dimension {
    let moved = action.value(of: U.translated(by: mu))
    translation = worse(translation, abs(moved - value).largest / scale)
  }

  // Gradient: along a random direction through all links, and alone on some links.
  var gradient = AlgebraField<G>(zero: lattice)
  action.accumulateGradient(of: U, into: &gradient)
  var generator = LaneGenerator(
    seed: seed, purpose: .momenta, firstConfiguration: 0, step: 0)
  var momenta = AlgebraField<G>(zero: lattice)
  momenta.sampleGaussian(using: &generator)
  let norm = 1 + LaneMath.sqrt(gradient.dot(gradient)).largest
  func difference(along direction: AlgebraField<G>) -> Lanes {
    fourthOrderDifference(step: 1e-3) { amount in
      var moved = U
      for link in moved.links.indices {
        moved.links[link] = G.exp(amount * direction.elements[link]) * U.links[link]
      }
      return action.value(of: moved)
    }
  }
  var slope = abs(difference(along: momenta) - gradient.dot(momenta)).largest / norm
  for number in 0..<Swift.min(8, lattice.linkCount) {
    let link = number * lattice.linkCount / Swift.min(8, lattice.linkCount)
    var single = AlgebraField<G>(zero: lattice)
    single.elements[link] = momenta.elements[link]
    slope = worse(slope, abs(difference(along: single) - gradient.dot(single)).largest / norm)
  }

  var twice = gradient
  action.accumulateGradient(of: U, into: &twice)
  var added = 0.0
  for link in twice.elements.indices {
    let rest = twice.elements[link] - gradient.elements[link] - gradient.elements[link]
    added = worse(added, LaneMath.sqrt(rest.dot(rest)).largest / norm)
  }

  let rounding = "rounding of a sum over plaquettes, relative to the action"
  return [
    Law("gauge invariant", residual: gauge, tolerance: 1e-12, reason: rounding),
    Law("translation invariant", residual: translation, tolerance: 1e-12, reason: rounding),
    Law(
      "gradient against fourth-order differences", residual: slope, tolerance: 1e-9,
      reason: "h⁴ times five derivatives along a Gaussian direction, h = 1e-3, relative"),
    Law(
      "gradient is added to what was there", residual: added, tolerance: 1e-14,
      reason: "rounding of one addition, relative"),
  ]
}

/// The laws of a prior: those of an action, and that its samples have the distribution that it says.
///
///     E_prior[exp(S_prior - t S)] = Z_t/Z_prior
///
/// is not known in general; what is checked is that a constant is right, `log Z` of the Haar prior
/// being 0, and that samples depend on the generator alone.
public func priorLaws<G: GaugeGroup>(
  of prior: some GaugePrior<G>, on lattice: Lattice, seed: UInt64 = 1
) -> [Law] {
  func draw() -> LinkField<G> {
    var generator = LaneGenerator(seed: seed, purpose: .prior, firstConfiguration: 0, step: 0)
    var U = LinkField<G>(coldStart: lattice)
    prior.sample(into: &U, using: &generator)
    return U
  }
  let U = draw()
  return [
    Law(
      "samples are in the group", residual: U.unitarityDefect.largest,
      tolerance: 1e-13 * Double(G.colors * G.colors), reason: "rounding of one sample"),
    Law(
      "the same generator gives the same sample", residual: distance(U, draw()),
      tolerance: 1e-15 * Double(G.colors * G.colors), reason: "rounding of the comparison"),
  ]
}
