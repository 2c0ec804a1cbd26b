import LaneMath
import LatticeActions
import LatticeFields

/// A group whose single-link distribution `exp(κ Re tr(U A))` can be sampled, and reflected, exactly.
///
/// For a group without a direct sampler the methods may update subgroup after subgroup of the given
/// link, each exactly (Cabibbo and Marinari, Phys. Lett. B 119 (1982) 387): what is needed is that
/// the distribution is left invariant.
public protocol HeatbathGroup: GaugeGroup {
  /// A link from the density proportional to `exp(coupling Re tr(U A))`, or an update of `link` that
  /// leaves it invariant.
  static func heatbath(
    _ link: Self, staple A: Matrix, coupling: Double, using generator: inout LaneGenerator
  ) -> Self
  /// A link far from `link` with the same `Re tr(U A)`, by a map that is its own inverse and
  /// preserves the Haar measure (or a sequence of such maps).
  static func overrelaxed(_ link: Self, staple A: Matrix) -> Self
}

extension U1: HeatbathGroup {
  /// `θ = v - arg A`, `v` from the von Mises distribution of concentration `coupling |A|`.
  @inlinable
  public static func heatbath(
    _ link: U1, staple A: ComplexLanes, coupling: Double, using generator: inout LaneGenerator
  ) -> U1 {
    let angle = generator.vonMises(concentration: coupling * sqrt(A.squaredMagnitude))
    return U1(angle: wrapAngle(angle - atan2(A.im, A.re)))
  }
  /// `θ -> -2 arg A - θ`.
  @inlinable
  public static func overrelaxed(_ link: U1, staple A: ComplexLanes) -> U1 {
    U1(angle: wrapAngle(-2 * atan2(A.im, A.re) - link.angle))
  }
}
