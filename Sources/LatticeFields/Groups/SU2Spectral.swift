import LaneMath

extension SU2 {
  /// Eigenvectors and eigenphases `-θ` and `θ`, `cos θ = a_0`, `θ` in `[0, π]`; in closed form.
  ///
  /// Accuracy: 1e-15, at `U = ±1` too, where the vectors are those of some direction.
  @inlinable
  public var eigensystem: Eigensystem<2> {
    let q = quaternion
    let length = sqrt(multiplyAdd(q.a1, q.a1, multiplyAdd(q.a2, q.a2, q.a3 * q.a3)))
    let angle = atan2(length, q.a0)
    let isCentral = length .== 0
    let inverse = select(isCentral, .zero, 1 / length)
    let one = Lanes(repeating: 1)
    let n1 = inverse * q.a1, n2 = inverse * q.a2
    let n3 = select(isCentral, one, inverse * q.a3)
    // V turns the third axis to n; for n in the lower half space by way of -n, and half a turn.
    let isLower = n3 .< 0
    let sign = select(isLower, -one, one)
    let v0 = sqrt(multiplyAdd(Lanes(repeating: 0.5), abs(n3), Lanes(repeating: 0.5)))
    let half = (0.5 * sign) / v0
    let upper = Quaternion(v0, half * n2, -(half * n1), .zero)
    let turned = upper * Quaternion(.zero, one, .zero, .zero)
    let V = Quaternion(
      select(isLower, turned.a0, upper.a0), select(isLower, turned.a1, upper.a1),
      select(isLower, turned.a2, upper.a2), select(isLower, turned.a3, upper.a3))
    var vectors = ComplexMatrix<2>()
    // The first column of V belongs to θ.
    vectors[0, 1] = ComplexLanes(V.a0, V.a3)
    vectors[1, 1] = ComplexLanes(-V.a2, V.a1)
    vectors[0, 0] = ComplexLanes(V.a2, V.a1)
    vectors[1, 0] = ComplexLanes(V.a0, -V.a3)
    return Eigensystem(vectors: vectors, phases: [-angle, angle])
  }
}

extension SU2: SpectralGroup {
  /// `2θ n` for `U = cos θ + i sin θ σ·n`; `2π` along the third axis for `U = -1`.
  @inlinable @inline(__always)
  public var logarithm: SU2Algebra {
    let q = quaternion
    let length = sqrt(multiplyAdd(q.a1, q.a1, multiplyAdd(q.a2, q.a2, q.a3 * q.a3)))
    let angle = atan2(length, q.a0)
    let isCentral = length .== 0
    let ratio = select(isCentral, Lanes(repeating: 2), 2 * angle / length)
    let turn = select(isCentral .& (q.a0 .< 0), Lanes(repeating: 2 * Double.pi), .zero)
    return SU2Algebra(x: ratio * q.a1, y: ratio * q.a2, z: multiplyAdd(ratio, q.a3, turn))
  }

  /// `-X × Y`.
  @inlinable @inline(__always)
  public static func bracket(_ X: SU2Algebra, _ Y: SU2Algebra) -> SU2Algebra { Y.cross(X) }

  /// `Y - (1 - cos r)/r² X × Y + (r - sin r)/r³ X × (X × Y)`, `r = |X|`.
  @inlinable @inline(__always)
  public static func expDifferential(_ X: SU2Algebra, _ Y: SU2Algebra) -> SU2Algebra {
    let square = X.dot(X)
    let r = sqrt(square)
    let h = 0.5 * r
    let sinc = select(h .== 0, Lanes(repeating: 1), sin(h) / h)
    let direct = (r - sin(r)) / (square * r)
    // 1/3! - r²/5! + ..
    let second = select(square .< 1, alternatingSeries(square) { _ in 1 }, direct)
    let first = X.cross(Y)
    return Y.adding(-0.5 * sinc * sinc, first).adding(second, X.cross(first))
  }

  /// `Z + ½ X × Z + (1 - h cot h)/r² X × (X × Z)`, `h = r/2`.
  @inlinable @inline(__always)
  public static func expDifferentialInverse(_ X: SU2Algebra, _ Z: SU2Algebra) -> SU2Algebra {
    let h = 0.5 * sqrt(X.dot(X))
    let square = h * h
    let (sine, cosine) = sincos(h)
    let direct = (sine - h * cosine) / (square * h)
    // 2/3! - 4 h²/5! + ..
    let part = select(square .< 1, alternatingSeries(square) { Double(2 * $0 + 2) }, direct)
    let second = 0.25 * part * select(h .== 0, Lanes(repeating: 1), h / sine)
    let first = X.cross(Z)
    return Z.adding(Lanes(repeating: 0.5), first).adding(second, X.cross(first))
  }

  /// `Σ_j (-1)^j w(j) x^j / (2j+3)!` for `x < 1`, to rounding.
  @inlinable @inline(__always)
  static func alternatingSeries(_ x: Lanes, _ weight: (Int) -> Double) -> Lanes {
    // 1/(2j+3)!, from j = 8 down.
    let inverses: InlineArray<9, Double> = [
      8.220635246624330e-18, 2.811457254345521e-15, 7.647163731819816e-13, 1.605904383682161e-10,
      2.505210838544172e-8, 2.755731922398589e-6, 1.984126984126984e-4, 8.333333333333333e-3,
      1.666666666666667e-1,
    ]
    var sum = Lanes(repeating: weight(8) * inverses[0])
    for k in 1..<9 {
      sum = negativeMultiplyAdd(x, sum, Lanes(repeating: weight(8 - k) * inverses[k]))
    }
    return sum
  }

  /// `(a_0² - a²) X + 2 (a·X) a - 2 a_0 a × X`.
  @inlinable @inline(__always)
  public func adjointAction(on X: SU2Algebra) -> SU2Algebra {
    let q = quaternion
    let a = SU2Algebra(projecting: q)
    let scaled = (multiplyAdd(q.a0, q.a0, -a.dot(a))) * X
    return scaled.adding(2 * a.dot(X), a).adding(-2 * q.a0, a.cross(X))
  }

  /// The quaternion divided by its length: the nearest element.
  @inlinable @inline(__always)
  public static func projection(of M: Quaternion) -> SU2 { SU2(unchecked: M).reunitarized }

  /// `-θ` and `θ`.
  @inlinable @inline(__always)
  public func storeEigenphases(to pointer: UnsafeMutablePointer<Lanes>) {
    let q = quaternion
    let length = sqrt(multiplyAdd(q.a1, q.a1, multiplyAdd(q.a2, q.a2, q.a3 * q.a3)))
    let angle = atan2(length, q.a0)
    pointer[0] = -angle
    pointer[1] = angle
  }
}

extension SU2Algebra {
  /// The vector product of the coordinates.
  @inlinable @inline(__always)
  public func cross(_ other: SU2Algebra) -> SU2Algebra {
    SU2Algebra(
      x: negativeMultiplyAdd(z, other.y, y * other.z),
      y: negativeMultiplyAdd(x, other.z, z * other.x),
      z: negativeMultiplyAdd(y, other.x, x * other.y))
  }
}
