import LaneMath
import LatticeActions
import LatticeFields

/// The laws of an action of a scalar field: translations, reflections, and its gradient.
///
/// Complexity: some tens of evaluations of the action. The lattice should be small.
///
/// - Parameters:
///   - lattice: any lattice that the action is defined on.
///   - seed: fixes the fields.
public func scalarActionLaws(
  of action: some Action<ScalarField>, on lattice: Lattice, seed: UInt64 = 1
) -> [Law] {
  var generator = LaneGenerator(
    seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
  let field = ScalarField(hotStart: lattice, using: &generator)
  let value = action.value(of: field)
  let scale = 1 + abs(value).largest + Double(lattice.volume).squareRoot()

  var translation = 0.0, reflection = 0.0
  for mu in 0..<lattice.dimension {
    let moved = action.value(of: field.translated(by: mu))
    translation = worse(translation, abs(moved - value).largest / scale)
    let mirrored = action.value(of: field.reflected(along: mu))
    reflection = worse(reflection, abs(mirrored - value).largest / scale)
  }

  var gradient = ScalarMomenta(zero: lattice), direction = gradient
  action.accumulateGradient(of: field, into: &gradient)
  direction.sampleGaussian(using: &generator)
  let norm = 1 + LaneMath.sqrt(gradient.dot(gradient)).largest
  func difference(along direction: ScalarMomenta) -> Lanes {
    fourthOrderDifference(step: 1e-3) { amount in
      var moved = field
      for x in moved.values.indices { moved[x] += amount * direction[x] }
      return action.value(of: moved)
    }
  }
  var slope = abs(difference(along: direction) - gradient.dot(direction)).largest / norm
  for number in 0..<Swift.min(8, lattice.volume) {
    let x = number * lattice.volume / Swift.min(8, lattice.volume)
    var single = ScalarMomenta(zero: lattice)
    single[x] = direction[x]
    slope = worse(slope, abs(difference(along: single) - gradient.dot(single)).largest / norm)
  }

  // One step of molecular dynamics, and its parts one after the other.
  var stepped = (field: field, momenta: direction), parts = stepped
  action.evolve(&stepped.field, momenta: &stepped.momenta, kick: 0.1, drift: 0.2)
  action.accumulateGradient(of: parts.field, scaledBy: -0.1, into: &parts.momenta)
  parts.field.advance(by: 0.2, along: parts.momenta)
  var step = 0.0
  for x in 0..<lattice.volume {
    step = worse(step, abs(stepped.field[x] - parts.field[x]).largest / norm)
    step = worse(step, abs(stepped.momenta[x] - parts.momenta[x]).largest / norm)
  }

  let rounding = "rounding of a sum over sites, relative to the action"
  return [
    Law("translation invariant", residual: translation, tolerance: 1e-12, reason: rounding),
    Law("reflection invariant", residual: reflection, tolerance: 1e-12, reason: rounding),
    Law(
      "gradient against fourth-order differences", residual: slope, tolerance: 1e-9,
      reason: "h⁴ times five derivatives along a Gaussian direction, h = 1e-3, relative"),
    Law(
      "a kick and a drift in one pass are a kick, then a drift", residual: step, tolerance: 1e-13,
      reason: "rounding of some additions, relative"),
  ]
}

/// The laws of a prior of scalar fields: what an action's laws do not say.
///
/// The identity `<φ(x) ∂S/∂φ(x)> = 1` holds for every normalisable action; its mean over the sites of
/// independent samples is compared with 1, with a false-alarm rate of 1e-5.
public func scalarPriorLaws(
  of prior: some Prior<ScalarField>, on lattice: Lattice, seed: UInt64 = 1
) -> [Law] {
  func draw(_ step: Int) -> ScalarField {
    var generator = LaneGenerator(seed: seed, purpose: .prior, firstConfiguration: 0, step: step)
    var field = ScalarField(coldStart: lattice)
    prior.sample(into: &field, using: &generator)
    return field
  }
  let packets = 512
  var sum = 0.0, square = 0.0
  for packet in 0..<packets {
    let field = draw(packet)
    var gradient = ScalarMomenta(zero: lattice)
    prior.accumulateGradient(of: field, into: &gradient)
    var values = Lanes.zero
    for x in 0..<lattice.volume { values = multiplyAdd(field[x], gradient[x], values) }
    values /= Double(lattice.volume)
    sum += values.laneSum
    square += (values * values).laneSum
  }
  let count = Double(packets * laneCount), mean = sum / count
  let error = ((square / count - mean * mean) / (count - 1)).squareRoot()
  var repeated = 0.0
  for (a, b) in zip(draw(0).values, draw(0).values) {
    repeated = worse(repeated, abs(a - b).largest)
  }
  return [
    Law(
      "the samples obey <φ ∂S/∂φ> = 1", residual: Swift.abs(mean - 1) / error, tolerance: 4.42,
      reason: "standard errors of \(packets * laneCount) samples, false alarms 1e-5"),
    Law(
      "the same generator gives the same sample", residual: repeated, tolerance: 0,
      reason: "the same operations"),
  ]
}
