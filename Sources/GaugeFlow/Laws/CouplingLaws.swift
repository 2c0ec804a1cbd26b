import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows

/// The laws of a coupling flow: masks, each layer alone, and the whole as the chain of its layers.
///
/// Differences are taken of each layer alone, where they are exact: the rounding of its network does
/// not enter the Jacobian of its active links, and is not amplified by the layers behind it. That the
/// whole is the chain of its layers, log-det and pullback included, is a law of its own.
///
/// Complexity: 24 evaluations of each layer for each coordinate of the links that it moves.
public func couplingLaws<Group: CouplingGroup>(
  of flow: CouplingFlow<Group>, seed: UInt64 = 1
) -> [Law] {
  let lattice = flow.lattice
  var laws = [
    Law(
      "masks: active loops move along their own patterns, frozen loops stand still",
      residual: Double(flow.maskContradictions().count), tolerance: 0,
      reason: "a count of contradictions")
  ]
  let layers = (0..<flow.layerCount).map { CouplingTransport(flow.layer($0)) }
  var worst: [Law] = []
  for (index, layer) in layers.enumerated() {
    let seed = seed &+ UInt64(index)
    let own =
      bijectionLaws(of: layer, on: lattice, seed: seed, tolerances: .double)
      + pullbackLaws(of: layer, on: lattice, seed: seed, tolerances: .singlePrecisionNetwork)
    worst = worst.isEmpty ? own : zip(worst, own).map { worse($0, $1) }
  }
  laws += worst.of("each layer")

  let transport = CouplingTransport(flow)
  var wholeTolerances = BijectionTolerances.singlePrecisionNetwork
  wholeTolerances.steps = []
  return laws + chainLaws(of: transport, layers: layers, seed: seed)
    + bijectionLaws(of: transport, on: lattice, seed: seed, tolerances: wholeTolerances)
}

/// The laws that make a flow the chain of its layers: field, log-det and pullback.
private func chainLaws<Group: CouplingGroup>(
  of transport: CouplingTransport<Group>, layers: [CouplingTransport<Group>], seed: UInt64
) -> [Law] {
  let lattice = transport.lattice
  var U = randomField(of: Group.self, on: lattice, seed: seed)
  var whole = U
  let (logDet, pullback) = transport.applyWithPullback(to: &whole)
  var sum = Lanes.zero
  var pullbacks: [(inout AlgebraField<Group>, Lanes) -> Void] = []
  for layer in layers {
    let (own, pullback) = layer.applyWithPullback(to: &U)
    sum += own
    pullbacks.append(pullback)
  }
  var generator = LaneGenerator(seed: seed, purpose: .momenta, firstConfiguration: 0, step: 1)
  let b = generator.normal()
  var gradient = AlgebraField<Group>(zero: lattice)
  gradient.sampleGaussian(using: &generator)
  var chained = gradient
  pullback(&gradient, b)
  for pullback in pullbacks.reversed() { pullback(&chained, b) }
  let scale = 1 + LaneMath.sqrt(gradient.dot(gradient))
  var difference = 0.0
  for (x, y) in zip(gradient.elements, chained.elements) {
    for coordinate in 0..<Group.Algebra.dimension {
      difference = worse(difference, abs((x[coordinate] - y[coordinate]) / scale).largest)
    }
  }
  let reason = "the same operations in the same order"
  return [
    Law(
      "the flow and its log-det are those of its layers, one after the other",
      residual: worse(abs(sum - logDet).largest, distance(U, whole)), tolerance: 1e-10,
      reason: reason),
    Law(
      "the pullback is that of its layers, in the opposite order", residual: difference,
      tolerance: 1e-10, reason: reason + ", relative"),
  ]
}

/// Of one law of two objects, the one that is closer to being broken.
private func worse(_ a: Law, _ b: Law) -> Law {
  if a.residual.isNaN { return a }
  return b.residual.isNaN || b.residual > a.residual ? b : a
}
