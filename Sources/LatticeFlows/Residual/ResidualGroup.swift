import LaneMath
import LatticeFields

/// A group whose links can take a residual step, `U' = exp(Z) U` with `Z = vec(U S)`.
///
///     Ω = U S,   S = Σ_i c_i A_i,   vec(Ω)_a = -Re tr(T_a Ω)
///
/// The derivatives of a step are simple in the coordinates in which `ad_Z` is diagonal. With `iδ` for
/// its eigenvalues, which are imaginary, and the even functions `D = sin(δ/2)/(δ/2)` and
/// `τ = (δ/2) cot(δ/2)` of it,
///
///     δZ = (Σ - ½ ad_Z) ξ,   Σ_ab = -½ Re tr({T_a, T_b} Ω)       for δU = ξ U,
///     δU' = (J ξ) U',   J = dexp_Z (Σ - ½ ad_Z) + Ad_exp(Z) = e^{ad_Z/2} D (τ + Σ),
///     log det J = log det D + log det(τ + Σ)
///
/// `dexp_Z = D e^{ad_Z/2}` is why. `τ + Σ` is symmetric; where `Σ_i |c_i|` times
/// ``lipschitzPerCoefficient`` is `L < 1`, it is positive and its inverse is bounded by `1/(1 - L)`,
/// because `|Jξ| >= (1 - L)|ξ|` on the whole segment from `Ω = 0`. It is therefore factorised without
/// pivoting.
///
/// No eigenvalue of `ad_Z` is larger than the norm of `Ω`, and so smaller than 2 for SU(N): even
/// functions are power series in `δ²` of 17 terms with a rest below 1e-16, divided differences
/// included, and nothing is lost where eigenvalues coincide.
///
/// Kernels take `residualScratchCount` numbers of working memory and allocate nothing; no lane's answer
/// depends on another lane.
public protocol ResidualGroup: SpectralGroup {
  /// The Lipschitz constant of `U -> vec(U S)` for one coefficient of 1: ½ for SU(N), 1 for U(1).
  static var lipschitzPerCoefficient: Double { get }
  /// `U S`.
  static func product(of U: Self, times S: Matrix) -> Matrix
  /// `tr (a - b)† (a - b)`.
  static func squaredDistance(_ a: Self, _ b: Self) -> Lanes

  /// The number of `Lanes` of working memory.
  static var residualScratchCount: Int { get }
  /// `exp(Z)` and `log det J`.
  ///
  /// - Precondition: the norm of `Ω` is below 2 for SU(N), below 1 for U(1).
  static func residualStep(_ omega: Matrix, scratch: UnsafeMutablePointer<Lanes>)
    -> (factor: Self, logDet: Lanes)
  /// The derivatives of `F(U') + b log det J`, where `g` is the left derivative of `F`.
  ///
  ///     d(F + b log det J) = link · ξ + Re tr(H dΩ),   link = Ad_exp(-Z) g,
  ///     H = -Σ_a (dexp_Z^T g)_a T_a + b ∂ log det J / ∂Ω
  ///
  /// `link` is the dependence on `U` at a fixed `Z`; `dΩ` is any complex matrix.
  static func residualPullback(
    _ omega: Matrix, cotangent g: Algebra, logDet b: Lanes, scratch: UnsafeMutablePointer<Lanes>
  ) -> (link: Algebra, omega: Matrix)
  /// `a = J^{-T}(s - d log det J/dU)`, and `H` of the pullback for `g = a`, `b = 1`.
  static func residualScore(
    _ omega: Matrix, score s: Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> (score: Algebra, omega: Matrix)
  /// The `ξ` for which `exp(ξ) U` has the image `exp(Z) exp(X) U`, to first order in `X`.
  ///
  /// - Precondition: `scratch` is as `residualStep` left it for the same `Ω`.
  static func residualCorrection(
    _ omega: Matrix, defect X: Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> Algebra
}

/// The even functions of a step, as power series in `u = δ²`.
///
/// Accuracy: the terms left out are below 1e-16 for `u <= 4.4`.
enum ResidualSeries {
  /// `σ = Σ_n b_n u^{n-1}`, `τ = 1 - u σ`: all `b_n = 2 ζ(2n)/(2π)^{2n}` are positive.
  @inline(__always)
  static func sigma(_ u: Lanes) -> Lanes {
    let b = coefficients
    var sum = Lanes(repeating: b[16])
    for n in 1..<17 { sum = multiplyAdd(sum, u, Lanes(repeating: b[16 &- n])) }
    return sum
  }

  /// The divided difference of `p(u) = u σ(u)`; its derivative where `u = v`.
  ///
  ///     p[u, v] = (p(u) - p(v))/(u - v) = Σ_n b_n (u^{n-1} + u^{n-2} v + .. + v^{n-1})
  ///
  /// A sum of positive terms, by Horner's rule for both factors.
  @inline(__always)
  static func dividedDifference(_ u: Lanes, _ v: Lanes) -> Lanes {
    let b = coefficients
    var value = Lanes(repeating: b[16])
    var quotient = value
    for n in 1..<17 {
      value = multiplyAdd(value, u, Lanes(repeating: b[16 &- n]))
      quotient = multiplyAdd(quotient, v, value)
    }
    return quotient
  }

  /// `D = sin(δ/2)/(δ/2)`.
  @inline(__always)
  static func sine(_ u: Lanes) -> Lanes {
    let c: InlineArray<10, Double> = [
      1.0, -0.041666666666666664, 0.0005208333333333333, -3.1001984126984127e-06,
      1.076457782186949e-08, -2.446494959515793e-11, 3.920664999224027e-14,
      -4.667458332409556e-17, 4.289943320229371e-20, -3.135923479699833e-23,
    ]
    var sum = Lanes(repeating: c[9])
    for k in 1..<10 { sum = multiplyAdd(sum, u, Lanes(repeating: c[9 &- k])) }
    return sum
  }

  /// `(δ - sin δ)/δ³`.
  @inline(__always)
  static func cubic(_ u: Lanes) -> Lanes {
    let c: InlineArray<11, Double> = [
      0.16666666666666666, -0.008333333333333333, 0.0001984126984126984,
      -2.7557319223985893e-06, 2.505210838544172e-08, -1.6059043836821613e-10,
      7.647163731819816e-13, -2.8114572543455206e-15, 8.22063524662433e-18,
      -1.9572941063391263e-20, 3.868170170630684e-23,
    ]
    var sum = Lanes(repeating: c[10])
    for k in 1..<11 { sum = multiplyAdd(sum, u, Lanes(repeating: c[10 &- k])) }
    return sum
  }

  @inline(__always)
  private static var coefficients: InlineArray<17, Double> {
    [
      0.08333333333333333, 0.001388888888888889, 3.306878306878307e-05, 8.267195767195768e-07,
      2.08767569878681e-08, 5.284190138687493e-10, 1.3382536530684679e-11,
      3.3896802963225827e-13, 8.586062056277845e-15, 2.174868698558062e-16,
      5.5090028283602295e-18, 1.3954464685812522e-19, 3.534707039629467e-21,
      8.953517427037546e-23, 2.267952452337683e-24, 5.744790668872202e-26,
      1.455172475614865e-27,
    ]
  }
}
