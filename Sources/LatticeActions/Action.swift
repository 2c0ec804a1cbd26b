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

  /// Adds the left derivatives `∂_a S` with respect to every link to `gradient`. Does not allocate.
  ///
  ///     gradient[x, mu]_a += d/dε S(.., exp(ε T_a) U_mu(x), ..)
  func accumulateGradient(of U: LinkField<Group>, into gradient: inout AlgebraField<Group>)
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
  public func accumulateGradient(of U: LinkField<Group>, into gradient: inout AlgebraField<Group>) {
  }
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
  public func value(of U: LinkField<Base.Group>) -> Lanes { factor * base.value(of: U) }
  /// Adds `factor ∂_a S`. Allocates one field.
  public func accumulateGradient(
    of U: LinkField<Base.Group>, into gradient: inout AlgebraField<Base.Group>
  ) {
    var own = AlgebraField<Base.Group>(zero: U.lattice)
    base.accumulateGradient(of: U, into: &own)
    let factor = Lanes(repeating: factor)
    for link in own.elements.indices {
      gradient.elements[link] = gradient.elements[link].adding(factor, own.elements[link])
    }
  }
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
  public func value(of U: LinkField<First.Group>) -> Lanes {
    first.value(of: U) + second.value(of: U)
  }
  /// Adds both gradients.
  public func accumulateGradient(
    of U: LinkField<First.Group>, into gradient: inout AlgebraField<First.Group>
  ) {
    first.accumulateGradient(of: U, into: &gradient)
    second.accumulateGradient(of: U, into: &gradient)
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
