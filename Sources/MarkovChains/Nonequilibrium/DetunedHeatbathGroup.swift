import LaneMath
import LatticeActions
import LatticeFields

/// A group whose single-link heatbath can be drawn at one sum of staples and weighed at another.
///
/// The staples come in two parts, `A` and `B`, each with a coupling to draw at and one to weigh with:
/// the link is drawn from `p_F(U) = exp(Re tr(U F)) / z(F)` with `F = f_A A + f_B B`, and
///
///     log p_W(U) - log p_F(U) = Re tr[U (W - F)] + log z(F) - log z(W),    W = w_A A + w_B B
///
/// is added to a sum. A group that updates subgroup after subgroup adds this for the conditional
/// density in each of them. The mean of the exponential is 1 for all couplings.
public protocol DetunedHeatbathGroup: HeatbathGroup {
  /// Draws a link and adds the logarithm of the ratio of densities.
  static func detunedHeatbath(
    _ link: inout Self, staples: (UnsafePointer<Matrix>, UnsafePointer<Matrix>),
    drawn: (Double, Double), weighed: (Double, Double), ratio: inout LogRatioSum,
    using generator: inout LaneGenerator)
  /// The same where there is one part. There is a default.
  static func detunedHeatbath(
    _ link: inout Self, staple A: UnsafePointer<Matrix>, drawn: Double, weighed: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator)
}

extension DetunedHeatbathGroup {
  /// Nothing in the other part.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout Self, staple A: UnsafePointer<Matrix>, drawn: Double, weighed: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    var zero = zeroMatrix
    withUnsafePointer(to: &zero) { zero in
      detunedHeatbath(
        &link, staples: (A, zero), drawn: (drawn, 0), weighed: (weighed, 0), ratio: &ratio,
        using: &generator)
    }
  }
}

extension U1: DetunedHeatbathGroup {
  /// `θ = v - arg F`, `v` from the von Mises distribution; `z(F) = I_0(|F|)`.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout U1, staples: (UnsafePointer<ComplexLanes>, UnsafePointer<ComplexLanes>),
    drawn: (Double, Double), weighed: (Double, Double), ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) {
    let A = staples.0.pointee, B = staples.1.pointee
    let F = ComplexLanes(
      drawn.0 * A.re + drawn.1 * B.re, drawn.0 * A.im + drawn.1 * B.im)
    let W = ComplexLanes(
      weighed.0 * A.re + weighed.1 * B.re, weighed.0 * A.im + weighed.1 * B.im)
    let f = F.squaredMagnitude
    let angle = wrapAngle(generator.vonMises(concentration: sqrt(f)) - atan2(F.im, F.re))
    link = U1(angle: angle)
    let (s, c) = sincos(angle)
    // Re[e^{iθ}(W - F)].
    ratio.addBesselI0(
      exponent: negativeMultiplyAdd(s, W.im - F.im, c * (W.re - F.re)), squared: f,
      over: W.squaredMagnitude)
  }

  /// `θ = v - arg A`.
  @inlinable
  public static func detunedHeatbath(
    _ link: inout U1, staple A: UnsafePointer<ComplexLanes>, drawn: Double, weighed: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    let size = sqrt(A.pointee.squaredMagnitude)
    let f = drawn * size, w = weighed * size
    let angle = generator.vonMises(concentration: f)
    link = U1(angle: wrapAngle(angle - atan2(A.pointee.im, A.pointee.re)))
    ratio.addBesselI0(exponent: (w - f) * cos(angle), squared: f * f, over: w * w)
  }
}

extension SU2: DetunedHeatbathGroup {
  /// `U = g V†` with `V = F/|F|`, `g` of density `exp(2 |F| g_0)`; `z(F) = 2 I_1(x)/x` at `x = 2 |F|`.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU2, staples: (UnsafePointer<Quaternion>, UnsafePointer<Quaternion>),
    drawn: (Double, Double), weighed: (Double, Double), ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) {
    link =
      SU2(
        unchecked: Quaternion.detunedHeatbath(
          staples.0.pointee, staples.1.pointee, drawn: drawn, weighed: weighed, ratio: &ratio,
          using: &generator)
      ).reunitarized
  }

  /// The multiples of one direction.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU2, staple A: UnsafePointer<Quaternion>, drawn: Double, weighed: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    link =
      SU2(
        unchecked: Quaternion.detunedHeatbath(
          A.pointee, drawn: drawn, weighed: weighed, ratio: &ratio, using: &generator)
      ).reunitarized
  }
}

extension SU: DetunedHeatbathGroup {
  /// A detuned heatbath in every SU(2) subgroup.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU, staples: (UnsafePointer<ComplexMatrix<N>>, UnsafePointer<ComplexMatrix<N>>),
    drawn: (Double, Double), weighed: (Double, Double), ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) {
    link.updateSubgroups(staples: staples.0, staples.1) { q, p in
      Quaternion.detunedHeatbath(
        q, p, drawn: drawn, weighed: weighed, ratio: &ratio, using: &generator)
    }
    link.reunitarize()
  }

  /// A detuned heatbath in every SU(2) subgroup, of multiples of one matrix.
  @inlinable @inline(__always)
  public static func detunedHeatbath(
    _ link: inout SU, staple A: UnsafePointer<ComplexMatrix<N>>, drawn: Double, weighed: Double,
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) {
    link.updateSubgroups(staple: A) { q in
      Quaternion.detunedHeatbath(
        q, drawn: drawn, weighed: weighed, ratio: &ratio, using: &generator)
    }
    link.reunitarize()
  }
}

extension Quaternion {
  /// A unit quaternion `R` of density `exp(2 Re(R F))`, weighed with `exp(2 Re(R W))`.
  ///
  ///     F = drawn.0 q + drawn.1 p,    W = weighed.0 q + weighed.1 p
  @inlinable @inline(__always)
  static func detunedHeatbath(
    _ q: Quaternion, _ p: Quaternion, drawn: (Double, Double), weighed: (Double, Double),
    ratio: inout LogRatioSum, using generator: inout LaneGenerator
  ) -> Quaternion {
    let F = Quaternion.combination(drawn, q, p)
    let (v, size) = F.directionAndNorm
    let concentration = 2 * size
    let g = Quaternion.heatbath(concentration: concentration, using: &generator)
    let R = g * v.adjoint
    // Re[R (W - F)], in which nothing cancels.
    let D = Quaternion.combination((weighed.0 - drawn.0, weighed.1 - drawn.1), q, p)
    var difference = R.a0 * D.a0
    difference = negativeMultiplyAdd(R.a1, D.a1, difference)
    difference = negativeMultiplyAdd(R.a2, D.a2, difference)
    difference = negativeMultiplyAdd(R.a3, D.a3, difference)
    let W = Quaternion.combination(weighed, q, p)
    ratio.addBesselI1(
      exponent: 2 * difference, squared: concentration * concentration,
      over: 4 * W.squaredNorm)
    return R
  }

  /// A unit quaternion `R` of density `exp(2 drawn Re(R q))`, weighed with `exp(2 weighed Re(R q))`.
  @inlinable @inline(__always)
  static func detunedHeatbath(
    _ q: Quaternion, drawn: Double, weighed: Double, ratio: inout LogRatioSum,
    using generator: inout LaneGenerator
  ) -> Quaternion {
    let (v, size) = q.directionAndNorm
    let f = (2 * drawn) * size, w = (2 * weighed) * size
    let g = Quaternion.heatbath(concentration: f, using: &generator)
    ratio.addBesselI1(exponent: (w - f) * g.a0, squared: f * f, over: w * w)
    return g * v.adjoint
  }

  /// `c.0 q + c.1 p`.
  @inlinable @inline(__always)
  static func combination(_ c: (Double, Double), _ q: Quaternion, _ p: Quaternion) -> Quaternion {
    let a = Lanes(repeating: c.0), b = Lanes(repeating: c.1)
    return Quaternion(
      multiplyAdd(a, q.a0, b * p.a0), multiplyAdd(a, q.a1, b * p.a1),
      multiplyAdd(a, q.a2, b * p.a2), multiplyAdd(a, q.a3, b * p.a3))
  }
}
