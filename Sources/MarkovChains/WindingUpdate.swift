import LaneMath
import LatticeActions
import LatticeFields

/// A topological update of two-dimensional U(1): all links are multiplied by those of a smooth field
/// of charge +1 or -1, each with probability 1/2, and the result is accepted with probability
/// `min(1, exp(-ΔS))`.
///
///     θ_1(x) += q φ x_0,     θ_0(L_0 - 1, x_1) -= q φ L_0 x_1,     φ = 2π/V,  q = ±1
///
/// adds `q φ` to every plaquette (one of them loses 2π as well), so `Q = (1/2π) Σ arg P` changes by
/// about `q` while the action changes by `O(β/V)` on a smooth field: chains move between sectors at a
/// `β` where local algorithms have long frozen. The step and its inverse are equally likely and
/// translations of the group preserve the Haar measure, so detailed balance is exact. It changes
/// little else: it serves in a sequence with another kernel.
///
/// Conventions: the sign of `Q` as in the observables, plaquettes oriented `0 -> 1`.
///
/// Complexity: one action and one pass over the links. Allocates at the first step of a chain only.
public struct WindingUpdate<Theory: GaugeAction<U1>>: MarkovKernel {
  /// Links of U(1).
  public typealias Field = LinkField<U1>
  /// The action.
  public let action: Theory
  /// `winding`.
  public var name: String { "winding" }

  /// A winding update for chains on a two-dimensional lattice.
  ///
  /// - Throws: `ChainError.dimension` on any other.
  public init(action: Theory, on lattice: Lattice) throws(ChainError) {
    guard lattice.dimension == 2 else {
      throw .dimension(algorithm: "winding", expected: 2, lattice: lattice)
    }
    self.action = action
  }

  /// The number of links.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.linkCount }

  /// One proposal.
  @specialized(where Theory == WilsonAction<U1>)
  @inlinable
  public func step(_ state: inout ChainState<LinkField<U1>>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    let before = state.action(of: action)
    var generator = streams.next(.winding)
    let charge = copySign(Lanes(repeating: 1), generator.uniform() - 0.5)
    state.save()
    addWinding(charge, to: &state.other!)
    let after = action.value(of: state.other!)
    let deltaS = after - before
    let accepted = metropolisDecision(deltaS, using: &streams)
    state.takeOther(where: accepted)
    state.fieldsChanged(action: select(accepted, after, before))
    return UpdateInfo(acceptance: indicator(accepted), deltaH: deltaS)
  }
}

/// Multiplies a two-dimensional U(1) field by the smooth field of constant flux `2π charge / V` in
/// every plaquette; charges are whole numbers.
public func addWinding(_ charge: Lanes, to U: inout LinkField<U1>) {
  let lattice = U.lattice
  precondition(lattice.dimension == 2, "winding of a field on \(lattice), expected 2 dimensions")
  let volume = lattice.volume, L0 = lattice.extents[0], L1 = lattice.extents[1]
  let flux = (2 * Double.pi / Double(volume)) * charge
  U.links.withUnsafeMutableBufferPointer { links in
    for x0 in 0..<L0 {
      let shift = Double(x0) * flux
      for x1 in 0..<L1 {
        let link = volume &+ x0 &* L1 &+ x1
        links[link] = U1(angle: wrapAngle(links[link].angle + shift))
      }
    }
    for x1 in 0..<L1 {
      let link = (L0 &- 1) &* L1 &+ x1
      let shift = Double(L0 * x1) * flux
      links[link] = U1(angle: wrapAngle(links[link].angle - shift))
    }
  }
}
