import LaneMath
import LatticeFields

/// A real function `S(U)` of a gauge field, the weight of a field being `exp(-S)`.
///
/// An action is a value and a gradient; sums and multiples of actions are actions, so that a new one
/// is one file. Its laws (gauge invariance, lattice symmetries, gradient against differences) run
/// over the catalog.
public protocol Action<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup

  /// `S(U)` in every configuration. Does not allocate.
  func value(of U: LinkField<Group>) -> Lanes

  /// Adds a multiple of the left derivatives `∂_a S` with respect to every link to `gradient`. Does
  /// not allocate.
  ///
  ///     gradient[x, mu]_a += factor d/dε S(.., exp(ε T_a) U_mu(x), ..)
  func accumulateGradient(
    of U: LinkField<Group>, scaledBy factor: Double, into gradient: inout AlgebraField<Group>)

  /// One kick of the momenta and one drift of the links: the elementary step of every symplectic
  /// integrator of `H = Σ p²/2 + S(U)`. Does not allocate.
  ///
  ///     p <- p - kick ∂S(U),   U <- exp(drift p) U
  ///
  /// There is a default; an action implements it where both can be done in one pass over memory.
  func evolve(
    _ U: inout LinkField<Group>, momenta: inout AlgebraField<Group>, kick: Double, drift: Double)
}

extension Action {
  /// Adds the left derivatives `∂_a S` with respect to every link to `gradient`.
  @inlinable
  public func accumulateGradient(of U: LinkField<Group>, into gradient: inout AlgebraField<Group>) {
    accumulateGradient(of: U, scaledBy: 1, into: &gradient)
  }

  /// The kick, then the drift, in two passes.
  @inlinable
  public func evolve(
    _ U: inout LinkField<Group>, momenta: inout AlgebraField<Group>, kick: Double, drift: Double
  ) {
    if kick != 0 { accumulateGradient(of: U, scaledBy: -kick, into: &momenta) }
    if drift != 0 { U.advance(by: drift, along: momenta) }
  }
}

extension LinkField {
  /// Moves every link along its algebra element, `U <- exp(time X) U`.
  @inlinable
  public mutating func advance(by time: Double, along X: AlgebraField<Group>) {
    precondition(X.lattice == lattice, "velocities on \(X.lattice) for a field on \(lattice)")
    let time = Lanes(repeating: time)
    links.withUnsafeMutableBufferPointer { U in
      X.elements.withUnsafeBufferPointer { X in
        for link in U.indices { U[link] = Group.exp(time * X[link]) * U[link] }
      }
    }
  }
}

/// An action whose distribution `exp(-S)` can be sampled exactly and normalised.
public protocol Prior<Group>: Action {
  /// `log ∫ dU exp(-S(U))` with the Haar measure of total volume 1.
  func logZ(on lattice: Lattice) -> Double
  /// Draws independent fields in every lane.
  func sample(into U: inout LinkField<Group>, using generator: inout LaneGenerator)
}

/// The Haar measure itself: `S = 0`, every link independent and uniform on the group.
public struct HaarPrior<Group: GaugeGroup>: Prior {
  /// The Haar prior.
  public init() {}
  /// 0.
  @inlinable public func value(of U: LinkField<Group>) -> Lanes { .zero }
  /// Adds nothing.
  @inlinable
  public func accumulateGradient(
    of U: LinkField<Group>, scaledBy factor: Double, into gradient: inout AlgebraField<Group>
  ) {}
  /// 0.
  @inlinable public func logZ(on lattice: Lattice) -> Double { 0 }
  /// Draws every link from the Haar measure.
  @inlinable
  public func sample(into U: inout LinkField<Group>, using generator: inout LaneGenerator) {
    U.sampleHaar(using: &generator)
  }
}

/// `factor S`.
public struct ScaledAction<Base: Action>: Action {
  /// The action that is multiplied.
  public let base: Base
  /// The factor.
  public let factor: Double

  /// `factor` times `base`.
  public init(_ factor: Double, _ base: Base) {
    self.factor = factor
    self.base = base
  }
  /// `factor S(U)`.
  @inlinable
  public func value(of U: LinkField<Base.Group>) -> Lanes { factor * base.value(of: U) }
  /// Adds the multiple of `factor ∂_a S`.
  @inlinable
  public func accumulateGradient(
    of U: LinkField<Base.Group>, scaledBy outer: Double,
    into gradient: inout AlgebraField<Base.Group>
  ) { base.accumulateGradient(of: U, scaledBy: outer * factor, into: &gradient) }
  /// The step of `base` with its kick multiplied.
  @inlinable
  public func evolve(
    _ U: inout LinkField<Base.Group>, momenta: inout AlgebraField<Base.Group>, kick: Double,
    drift: Double
  ) { base.evolve(&U, momenta: &momenta, kick: kick * factor, drift: drift) }
}

/// `S_1 + S_2`.
public struct SumAction<First: Action, Second: Action>: Action where First.Group == Second.Group {
  /// The first summand.
  public let first: First
  /// The second summand.
  public let second: Second

  /// The sum of two actions.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  /// `S_1(U) + S_2(U)`.
  @inlinable
  public func value(of U: LinkField<First.Group>) -> Lanes {
    first.value(of: U) + second.value(of: U)
  }
  /// Adds both gradients.
  @inlinable
  public func accumulateGradient(
    of U: LinkField<First.Group>, scaledBy factor: Double,
    into gradient: inout AlgebraField<First.Group>
  ) {
    first.accumulateGradient(of: U, scaledBy: factor, into: &gradient)
    second.accumulateGradient(of: U, scaledBy: factor, into: &gradient)
  }
  /// The kick of the first summand, then the step of the second.
  @inlinable
  public func evolve(
    _ U: inout LinkField<First.Group>, momenta: inout AlgebraField<First.Group>, kick: Double,
    drift: Double
  ) {
    if kick != 0 { first.accumulateGradient(of: U, scaledBy: -kick, into: &momenta) }
    second.evolve(&U, momenta: &momenta, kick: kick, drift: drift)
  }
}

/// The sum of two actions.
public func + <First: Action, Second: Action>(first: First, second: Second)
  -> SumAction<First, Second>
{ SumAction(first, second) }

/// A multiple of an action.
public func * <Base: Action>(factor: Double, base: Base) -> ScaledAction<Base> {
  ScaledAction(factor, base)
}
