import LaneMath
import LatticeFields

/// An invertible map of gauge fields with its exact Jacobian.
///
///     apply:         U -> f(U),        returns log|det ∂f/∂U|
///     applyInverse:  f(U) -> U,        returns log|det ∂f^{-1}/∂f|
///
/// The determinant is with respect to the Haar measure on both sides. It is the result of the
/// functions and cannot be dropped without a compiler warning.
public protocol Bijection<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// Applies the map in place and returns `log|det|`.
  func apply(to U: inout LinkField<Group>) -> Lanes
  /// Applies the inverse map in place and returns its `log|det|`, minus that of `apply`.
  ///
  /// - Throws: `InversionFailure` where the inverse cannot be computed to its tolerance.
  func applyInverse(to U: inout LinkField<Group>) throws(InversionFailure) -> Lanes
}

extension LinkField {
  /// The field that a map makes of this one, its links brought back to the group.
  @inlinable
  public func mapped(by map: any Bijection<Group>) -> LinkField {
    var image = self
    _ = map.apply(to: &image)
    image.reunitarize()
    return image
  }
}

/// A bijection that can turn derivatives at its output into derivatives at its input.
public protocol DifferentiableBijection<Group>: Bijection {
  /// Applies the map and returns, with `log|det|`, its pullback.
  ///
  /// The pullback replaces `g = ∂F/∂f(U)` (left derivatives) by
  /// `∂/∂U [F(f(U)) + b log|det ∂f/∂U|]`, where `b` is its second argument.
  func applyWithPullback(to U: inout LinkField<Group>) -> (
    logDet: Lanes, pullback: (inout AlgebraField<Group>, Lanes) -> Void
  )
  /// Applies the map and computes the gradient of a function of its output: `applyWithPullback` and
  /// its pullback in one call.
  ///
  ///     gradient <- ∂/∂U [F(f(U)) + b log|det ∂f/∂U|]
  ///
  /// There is a default; a map implements it where nothing has to be kept beyond the call, so that it
  /// does not allocate.
  ///
  /// - Parameters:
  ///   - U: the field; what it holds afterwards is not defined.
  ///   - gradient: room for the gradient; what it held is replaced.
  ///   - b: the weight of the log-det.
  ///   - derivative: writes the left derivatives `∂F` at the `f(U)` that it is given; what its
  ///     second argument holds is not defined.
  /// - Returns: `log|det ∂f/∂U|`.
  func applyWithGradient(
    to U: inout LinkField<Group>, gradient: inout AlgebraField<Group>, logDetWeight b: Lanes,
    derivative: (LinkField<Group>, inout AlgebraField<Group>) -> Void
  ) -> Lanes
}

extension DifferentiableBijection {
  /// `applyWithPullback`, then its pullback.
  public func applyWithGradient(
    to U: inout LinkField<Group>, gradient: inout AlgebraField<Group>, logDetWeight b: Lanes,
    derivative: (LinkField<Group>, inout AlgebraField<Group>) -> Void
  ) -> Lanes {
    let (logDet, pullback) = applyWithPullback(to: &U)
    derivative(U, &gradient)
    pullback(&gradient, b)
    return logDet
  }
}

/// The inverse of a bijection.
public struct InverseBijection<Base: Bijection>: Bijection {
  /// The map whose inverse this is.
  public let base: Base
  /// Makes the inverse of a map that inverts without failing.
  public init(_ base: Base) { self.base = base }
  /// Applies the inverse of `base`.
  ///
  /// - Precondition: the inverse of `base` converges; use `applyInverse` of `base` itself where that
  ///   is not known.
  public func apply(to U: inout LinkField<Base.Group>) -> Lanes {
    do { return try base.applyInverse(to: &U) } catch { preconditionFailure("\(error)") }
  }
  /// Applies `base`.
  public func applyInverse(to U: inout LinkField<Base.Group>) throws(InversionFailure) -> Lanes {
    base.apply(to: &U)
  }
}

/// Bijections one after the other.
public struct BijectionChain<Group: GaugeGroup>: Bijection {
  /// The maps in the order of application.
  public let maps: [any Bijection<Group>]
  /// Chains maps.
  public init(_ maps: [any Bijection<Group>]) { self.maps = maps }
  /// Applies all maps and returns the sum of their `log|det|`.
  public func apply(to U: inout LinkField<Group>) -> Lanes {
    var logDet = Lanes.zero
    for map in maps { logDet += map.apply(to: &U) }
    return logDet
  }
  /// Applies all inverses in the opposite order.
  public func applyInverse(to U: inout LinkField<Group>) throws(InversionFailure) -> Lanes {
    var logDet = Lanes.zero
    for map in maps.reversed() { logDet += try map.applyInverse(to: &U) }
    return logDet
  }
}
