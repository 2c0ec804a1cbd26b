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
/// A trained flow stretches the regions of small probability: there the force can be a thousand times
/// larger than elsewhere, on an interval so short that no step resolves it. `forceLimit` softens it,
///
///     force on a link g -> g / √(1 + g²/limit²)
///
/// Kicks by any function of `V` preserve volume and are reversible, and the acceptance step uses `S_eff`
/// itself, so that hybrid Monte Carlo stays exact.
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

  /// The length that softened forces on a link stay below; nil for the gradient itself.
  public let forceLimit: Double?

  /// The action of `base` in the variables of a map.
  ///
  /// - Parameters:
  ///   - lattice: a lattice that the map accepts.
  ///   - forceLimit: the length that forces on a link stay below, positive; nil for none.
  public init(
    _ base: Base, through map: any DifferentiableBijection<Base.Group>, on lattice: Lattice,
    forceLimit: Double? = nil
  ) {
    precondition(forceLimit ?? 1 > 0, "force limit \(forceLimit ?? 0), expected a positive number")
    self.base = base
    self.map = map
    self.forceLimit = forceLimit
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

  /// Adds the multiple of the gradient, softened where there is a limit.
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
    let inverseSquare = Lanes(repeating: forceLimit.map { 1 / ($0 * $0) } ?? 0)
    let one = Lanes(repeating: 1), factor = Lanes(repeating: factor)
    fields.gradient.elements.withUnsafeBufferPointer { own in
      gradient.elements.withUnsafeMutableBufferPointer { sum in
        for link in sum.indices {
          let softening = sqrt(multiplyAdd(own[link].dot(own[link]), inverseSquare, one))
          sum[link] = sum[link].adding(factor / softening, own[link])
        }
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
