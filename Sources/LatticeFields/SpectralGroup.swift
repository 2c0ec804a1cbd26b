import LaneMath

/// A group with the maps that need eigenvalues, or could be had from them: logarithm, differential of
/// the exponential, projection of matrices.
///
/// Conventions: coordinates and generators are those of ``GaugeGroup``; `ad_X Y = X Y - Y X` and
/// `Ad_U Y = U Y U†`. All maps act lane by lane: no lane's answer depends on another lane, to the
/// bit.
public protocol SpectralGroup: GaugeGroup {
  /// The `X` of smallest length with `exp X = U`: the geodesic from the unit element to `U`.
  ///
  /// It is unique, and continuous, where no two eigenphases of it differ by 2π: for U(1) where
  /// `φ ≠ π`, for SU(2) where `U ≠ -1`. Elsewhere one of several is returned. `log(exp X) = X` where
  /// all eigenphases of `X` differ by less than 2π; `|X| < 2π` is enough for SU(N), `|X| < π` for
  /// U(1).
  var logarithm: Algebra { get }

  /// `ad_X Y = X Y - Y X`.
  static func bracket(_ X: Algebra, _ Y: Algebra) -> Algebra

  /// The differential of the exponential map, turned to the unit element by right multiplication.
  ///
  ///     d/dε exp(X + ε Y) = Z exp(X),   Z = Σ_k ad_X^k Y / (k+1)! = φ(ad_X) Y,   φ(z) = (e^z - 1)/z
  ///
  /// Accuracy: rounding, at any `X`. Nothing is divided by a difference of eigenvalues: `φ` of such a
  /// difference is `e^{iδ/2} sin(δ/2)/(δ/2)`.
  static func expDifferential(_ X: Algebra, _ Y: Algebra) -> Algebra

  /// The inverse of ``expDifferential(_:_:)``: the `Y` for which `Z = expDifferential(X, Y)`.
  ///
  /// Its condition grows without bound where two eigenphases of `X` differ by nearly a multiple of 2π
  /// other than 0: the exponential map is singular there.
  static func expDifferentialInverse(_ X: Algebra, _ Z: Algebra) -> Algebra

  /// `Ad_U X = U X U†`: a rotation of the coordinates.
  func adjointAction(on X: Algebra) -> Algebra

  /// The unitary factor of the polar decomposition of a matrix, divided by the `N`-th root of its
  /// determinant that has the smallest phase.
  ///
  /// Equivariant: `projection(g M h) = g projection(M) h` for elements `g`, `h` of the group. Jumps
  /// where the determinant is real and negative. For two colours and sums of group elements, which are
  /// multiples of a group element, it is the nearest element. Not finite where the matrix is singular.
  static func projection(of M: Matrix) -> Self

  /// Writes the `N` eigenphases in ascending order, each in `[-π, π]`; for SU(N) their sum is a
  /// multiple of 2π.
  func storeEigenphases(to pointer: UnsafeMutablePointer<Lanes>)
}

extension SpectralGroup {
  /// The transpose of ``expDifferential(_:_:)`` with respect to the product of coordinates:
  /// `Z · dexp_X(Y) = dexp_X^T(Z) · Y`. What pulls a gradient back through `exp`.
  ///
  ///     dexp_X^T = φ(-ad_X) = dexp_{-X},   because ad_X is antisymmetric
  @inlinable @inline(__always)
  public static func expDifferentialTranspose(_ X: Algebra, _ Z: Algebra) -> Algebra {
    expDifferential(Lanes(repeating: -1) * X, Z)
  }
}

extension U1: SpectralGroup {
  /// The phase in `(-π, π]`.
  @inlinable @inline(__always)
  public var logarithm: U1Algebra { U1Algebra(value: wrapAngle(angle)) }
  /// 0.
  @inlinable @inline(__always)
  public static func bracket(_ X: U1Algebra, _ Y: U1Algebra) -> U1Algebra { .zero }
  /// `Y`.
  @inlinable @inline(__always)
  public static func expDifferential(_ X: U1Algebra, _ Y: U1Algebra) -> U1Algebra { Y }
  /// `Z`.
  @inlinable @inline(__always)
  public static func expDifferentialInverse(_ X: U1Algebra, _ Z: U1Algebra) -> U1Algebra { Z }
  /// `X`.
  @inlinable @inline(__always)
  public func adjointAction(on X: U1Algebra) -> U1Algebra { X }
  /// The phase of a complex number.
  @inlinable @inline(__always)
  public static func projection(of M: ComplexLanes) -> U1 { U1(angle: atan2(M.im, M.re)) }
  /// The phase in `(-π, π]`.
  @inlinable @inline(__always)
  public func storeEigenphases(to pointer: UnsafeMutablePointer<Lanes>) {
    pointer[0] = wrapAngle(angle)
  }
}
