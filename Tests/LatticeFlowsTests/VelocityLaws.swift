import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The velocity of links, from one small step through the state of a basis and back, and `div Z`.
func linkVelocity<Basis: VelocityBasis>(
  _ basis: Basis, _ U: LinkField<U1>, _ point: PathPoint, _ coefficients: [Double],
  _ state: Basis.State, _ workspace: Basis.Workspace
) -> (Z: [Lanes], divergence: Lanes) where Basis.Group == U1 {
  // The step is linear in the velocity: its length does not matter but for rounding.
  let length = 1e-3
  var V = U
  basis.load(U, into: state)
  let divergence = basis.computeVelocity(
    of: state, at: point, coefficients: coefficients, using: workspace)
  basis.move(state, memory: 0, step: length, weight: 1, using: workspace)
  basis.store(state, into: &V)
  return (zip(V.links, U.links).map { wrapAngle($0.angle - $1.angle) / length }, divergence)
}

/// The laws of a velocity basis of U(1), of every element and of one combination of all.
///
/// Differences are of fourth order with spacing 0.004: their error is of the order of k⁵ 1e-11 for a
/// harmonic k, and that of rounding 1e-9 of the velocity.
func checkVelocityLaws<Basis: VelocityBasis>(
  _ basis: Basis, _ U: LinkField<U1>, _ point: PathPoint, state: Basis.State,
  workspace: Basis.Workspace, tolerance: Double = 1e-6
) where Basis.Group == U1 {
  let spacing = 0.004
  let stencil: [(Double, Double)] = [
    (-2, 1.0 / 12), (-1, -8.0 / 12), (1, 8.0 / 12), (2, -1.0 / 12),
  ]
  func largest(_ x: Lanes) -> Double { abs(x).max() }
  var columns = [Lanes](repeating: .zero, count: basis.count)
  basis.load(U, into: state)
  let values = basis.columns(of: state, at: point, using: workspace, into: &columns)
  let plain = basis.values(of: state, at: point, using: workspace)
  #expect(largest(values.action - plain.action) < 1e-10)
  #expect(largest(values.rate - plain.rate) < 1e-10)
  var generator = LaneGenerator(seed: 77, purpose: .training, firstConfiguration: 0, step: 0)
  let combination = (0..<basis.count).map { _ in generator.normal()[0] }
  var combined = Lanes.zero, scale = 1.0
  for i in 0...basis.count {
    let c =
      i < basis.count ? (0..<basis.count).map { $0 == i ? 1.0 : 0 } : combination
    let name = i < basis.count ? basis.elementNames[i] : "all elements"
    let (Z, divergence) = linkVelocity(basis, U, point, c, state, workspace)
    var differences = Lanes.zero
    for l in U.links.indices {
      for (shift, weight) in stencil {
        var V = U
        V.links[l].angle += shift * spacing
        let moved = linkVelocity(basis, V, point, c, state, workspace).Z[l]
        differences += weight / spacing * moved
      }
    }
    let size = 1 + Z.map { largest($0) }.max()! * Double(Z.count)
    scale = max(scale, size)
    #expect(
      largest(divergence - differences) < tolerance * size,
      "\(name) on \(basis.lattice): divergence \(divergence), differences \(differences)")
    // Z·∂S from the action along Z, with a spacing that moves no link far.
    let width = spacing / (1 + Z.map { largest($0) }.max()!)
    var slope = Lanes.zero
    for (shift, weight) in stencil {
      var V = U
      for l in V.links.indices { V.links[l].angle += shift * width * Z[l] }
      basis.load(V, into: state)
      slope += weight / width * basis.values(of: state, at: point, using: workspace).action
    }
    let column = divergence - slope
    let expected =
      i < basis.count
      ? columns[i]
      : zip(combination, columns).reduce(Lanes.zero) { $0 + $1.0 * $1.1 }
    #expect(
      largest(column - expected) < tolerance * size,
      "\(name) on \(basis.lattice): column \(expected), div Z - Z·∂S by differences \(column)")
    if i < basis.count {
      combined += combination[i] * divergence
    } else {
      #expect(largest(combined - divergence) < 1e-10 * scale * Double(basis.count))
    }
  }
}
