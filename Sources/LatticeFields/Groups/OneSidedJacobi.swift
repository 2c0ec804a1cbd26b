import LaneMath

/// Jacobi's method for singular values: rotations of columns until they are orthogonal (Hestenes,
/// J. SIAM 6 (1958) 51).
@usableFromInline
enum OneSidedJacobi<let N: Int> {
  /// Makes the columns of a matrix orthogonal, and multiplies another by the rotations.
  ///
  ///     a <- a R,   v <- v R,   (a R)† (a R) diagonal
  ///
  /// Accuracy: the cosine between columns is below 1e-15, whatever their lengths. A lane rests after
  /// a sweep in which no cosine was above 1e-15, or none above 1e-14 and the largest did not shrink.
  @inlinable @inline(never)
  static func orthogonalizeColumns(_ a: inout ComplexMatrix<N>, vectors v: inout ComplexMatrix<N>) {
    withUnsafeMutablePointer(to: &a) { a in
      withUnsafeMutablePointer(to: &v) { v in
        let a = UnsafeMutableRawPointer(a).assumingMemoryBound(to: Lanes.self)
        let v = UnsafeMutableRawPointer(v).assumingMemoryBound(to: Lanes.self)
        var active = LaneMask(repeating: true)
        var sweep = 0
        var before = Lanes(repeating: .infinity)
        while sweep < 40 && any(active) {
          var worst = Lanes.zero
          for p in 0..<(N &- 1) {
            for q in (p &+ 1)..<N { worst = max(worst, rotate(a, v, p, q, active)) }
          }
          let stagnates = (worst .< 1e-28) .& (2 * worst .> before)
          active = active .& (worst .> 1e-30) .& .!stagnates
          before = worst
          sweep &+= 1
        }
        // Resting lanes may have changed the sign of a zero.
        for i in 0..<(2 &* N &* N) {
          a[i] += Lanes.zero
          v[i] += Lanes.zero
        }
      }
    }
  }

  /// Makes two columns orthogonal and returns the square of the cosine that was between them.
  @inlinable @inline(__always)
  static func rotate(
    _ a: UnsafeMutablePointer<Lanes>, _ v: UnsafeMutablePointer<Lanes>, _ p: Int, _ q: Int,
    _ active: LaneMask
  ) -> Lanes {
    var alpha = Lanes.zero, beta = Lanes.zero, gr = Lanes.zero, gi = Lanes.zero
    for i in 0..<N {
      let P = 2 &* (N &* i &+ p), Q = 2 &* (N &* i &+ q)
      let pr = a[P], pi = a[P &+ 1], qr = a[Q], qi = a[Q &+ 1]
      alpha = multiplyAdd(pr, pr, multiplyAdd(pi, pi, alpha))
      beta = multiplyAdd(qr, qr, multiplyAdd(qi, qi, beta))
      gr = multiplyAdd(pr, qr, multiplyAdd(pi, qi, gr))
      gi = multiplyAdd(pr, qi, negativeMultiplyAdd(pi, qr, gi))
    }
    let gamma = multiplyAdd(gr, gr, gi * gi)
    let moves = active .& (gamma .> 0)
    let one = Lanes(repeating: 1)
    let size = sqrt(select(moves, gamma, one))
    let inverse = select(moves, 1 / size, .zero)
    let zeta = (0.5 * inverse) * (beta - alpha)
    let t = select(
      moves, copySign(one, zeta) / (abs(zeta) + sqrt(multiplyAdd(zeta, zeta, one))), .zero)
    let c = 1 / sqrt(multiplyAdd(t, t, one))
    // s e*, with e = γ/|γ|.
    let s = c * t * inverse
    let sr = s * gr, si = -(s * gi)
    for i in 0..<N {
      let P = 2 &* (N &* i &+ p), Q = 2 &* (N &* i &+ q)
      rotateColumns(a, P, Q, c, sr, si)
      rotateColumns(v, P, Q, c, sr, si)
    }
    return select(moves, gamma / (alpha * beta), .zero)
  }

  /// `m_p <- c m_p - s m_q`, `m_q <- c m_q + s* m_p` on one row.
  @inlinable @inline(__always)
  static func rotateColumns(
    _ m: UnsafeMutablePointer<Lanes>, _ P: Int, _ Q: Int, _ c: Lanes, _ sr: Lanes, _ si: Lanes
  ) { JointJacobi<N>.rotateColumns(m, P, Q, c, -sr, -si) }
}
