import LaneMath
import LatticeFields

extension U1: ResidualGroup {
  /// 1.
  public static var lipschitzPerCoefficient: Double { 1 }

  /// `exp(i φ) S`.
  @inline(__always)
  public static func product(of U: U1, times S: ComplexLanes) -> ComplexLanes {
    let (sine, cosine) = sincos(U.angle)
    return ComplexLanes(cosine, sine) * S
  }

  /// `(2 sin((α - β)/2))²`.
  @inline(__always)
  public static func squaredDistance(_ a: U1, _ b: U1) -> Lanes {
    let chord = 2 * sin(0.5 * (a.angle - b.angle))
    return chord * chord
  }

  /// None.
  public static var residualScratchCount: Int { 0 }

  /// `Z = Im Ω`, `J = 1 + Re Ω`.
  @inline(__always)
  public static func residualStep(_ omega: ComplexLanes, scratch: UnsafeMutablePointer<Lanes>)
    -> (factor: U1, logDet: Lanes)
  { (U1(angle: omega.im), log1p(omega.re)) }

  /// `H = i g + b/J`.
  @inline(__always)
  public static func residualPullback(
    _ omega: ComplexLanes, cotangent g: U1Algebra, logDet b: Lanes,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> (link: U1Algebra, omega: ComplexLanes) {
    // Re((x + i y) dΩ) = x d Re Ω - y d Im Ω.
    (g, ComplexLanes(b / (1 + omega.re), -g.value))
  }

  /// `d log det J/dφ = -Im Ω/J`.
  @inline(__always)
  public static func residualScore(
    _ omega: ComplexLanes, score s: U1Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> (score: U1Algebra, omega: ComplexLanes) {
    let inverse = 1 / (1 + omega.re)
    let a = inverse * multiplyAdd(inverse, omega.im, s.value)
    return (U1Algebra(value: a), ComplexLanes(inverse, -a))
  }

  /// `X/J`.
  @inline(__always)
  public static func residualCorrection(
    _ omega: ComplexLanes, defect X: U1Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> U1Algebra { U1Algebra(value: X.value / (1 + omega.re)) }
}

/// The step of SU(2) for `Ω = w_0 + i σ·w`: `Z = w`, `ad_Z Y = -w × Y`, and `Σ = w_0/2` is a multiple
/// of the unit matrix.
///
///     log det J = log(1 + w_0/2) + 2 log(τ + w_0/2) + 2 log D,   δ = |w|
///     (τ + Σ)^{-1} v = v/(1 + w_0/2) - σ/((1 + w_0/2)(τ + w_0/2)) w × (w × v)
private struct QuaternionStep {
  var half: Lanes
  var Z: SU2Algebra
  var square, sigma, tau, sine: Lanes

  @inline(__always)
  init(_ omega: Quaternion) {
    half = 0.5 * omega.a0
    Z = SU2Algebra(projecting: omega)
    square = Z.dot(Z)
    sigma = ResidualSeries.sigma(square)
    tau = negativeMultiplyAdd(square, sigma, Lanes(repeating: 1))
    sine = ResidualSeries.sine(square)
  }

  @inline(__always)
  var factor: SU2 {
    let ratio = 0.5 * sine
    return SU2(unchecked: Quaternion(tau * sine, ratio * Z.x, ratio * Z.y, ratio * Z.z))
  }

  /// `(τ + Σ)^{-1} v`.
  @inline(__always)
  func solve(_ v: SU2Algebra) -> SU2Algebra {
    let along = 1 / (1 + half)
    let factor = -(sigma * along) / (tau + half)
    return (along * v).adding(factor, Z.cross(Z.cross(v)))
  }

  /// `e^{ad/2} D^{-1} v = (τ + ½ ad) v`, which leaves the direction of `Z` alone.
  @inline(__always)
  func turn(_ v: SU2Algebra) -> SU2Algebra {
    let first = Z.cross(v)
    return v.adding(Lanes(repeating: -0.5), first).adding(sigma, Z.cross(first))
  }

  /// `∂ log det J/∂Ω`.
  @inline(__always)
  var gradient: Quaternion {
    let rest = 1 / (tau + half)
    let slope = ResidualSeries.dividedDifference(square, square)
    let radial = multiplyAdd(2 * slope, rest, sigma)
    return Quaternion(
      0.5 * multiplyAdd(Lanes(repeating: 0.5), 1 / (1 + half), rest), radial * Z.x,
      radial * Z.y, radial * Z.z)
  }
}

extension SU2: ResidualGroup {
  /// ½.
  public static var lipschitzPerCoefficient: Double { 0.5 }

  /// `U S`.
  @inline(__always)
  public static func product(of U: SU2, times S: Quaternion) -> Quaternion { U.quaternion * S }

  /// Twice the squared length of the difference of the quaternions.
  @inline(__always)
  public static func squaredDistance(_ a: SU2, _ b: SU2) -> Lanes {
    2 * (a.quaternion + Lanes(repeating: -1) * b.quaternion).squaredNorm
  }

  /// None.
  public static var residualScratchCount: Int { 0 }

  /// In closed form.
  @inline(__always)
  public static func residualStep(_ omega: Quaternion, scratch: UnsafeMutablePointer<Lanes>)
    -> (factor: SU2, logDet: Lanes)
  {
    let step = QuaternionStep(omega)
    let across = step.sine * (step.tau + step.half)
    return (step.factor, log((1 + step.half) * across * across))
  }

  /// In closed form.
  @inline(__always)
  public static func residualPullback(
    _ omega: Quaternion, cotangent g: SU2Algebra, logDet b: Lanes,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> (link: SU2Algebra, omega: Quaternion) {
    let step = QuaternionStep(omega)
    // dexp_{-Z} g = g + (1 - cos δ)/δ² Z × g + (δ - sin δ)/δ³ Z × (Z × g).
    let first = step.Z.cross(g)
    let y = g.adding(0.5 * step.sine * step.sine, first)
      .adding(ResidualSeries.cubic(step.square), step.Z.cross(first))
    let H = b * step.gradient + Quaternion(.zero, -0.5 * y.x, -0.5 * y.y, -0.5 * y.z)
    return (step.factor.adjoint.adjointAction(on: g), H)
  }

  /// In closed form.
  @inline(__always)
  public static func residualScore(
    _ omega: Quaternion, score s: SU2Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> (score: SU2Algebra, omega: Quaternion) {
    let step = QuaternionStep(omega)
    let gradient = step.gradient
    let y = step.solve(s + SU2Algebra(projecting: omega * gradient))
    return (
      step.turn(y), gradient + Quaternion(.zero, -0.5 * y.x, -0.5 * y.y, -0.5 * y.z)
    )
  }

  /// In closed form.
  @inline(__always)
  public static func residualCorrection(
    _ omega: Quaternion, defect X: SU2Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> SU2Algebra {
    let step = QuaternionStep(omega)
    return step.solve(step.turn(X))
  }
}
