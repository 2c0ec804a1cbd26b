import LaneMath
import LatticeActions
import LatticeFields

/// The action of the variables `V` of an invertible map `U = f(V)`, so that `V` is distributed as
/// `exp(-S_eff)` where `U` is as `exp(-S)` (Lüscher, arXiv:0907.5491).
///
///     S_eff(V) = S(f(V)) - log|det ∂f/∂V|,    ∂S_eff = f^* ∂S - ∂ log|det ∂f/∂V|
///
/// With a map that trivialises the theory `S_eff` is constant and the links `V` are free; with any
/// other one it is as exact. Hybrid Monte Carlo of this action is the field-transformation algorithm.
/// Invariant under gauge transformations where the map is covariant.
///
/// Accuracy: value and force are those of the map as it is computed. Where a network in single precision
/// is part of it, the force is a function of `V` with a relative rounding of 1e-7, so that trajectories
/// are reversible to some 1e-6 instead of 1e-12.
///
/// Complexity: a value is one evaluation of the map and of `S`, a gradient one evaluation with pullback
/// and one gradient of `S`. Allocates at the first call of each thread only, if the map does.
public struct TransformedAction<Base: GaugeAction>: GaugeAction {
  /// The group of the links.
  public typealias Group = Base.Group
  /// The action `S` of the fields `U`.
  public let base: Base
  /// The map `f` from `V` to `U`.
  public let map: any DifferentiableBijection<Base.Group>
  @usableFromInline let pool: TransformPool<Base.Group>

  /// The action of `base` in the variables of a map.
  ///
  /// - Parameter lattice: a lattice that the map accepts.
  public init(
    _ base: Base, through map: any DifferentiableBijection<Base.Group>, on lattice: Lattice
  ) {
    self.base = base
    self.map = map
    pool = TransformPool(lattice)
  }

  /// `S(f(V)) - log|det ∂f/∂V|`.
  @inlinable
  public func value(of V: LinkField<Base.Group>) -> Lanes {
    let fields = pool.take()
    defer { pool.giveBack(fields) }
    fields.U.copy(from: V)
    let logDet = map.apply(to: &fields.U)
    return base.value(of: fields.U) - logDet
  }

  /// Adds the multiple of the gradient.
  @inlinable
  public func accumulateGradient(
    of V: LinkField<Base.Group>, scaledBy factor: Double,
    into gradient: inout AlgebraField<Base.Group>
  ) {
    let fields = pool.take()
    defer { pool.giveBack(fields) }
    fields.U.copy(from: V)
    _ = map.applyWithGradient(
      to: &fields.U, gradient: &fields.gradient, logDetWeight: Lanes(repeating: -1)
    ) { U, derivative in
      derivative.reset()
      base.accumulateGradient(of: U, scaledBy: 1, into: &derivative)
    }
    let factor = Lanes(repeating: factor)
    fields.gradient.elements.withUnsafeBufferPointer { own in
      gradient.elements.withUnsafeMutableBufferPointer { sum in
        for link in sum.indices { sum[link] = sum[link].adding(factor, own[link]) }
      }
    }
  }
}

/// A field and a gradient for each thread that computes.
@usableFromInline
final class TransformPool<Group: GaugeGroup>: Sendable {
  private let pool: ObjectPool<Fields>

  /// Working memory on a lattice.
  init(_ lattice: Lattice) { pool = ObjectPool { Fields(lattice) } }

  @usableFromInline func take() -> Fields { pool.take() }
  @usableFromInline func giveBack(_ fields: Fields) { pool.giveBack(fields) }

  /// What one thread works with.
  @usableFromInline
  final class Fields {
    @usableFromInline var U: LinkField<Group>
    @usableFromInline var gradient: AlgebraField<Group>

    init(_ lattice: Lattice) {
      U = LinkField(coldStart: lattice)
      gradient = AlgebraField(zero: lattice)
    }
  }
}
