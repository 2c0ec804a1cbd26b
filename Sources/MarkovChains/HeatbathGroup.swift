import LaneMath
import LatticeActions
import LatticeFields

/// A group whose single-link distribution `exp(κ Re tr(U A))` can be sampled, and reflected, exactly.
///
/// For a group without a direct sampler the methods update subgroup after subgroup of the given link,
/// each exactly (Cabibbo and Marinari, Phys. Lett. B 119 (1982) 387): what is needed is that the
/// distribution is left invariant.
public protocol HeatbathGroup: GaugeGroup {
  /// Draws a link from the density proportional to `exp(coupling Re tr(U A))`, or updates it so that
  /// this is left invariant.
  static func heatbath(
    _ link: inout Self, staple A: UnsafePointer<Matrix>, coupling: Double,
    using generator: inout LaneGenerator)
  /// Moves a link far, to one with the same `Re tr(U A)`, by a map that is its own inverse and
  /// preserves the Haar measure (or a sequence of such maps).
  static func overrelax(_ link: inout Self, staple A: UnsafePointer<Matrix>)
}

extension U1: HeatbathGroup {
  /// `θ = v - arg A`, `v` from the von Mises distribution of concentration `coupling |A|`.
  @inlinable
  public static func heatbath(
    _ link: inout U1, staple A: UnsafePointer<ComplexLanes>, coupling: Double,
    using generator: inout LaneGenerator
  ) {
    let angle = generator.vonMises(concentration: coupling * sqrt(A.pointee.squaredMagnitude))
    link = U1(angle: wrapAngle(angle - atan2(A.pointee.im, A.pointee.re)))
  }

  /// `θ -> -2 arg A - θ`.
  @inlinable
  public static func overrelax(_ link: inout U1, staple A: UnsafePointer<ComplexLanes>) {
    link = U1(angle: wrapAngle(-2 * atan2(A.pointee.im, A.pointee.re) - link.angle))
  }
}

extension SU2: HeatbathGroup {
  /// `U = g V†` with `V = A/|A|`, and `g` of density `exp(2 coupling |A| g_0)`.
  @inlinable @inline(__always)
  public static func heatbath(
    _ link: inout SU2, staple A: UnsafePointer<Quaternion>, coupling: Double,
    using generator: inout LaneGenerator
  ) {
    let (V, size) = A.pointee.directionAndNorm
    let g = Quaternion.heatbath(concentration: (2 * coupling) * size, using: &generator)
    link = SU2(unchecked: g * V.adjoint).reunitarized
  }

  /// `U -> V† U† V†`.
  @inlinable @inline(__always)
  public static func overrelax(_ link: inout SU2, staple A: UnsafePointer<Quaternion>) {
    let V = A.pointee.directionAndNorm.direction.adjoint
    link = SU2(unchecked: V * link.quaternion.adjoint * V).reunitarized
  }
}

extension SU: HeatbathGroup {
  /// A heatbath in every SU(2) subgroup: `R = g v†` with `v = q/|q|`, and `g` of density
  /// `exp(2 coupling |q| g_0)`.
  @inlinable @inline(__always)
  public static func heatbath(
    _ link: inout SU, staple A: UnsafePointer<ComplexMatrix<N>>, coupling: Double,
    using generator: inout LaneGenerator
  ) {
    link.updateSubgroups(staple: A) { q in
      let (v, size) = q.directionAndNorm
      return Quaternion.heatbath(concentration: (2 * coupling) * size, using: &generator)
        * v.adjoint
    }
    link.reunitarize()
  }

  /// A reflection in every SU(2) subgroup: `R = (v†)²`.
  @inlinable @inline(__always)
  public static func overrelax(_ link: inout SU, staple A: UnsafePointer<ComplexMatrix<N>>) {
    link.reflectSubgroups(staple: A)
    link.reunitarize()
  }
}
