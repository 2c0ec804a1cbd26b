import LaneMath
import LatticeActions
import LatticeFields

/// A group whose single-link heatbath can be drawn at one staple sum and weighed at another.
///
/// Both matrices contain the couplings: the link is drawn from `p_F(U) = exp(Re tr(U F)) / z(F)`, and
///
///     log p_B(U) - log p_F(U) = Re tr[U (B - F)] + log z(F) - log z(B)
///
/// is added to a sum. A group that updates subgroup after subgroup adds this for the conditional
/// density in each of them. The mean of the exponential is 1 for every `F` and `B`.
public protocol DetunedHeatbathGroup: HeatbathGroup {
  /// Draws a link and adds the logarithm of the ratio of densities.
  static func detunedHeatbath(
    _ link: inout Self, forward F: UnsafePointer<Matrix>, backward B: UnsafePointer<Matrix>,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator)
  /// The same for multiples of one matrix, `F = forward A` and `B = backward A`. There is a default.
  static func detunedHeatbath(
    _ link: inout Self, staple A: UnsafePointer<Matrix>, forward: Double, backward: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator)
}

extension DetunedHeatbathGroup {
  /// The multiples, made explicitly.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout Self, staple A: UnsafePointer<Matrix>, forward: Double, backward: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    var F = zeroMatrix, B = zeroMatrix
    add(A.pointee, scaledBy: Lanes(repeating: forward), to: &F)
    add(A.pointee, scaledBy: Lanes(repeating: backward), to: &B)
    detunedHeatbath(&link, forward: &F, backward: &B, ratio: &ratio, using: &generator)
  }
}

extension U1: DetunedHeatbathGroup {
  /// `θ = v - arg F`, `v` from the von Mises distribution; `z = I_0`.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout U1, forward F: UnsafePointer<ComplexLanes>,
    backward B: UnsafePointer<ComplexLanes>, ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) {
    let f = sqrt(F.pointee.squaredMagnitude), b = sqrt(B.pointee.squaredMagnitude)
    let angle = generator.vonMises(concentration: f)
    let drawn = wrapAngle(angle - atan2(F.pointee.im, F.pointee.re))
    link = U1(angle: drawn)
    let (s, c) = sincos(drawn)
    // Re[e^{iθ}(B - F)].
    let exponent = negativeMultiplyAdd(
      s, B.pointee.im - F.pointee.im, c * (B.pointee.re - F.pointee.re))
    ratio.add(exponent: exponent, numerator: .besselI0(f), denominator: .besselI0(b))
  }

  /// `θ = v - arg A`.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout U1, staple A: UnsafePointer<ComplexLanes>, forward: Double, backward: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    let size = sqrt(A.pointee.squaredMagnitude)
    let f = forward * size, b = backward * size
    let angle = generator.vonMises(concentration: f)
    link = U1(angle: wrapAngle(angle - atan2(A.pointee.im, A.pointee.re)))
    ratio.add(
      exponent: (b - f) * cos(angle), numerator: .besselI0(f), denominator: .besselI0(b))
  }
}

extension SU2: DetunedHeatbathGroup {
  /// `U = g V†` with `V = F/|F|`, `g` of density `exp(2 |F| g_0)`; `z = 2 I_1(x)/x` at `x = 2 |F|`.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU2, forward F: UnsafePointer<Quaternion>, backward B: UnsafePointer<Quaternion>,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    let q = F.pointee, p = B.pointee
    let R = Quaternion.detunedHeatbath(q, p, ratio: &ratio, using: &generator)
    link = SU2(unchecked: R).reunitarized
  }

  /// The multiples of one direction.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU2, staple A: UnsafePointer<Quaternion>, forward: Double, backward: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    let R = Quaternion.detunedHeatbath(
      A.pointee, forward: forward, backward: backward, ratio: &ratio, using: &generator)
    link = SU2(unchecked: R).reunitarized
  }
}

extension SU: DetunedHeatbathGroup {
  /// A detuned heatbath in every SU(2) subgroup.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU, forward F: UnsafePointer<ComplexMatrix<N>>,
    backward B: UnsafePointer<ComplexMatrix<N>>, ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) {
    link.updateSubgroups(staples: F, B) { q, p in
      Quaternion.detunedHeatbath(q, p, ratio: &ratio, using: &generator)
    }
    link.reunitarize()
  }

  /// A detuned heatbath in every SU(2) subgroup, of multiples of one matrix.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU, staple A: UnsafePointer<ComplexMatrix<N>>, forward: Double, backward: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    link.updateSubgroups(staple: A) { q in
      Quaternion.detunedHeatbath(
        q, forward: forward, backward: backward, ratio: &ratio, using: &generator)
    }
    link.reunitarize()
  }
}

extension Quaternion {
  /// A unit quaternion `R` of density `exp(2 Re(R q))`, weighed with `exp(2 Re(R p))`.
  @inlinable @inline(__always)
  static func detunedHeatbath(
    _ q: Quaternion, _ p: Quaternion, ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) -> Quaternion {
    let (v, size) = q.directionAndNorm
    let concentration = 2 * size
    let g = Quaternion.heatbath(concentration: concentration, using: &generator)
    let R = g * v.adjoint
    // Re(R (p - q)), and no more digits lost than p and q have in common.
    var difference = R.a0 * (p.a0 - q.a0)
    difference = negativeMultiplyAdd(R.a1, p.a1 - q.a1, difference)
    difference = negativeMultiplyAdd(R.a2, p.a2 - q.a2, difference)
    difference = negativeMultiplyAdd(R.a3, p.a3 - q.a3, difference)
    ratio.add(
      exponent: 2 * difference, numerator: .besselI1(concentration),
      denominator: .besselI1(2 * sqrt(p.squaredNorm)))
    return R
  }

  /// A unit quaternion `R` of density `exp(2 forward Re(R q))`, weighed with `exp(2 backward Re(R q))`.
  @inlinable @inline(__always)
  static func detunedHeatbath(
    _ q: Quaternion, forward: Double, backward: Double, ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) -> Quaternion {
    let (v, size) = q.directionAndNorm
    let f = (2 * forward) * size, b = (2 * backward) * size
    let g = Quaternion.heatbath(concentration: f, using: &generator)
    ratio.add(
      exponent: (b - f) * g.a0, numerator: .besselI1(f), denominator: .besselI1(b))
    return g * v.adjoint
  }
}
