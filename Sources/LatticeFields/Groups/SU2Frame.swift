import LaneMath

/// The eigenvectors of an element of SU(2): its axis.
///
///     U = cos t + i sin t σ·n,   t in [0, π],   phases (-t, t)
///
/// In place of the two eigenvectors stand the axis `n` and two unit vectors `e_1`, `e_2` with
/// `e_1 × e_2 = n`: in the frame `σ·n` is `diag(-1, 1)`, `σ·e_1` is `σ_1`, `σ·e_2` is `-σ_2`. At
/// `U = ±1` the axis is the third one.
///
/// Accuracy: rounding, at every element.
@frozen
public struct SU2Frame: SpectralFrame {
  /// `n`.
  public var axis: SU2Algebra
  /// `e_1`.
  public var first: SU2Algebra
  /// `e_2`.
  public var second: SU2Algebra

  /// Finds the axis, and writes `-t` and `t`.
  @inlinable @inline(__always)
  public init(of U: SU2, phases: UnsafeMutablePointer<Lanes>) {
    let q = U.quaternion
    let length = sqrt(multiplyAdd(q.a1, q.a1, multiplyAdd(q.a2, q.a2, q.a3 * q.a3)))
    let angle = atan2(length, q.a0)
    phases[0] = -angle
    phases[1] = angle
    // Squares below this are not precise any more.
    let isCentral = length .< 1e-150
    let one = Lanes(repeating: 1)
    let inverse = select(isCentral, .zero, 1 / length)
    let x = inverse * q.a1, y = inverse * q.a2
    let z = select(isCentral, one, inverse * q.a3)
    // Duff et al., J. Computer Graphics Techniques 6 (2017) 1.
    let sign = copySign(one, z)
    let a = -1 / (sign + z)
    let b = x * y * a
    axis = SU2Algebra(x: x, y: y, z: z)
    first = SU2Algebra(x: multiplyAdd(sign * x, x * a, one), y: sign * b, z: -(sign * x))
    second = SU2Algebra(x: b, y: multiplyAdd(y, y * a, sign), z: -y)
  }

  /// `cos t + i sin t σ·n` with `t` half the difference of the phases.
  @inlinable @inline(__always)
  public func element(phases: UnsafePointer<Lanes>) -> SU2 {
    let (sine, cosine) = sincos(0.5 * (phases[1] - phases[0]))
    return SU2(unchecked: Quaternion(cosine, sine * axis.x, sine * axis.y, sine * axis.z))
  }

  /// `-X·n/2`, `X·n/2`, `-X·e_2/2`, `X·e_1/2`.
  @inlinable @inline(__always)
  public func storeCoordinates(
    of X: SU2Algebra, to coordinates: UnsafeMutablePointer<Lanes>
  ) {
    let along = 0.5 * X.dot(axis)
    coordinates[0] = -along
    coordinates[1] = along
    coordinates[2] = -0.5 * X.dot(second)
    coordinates[3] = 0.5 * X.dot(first)
  }

  /// `(x_2 - x_1) n + 2 Im z e_1 - 2 Re z e_2`.
  @inlinable @inline(__always)
  public func algebra(coordinates: UnsafePointer<Lanes>) -> SU2Algebra {
    ((coordinates[1] - coordinates[0]) * axis)
      .adding(2 * coordinates[3], first).adding(-2 * coordinates[2], second)
  }
}

extension SU2: EigenframeGroup {
  /// The axis and two vectors perpendicular to it.
  public typealias Frame = SU2Frame
}
