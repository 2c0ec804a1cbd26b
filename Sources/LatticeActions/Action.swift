import LaneMath
import LatticeFields

/// A real function `S(φ)` of a field, the weight of a field being `exp(-S)`.
///
/// An action is a value and a gradient; sums and multiples of actions are actions, so that a new one
/// is one file. Its laws (lattice symmetries, gradient against differences) run over the catalog.
public protocol Action<Field>: Sendable {
  /// The kind of field.
  associatedtype Field: LatticeField

  /// `S(φ)` in every configuration. Does not allocate.
  func value(of field: Field) -> Lanes

  /// Adds a multiple of the derivatives of `S` along the coordinates of the momenta to `gradient`.
  /// Does not allocate.
  ///
  ///     gradient_a += factor d/dε S(φ advanced by ε along coordinate a)
  ///
  /// For links these are the left derivatives `d/dε S(.., exp(ε T_a) U_mu(x), ..)`.
  func accumulateGradient(
    of field: Field, scaledBy factor: Double, into gradient: inout Field.Momenta)

  /// One kick of the momenta and one drift of the field: the elementary step of every symplectic
  /// integrator of `H = Σ p²/2 + S(φ)`. Does not allocate.
  ///
  ///     p <- p - kick ∂S(φ),   φ <- φ advanced by drift along p
  ///
  /// There is a default; an action implements it where both can be done in one pass over memory.
  func evolve(
    _ field: inout Field, momenta: inout Field.Momenta, kick: Double, drift: Double)
}

extension Action {
  /// Adds the derivatives of `S` along the coordinates of the momenta to `gradient`.
  @inlinable
  public func accumulateGradient(of field: Field, into gradient: inout Field.Momenta) {
    accumulateGradient(of: field, scaledBy: 1, into: &gradient)
  }

  /// The kick, then the drift, in two passes.
  @inlinable
  public func evolve(
    _ field: inout Field, momenta: inout Field.Momenta, kick: Double, drift: Double
  ) {
    if kick != 0 { accumulateGradient(of: field, scaledBy: -kick, into: &momenta) }
    if drift != 0 { field.advance(by: drift, along: momenta) }
  }
}

/// An action of gauge fields: `S(U)`, with left derivatives `∂_a S` for every link. One more of its
/// laws is gauge invariance.
public protocol GaugeAction<Group>: Action where Field == LinkField<Group> {
  /// The group of the links.
  associatedtype Group: GaugeGroup
}

/// An action whose distribution `exp(-S)` can be sampled exactly and normalised.
public protocol Prior<Field>: Action {
  /// `log ∫ dφ exp(-S(φ))`: for links with the Haar measure of total volume 1, for scalars with
  /// `Π dφ(x)`.
  func logZ(on lattice: Lattice) -> Double
  /// Draws independent fields in every lane.
  func sample(into field: inout Field, using generator: inout LaneGenerator)
}

extension Prior {
  /// The logarithm of the normalised density of the prior, `-S - log Z`.
  public func logDensity(of field: Field) -> Lanes { -value(of: field) - logZ(on: field.lattice) }
}

/// A prior of gauge fields.
public protocol GaugePrior<Group>: Prior, GaugeAction {}

/// The Haar measure itself: `S = 0`, every link independent and uniform on the group.
public struct HaarPrior<Group: GaugeGroup>: GaugePrior {
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
  /// `factor S`.
  @inlinable
  public func value(of field: Base.Field) -> Lanes { factor * base.value(of: field) }
  /// Adds the multiple of `factor ∂S`.
  @inlinable
  public func accumulateGradient(
    of field: Base.Field, scaledBy outer: Double, into gradient: inout Base.Field.Momenta
  ) { base.accumulateGradient(of: field, scaledBy: outer * factor, into: &gradient) }
  /// The step of `base` with its kick multiplied.
  @inlinable
  public func evolve(
    _ field: inout Base.Field, momenta: inout Base.Field.Momenta, kick: Double, drift: Double
  ) { base.evolve(&field, momenta: &momenta, kick: kick * factor, drift: drift) }
}

extension ScaledAction: GaugeAction where Base: GaugeAction {
  /// The group of the links.
  public typealias Group = Base.Group
}

/// `S_1 + S_2`.
public struct SumAction<First: Action, Second: Action>: Action where First.Field == Second.Field {
  /// The first summand.
  public let first: First
  /// The second summand.
  public let second: Second

  /// The sum of two actions.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  /// `S_1 + S_2`.
  @inlinable
  public func value(of field: First.Field) -> Lanes {
    first.value(of: field) + second.value(of: field)
  }
  /// Adds both gradients.
  @inlinable
  public func accumulateGradient(
    of field: First.Field, scaledBy factor: Double, into gradient: inout First.Field.Momenta
  ) {
    first.accumulateGradient(of: field, scaledBy: factor, into: &gradient)
    second.accumulateGradient(of: field, scaledBy: factor, into: &gradient)
  }
  /// The kick of the first summand, then the step of the second.
  @inlinable
  public func evolve(
    _ field: inout First.Field, momenta: inout First.Field.Momenta, kick: Double, drift: Double
  ) {
    if kick != 0 { first.accumulateGradient(of: field, scaledBy: -kick, into: &momenta) }
    second.evolve(&field, momenta: &momenta, kick: kick, drift: drift)
  }
}

extension SumAction: GaugeAction where First: GaugeAction, Second: GaugeAction {
  /// The group of the links.
  public typealias Group = First.Group
}

/// The sum of two actions.
public func + <First: Action, Second: Action>(first: First, second: Second)
  -> SumAction<First, Second>
{ SumAction(first, second) }

/// A multiple of an action.
public func * <Base: Action>(factor: Double, base: Base) -> ScaledAction<Base> {
  ScaledAction(factor, base)
}
