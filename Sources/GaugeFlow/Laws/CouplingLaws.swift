import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows

/// The laws of a coupling flow: masks, each layer alone, and the whole.
///
/// Each layer alone is checked in double precision, since its network's rounding does not enter the
/// Jacobian of its active links; the log-det of the whole is the sum over layers. On lattices of up
/// to 160 links the whole flow is also checked against its own dense Jacobian.
///
/// Complexity: 24 evaluations of each layer for each link that it moves.
public func couplingLaws(of flow: CouplingFlow, seed: UInt64 = 1) -> [Law] {
  let lattice = flow.lattice
  let transport = CouplingTransport(flow)
  var laws = [
    Law(
      "masks: each active loop has its own active link, frozen loops have none",
      residual: Double(flow.maskContradictions().count), tolerance: 0,
      reason: "a count of contradictions")
  ]

  // The layers, each at the field that the layers before it make.
  var worst: [Law] = []
  var U = randomField(of: U1.self, on: lattice, seed: seed)
  var whole = U
  let logDet = transport.apply(to: &whole)
  var sum = Lanes.zero
  for index in 0..<flow.layerCount {
    let layer = CouplingTransport(flow.layer(index))
    let own = bijectionLaws(
      of: layer, on: lattice, seed: seed &+ UInt64(index), tolerances: .double)
    worst = worst.isEmpty ? own : zip(worst, own).map { worse($0, $1) }
    sum += layer.apply(to: &U)
  }
  laws += worst.of("each layer")
  laws.append(
    Law(
      "log-det is the sum over layers",
      residual: worse(abs(sum - logDet).largest, distance(U, whole)), tolerance: 1e-10,
      reason: "the same operations in the same order"))

  if lattice.linkCount <= 160 {
    laws += bijectionLaws(
      of: transport, on: lattice, seed: seed, tolerances: .singlePrecisionNetwork)
    laws += pullbackLaws(
      of: transport, on: lattice, seed: seed, tolerances: .singlePrecisionNetwork)
  }
  return laws
}

/// Of one law of two objects, the one that is closer to being broken.
private func worse(_ a: Law, _ b: Law) -> Law {
  if a.residual.isNaN { return a }
  return b.residual.isNaN || b.residual > a.residual ? b : a
}
