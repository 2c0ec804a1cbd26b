import LaneMath
import LatticeActions
import LatticeFields

/// How far a detuned heatbath runs ahead of the coupling, in units of the step of the coupling.
///
/// 0 is the ordinary heatbath. Every value gives exact weights; what depends on it is their variance.
/// ``DetuningFit`` finds the best ones.
public struct Detuning: Sendable, Hashable {
  /// For the loops met late: most of their other links have been drawn before in the same sweep.
  public var late: Double
  /// For the loops met early.
  public var early: Double

  /// One number for all loops.
  public init(_ both: Double) { self.init(late: both, early: both) }

  /// Two numbers.
  public init(late: Double, early: Double) {
    self.late = late
    self.early = early
  }

  /// The ordinary heatbath.
  public static var none: Detuning { Detuning(0) }
}

/// A heatbath sweep that leaves the weight of one coupling for that of the next, and knows the price.
///
/// The field comes with weight `exp(-λ_0 S)` and goes with `exp(-λ_1 S)`, `S` the action at coupling
/// 1. Each link in turn is drawn not at `λ_1` but further ahead,
///
///     p_F(U) ∝ exp(κ Re tr[U (f_l A_l + f_e A_e)]),      f = λ_1 + a (λ_1 - λ_0)
///
/// with `A_l + A_e = A` the staples of the loops met late and early in the sweep, so that the field
/// moves along with the distribution. The logarithm of the weight grows by
///
///     -(λ_1 - λ_0) S(U)  +  Σ_links log p_B(U') - log p_F(U'),   p_B ∝ exp(κ λ_1 Re tr[U A])
///
/// both densities normalised exactly: with `z(x) = 2 I_1(x)/x` in SU(2) and in the SU(2) subgroups of
/// SU(N), `z = I_0` in U(1). To first order in the step this is transport along the gradient of the
/// plaquettes, with neither a Jacobian nor other staples than a heatbath has.
///
/// **Why it is exact.** The sweep is a sequence of updates `s_0 -> s_1 -> .. -> s_L`, one for each link
/// or subgroup, in any fixed order. Take for the path back the ordinary heatbath at `λ_1` in the
/// reversed order. It is in detailed balance with `π = exp(-λ_1 S)`, update by update, so that
///
///     π(s_l) p_B(s_l -> s_{l-1}) = π(s_{l-1}) p_B(s_{l-1} -> s_l)
///
/// and the ratio of the two path densities, `π(s_L) Π p_B(s_l -> s_{l-1})` over
/// `π(s_0) Π p_F(s_{l-1} -> s_l)`, is the product of `p_B/p_F` of the links as they were drawn, at the
/// staples that they were drawn with (Crooks, Phys. Rev. E 60 (1999) 2721). Nobody goes back: only the
/// densities are needed. Since `p_F` is normalised given all that was drawn before, the mean of every
/// factor is 1, whatever `f_l`, `f_e`, the order and the links that surround it.
///
/// Complexity: a heatbath sweep, two normalisers for each draw, and the action once. Allocates nothing.
public struct DetunedHeatbath<Theory: SplitStapleAction>: NonequilibriumUpdate
where Theory.Group: DetunedHeatbathGroup {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// The action at coupling 1.
  public let action: Theory
  /// How far to run ahead.
  public let detuning: Detuning
  /// The order of the links in a sweep.
  public let order: LinkOrder

  /// A detuned heatbath on a lattice.
  ///
  /// - Parameters:
  ///   - action: the action at coupling 1, such as `WilsonAction(beta: 1)`: the coupling is then `β`.
  ///   - lattice: the lattice.
  ///   - detuning: how far to run ahead.
  ///   - order: the order of the links. Site by site, loops on the side of smaller coordinates are the
  ///     late ones; direction by direction, those in the planes with `nu < mu`.
  /// - Throws: `ChainError.extent` where a link would be part of its own staples, and what a checkerboard
  ///   needs; `ChainError.parameter` for a detuning that is not finite.
  public init(
    action: Theory, on lattice: Lattice, detuning: Detuning,
    order: LinkOrder.Kind = .siteBySite
  ) throws(ChainError) {
    try requireExtents("detuned heatbath", action, lattice)
    for number in [detuning.late, detuning.early] where !number.isFinite {
      throw .parameter(name: "detuning", expected: "a finite number", value: number)
    }
    self.action = action
    self.detuning = detuning
    self.order = try LinkOrder(order, on: lattice)
  }

  /// The step from one coupling to another.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func update(
    _ state: inout ChainState<LinkField<Group>>, from start: Double, to end: Double, step: Int,
    using streams: inout ChainStreams
  ) throws(ChainError) -> Lanes {
    let work = (start - end) * action.value(of: state.U)
    let late = end + detuning.late * (end - start), early = end + detuning.early * (end - start)
    let ratio = state.U.withLinkView {
      sweep($0, late: late, early: early, backward: end, using: &streams)
    }
    state.fieldsChanged()
    return work + ratio
  }

  /// One sweep at given couplings of the loops met late and early, weighed with the heatbath at
  /// `backward`.
  ///
  /// - Returns: `Σ log p_B - log p_F`; the mean of its exponential is 1 from every field.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func sweep(
    _ U: LinkView<Group>, late: Double, early: Double, backward: Double,
    using streams: inout ChainStreams
  ) -> Lanes {
    guard late == early else {
      return splitSweep(U, (late, early), (backward, backward), using: &streams)
    }
    var generator = streams.next(.heatbath)
    let coupling = action.stapleCoupling
    let drawn = coupling * late, weighed = coupling * backward
    var ratio = LogRatioSum()
    var staple = Group.zeroMatrix
    order.visit(U.sites, U.dimension) { x, mu in
      staple = Group.zeroMatrix
      action.addStaple(at: x, mu: mu, in: U, to: &staple)
      Group.detunedHeatbath(
        &U.links[mu &* U.volume &+ x], staple: &staple, drawn: drawn, weighed: weighed,
        ratio: &ratio, using: &generator)
      U.linkChanged(x, mu)
    }
    return ratio.value
  }

  /// One sweep with couplings of late and early loops, both drawn and weighed.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  func splitSweep(
    _ U: LinkView<Group>, _ forward: (late: Double, early: Double),
    _ backward: (late: Double, early: Double), using streams: inout ChainStreams
  ) -> Lanes {
    var generator = streams.next(.heatbath)
    let coupling = action.stapleCoupling
    let split: StapleSplit = order.kind == .siteBySite ? .sides : .planes
    let drawn = (coupling * forward.late, coupling * forward.early)
    let weighed = (coupling * backward.late, coupling * backward.early)
    var ratio = LogRatioSum()
    var late = Group.zeroMatrix, early = Group.zeroMatrix
    order.visit(U.sites, U.dimension) { x, mu in
      late = Group.zeroMatrix
      early = Group.zeroMatrix
      action.addStaples(at: x, mu: mu, in: U, split: split, first: &late, second: &early)
      withUnsafePointer(to: &late) { late in
        withUnsafePointer(to: &early) { early in
          Group.detunedHeatbath(
            &U.links[mu &* U.volume &+ x], staples: (late, early), drawn: drawn,
            weighed: weighed, ratio: &ratio, using: &generator)
        }
      }
      U.linkChanged(x, mu)
    }
    return ratio.value
  }
}
