import LaneMath

/// The eigenvectors and eigenphases of a unitary matrix, or of an anti-Hermitian one, in each of 8
/// configurations.
///
///     U = V diag(e^{i θ_1}, .., e^{i θ_N}) V†      X = V diag(i θ_1, .., i θ_N) V†
///
/// Phases are in ascending order; the columns of `V` are the eigenvectors, each up to a phase, and
/// those of equal eigenvalues up to a unitary matrix.
@frozen
public struct Eigensystem<let N: Int>: BitwiseCopyable, Sendable {
  /// `V`, unitary.
  public var vectors: ComplexMatrix<N>
  /// `θ`.
  public var phases: InlineArray<N, Lanes>

  /// Vectors and phases.
  @inlinable @inline(__always)
  public init(vectors: ComplexMatrix<N>, phases: InlineArray<N, Lanes>) {
    self.vectors = vectors
    self.phases = phases
  }

  /// `V diag(values) V†`: a function of the matrix from its values on the eigenvalues.
  @inlinable @inline(never)
  public func matrix(diagonal values: InlineArray<N, ComplexLanes>) -> ComplexMatrix<N> {
    var scaled = vectors
    for i in 0..<N {
      for j in 0..<N { scaled[i, j] = vectors[i, j] * values[j] }
    }
    return scaled.timesAdjoint(of: vectors)
  }

  /// Sorts phases into ascending order, each lane for itself.
  @inlinable @inline(never)
  mutating func sort() {
    for last in 0..<(N &- 1) {
      for j in 0..<(N &- 1 &- last) {
        let a = phases[j], b = phases[j &+ 1]
        let swapped = a .> b
        phases[j] = select(swapped, b, a)
        phases[j &+ 1] = select(swapped, a, b)
        for i in 0..<N {
          let x = vectors[i, j], y = vectors[i, j &+ 1]
          vectors[i, j] = ComplexLanes(select(swapped, y.re, x.re), select(swapped, y.im, x.im))
          vectors[i, j &+ 1] = ComplexLanes(
            select(swapped, x.re, y.re), select(swapped, x.im, y.im))
        }
      }
    }
  }
}

/// Jacobi's method for normal matrices: the Hermitian and the anti-Hermitian part are diagonalised
/// together, by rotations that each make the off-diagonal entries of both as small as one rotation can
/// (Cardoso and Souloumiac, SIAM J. Matrix Anal. Appl. 17 (1996) 161).
///
/// No eigenvalue is computed from a characteristic polynomial, so that nothing is lost where
/// eigenvalues coincide, and the vectors are a product of rotations, so that they are unitary to
/// rounding there as well.
@usableFromInline
enum JointJacobi<let N: Int> {
  /// Makes a normal matrix diagonal, and multiplies another by the rotations from the right.
  ///
  ///     u <- R† u R,   v <- v R
  ///
  /// A lane rests, rotated by exactly nothing, as soon as its off-diagonal part is rounding: below
  /// 1e-15 of the whole, or below 1e-14 and no longer getting smaller. The answer of a lane therefore
  /// does not depend on how long others take. (To stop one sweep after an off-diagonal part of 1e-8,
  /// as quadratic convergence suggests, is wrong where eigenvalues differ by about that much.)
  ///
  /// Accuracy: off-diagonal rest and unitarity 1e-15 N; eigenvalues 1e-15 absolute for a matrix of
  /// norm one. Complexity: 4 to 8 sweeps of `N(N-1)/2` rotations.
  @inlinable @inline(never)
  static func diagonalize(_ u: inout ComplexMatrix<N>, vectors v: inout ComplexMatrix<N>) {
    withUnsafeMutablePointer(to: &u) { u in
      withUnsafeMutablePointer(to: &v) { v in
        let u = UnsafeMutableRawPointer(u).assumingMemoryBound(to: Lanes.self)
        let v = UnsafeMutableRawPointer(v).assumingMemoryBound(to: Lanes.self)
        var active = LaneMask(repeating: true)
        var sweep = 0
        var before = Lanes(repeating: .infinity)
        while sweep < 40 {
          let (off, total) = sizes(u)
          let stagnates = (off .< 1e-28 * total) .& (2 * off .> before)
          active = active .& (off .> 1e-30 * total) .& .!stagnates
          if !any(active) { break }
          before = off
          for p in 0..<(N &- 1) {
            for q in (p &+ 1)..<N { rotate(u, v, p, q, active) }
          }
          sweep &+= 1
        }
        // Resting lanes may have changed the sign of a zero.
        for i in 0..<(2 &* N &* N) {
          u[i] += Lanes.zero
          v[i] += Lanes.zero
        }
      }
    }
  }

  /// The squared norms of the off-diagonal part and of the whole.
  @inlinable @inline(__always)
  static func sizes(_ u: UnsafePointer<Lanes>) -> (off: Lanes, total: Lanes) {
    var off = Lanes.zero, diagonal = Lanes.zero
    for i in 0..<N {
      for j in 0..<N {
        let re = u[2 &* (N &* i &+ j)], im = u[2 &* (N &* i &+ j) &+ 1]
        if i == j {
          diagonal = multiplyAdd(re, re, multiplyAdd(im, im, diagonal))
        } else {
          off = multiplyAdd(re, re, multiplyAdd(im, im, off))
        }
      }
    }
    return (off, off + diagonal)
  }

  /// One rotation of the rows and columns `p` and `q`.
  ///
  /// The rotation follows from the unit vector `(x, y, z)` that is the first eigenvector of `Re h h†`,
  /// `h = (u_pp - u_qq, u_pq + u_qp, i (u_qp - u_pq)) = a + i b`: a combination of `a` and `b` whose
  /// coefficients are the first eigenvector of the 2 x 2 matrix of their products.
  @inlinable @inline(__always)
  static func rotate(
    _ u: UnsafeMutablePointer<Lanes>, _ v: UnsafeMutablePointer<Lanes>, _ p: Int, _ q: Int,
    _ active: LaneMask
  ) {
    let pp = 2 &* (N &* p &+ p), qq = 2 &* (N &* q &+ q)
    let pq = 2 &* (N &* p &+ q), qp = 2 &* (N &* q &+ p)
    let ax = u[pp] - u[qq], bx = u[pp &+ 1] - u[qq &+ 1]
    let ay = u[pq] + u[qp], by = u[pq &+ 1] + u[qp &+ 1]
    let az = u[pq &+ 1] - u[qp &+ 1], bz = u[qp] - u[pq]
    let aa = multiplyAdd(ax, ax, multiplyAdd(ay, ay, az * az))
    let bb = multiplyAdd(bx, bx, multiplyAdd(by, by, bz * bz))
    let ab = multiplyAdd(ax, bx, multiplyAdd(ay, by, az * bz))
    let difference = aa - bb, twice = ab + ab
    let root = sqrt(multiplyAdd(difference, difference, twice * twice))
    let larger = abs(difference) + root
    let first = difference .>= 0
    let ca = select(first, larger, twice), cb = select(first, twice, larger)
    let wx = multiplyAdd(ca, ax, cb * bx)
    let wy = multiplyAdd(ca, ay, cb * by)
    let wz = multiplyAdd(ca, az, cb * bz)
    let length = sqrt(multiplyAdd(wx, wx, multiplyAdd(wy, wy, wz * wz)))
    let moves = active .& (length .> 1e-150)
    let inverse = select(moves, copySign(Lanes(repeating: 1), wx) / length, .zero)
    let x = select(moves, wx * inverse, Lanes(repeating: 1))
    let c = sqrt(multiplyAdd(Lanes(repeating: 0.5), x, Lanes(repeating: 0.5)))
    let h = (0.5 * inverse) / c
    let sr = wy * h, si = -(wz * h)
    for i in 0..<N {
      rotateColumns(u, 2 &* (N &* i &+ p), 2 &* (N &* i &+ q), c, sr, si)
      rotateColumns(v, 2 &* (N &* i &+ p), 2 &* (N &* i &+ q), c, sr, si)
    }
    for j in 0..<N {
      let P = 2 &* (N &* p &+ j), Q = 2 &* (N &* q &+ j)
      let pr = u[P], pi = u[P &+ 1], qr = u[Q], qi = u[Q &+ 1]
      u[P] = multiplyAdd(sr, qr, multiplyAdd(si, qi, c * pr))
      u[P &+ 1] = multiplyAdd(sr, qi, negativeMultiplyAdd(si, qr, c * pi))
      u[Q] = negativeMultiplyAdd(sr, pr, multiplyAdd(si, pi, c * qr))
      u[Q &+ 1] = negativeMultiplyAdd(sr, pi, negativeMultiplyAdd(si, pr, c * qi))
    }
  }

  /// `m_p <- c m_p + s m_q`, `m_q <- c m_q - s* m_p` on one row.
  @inlinable @inline(__always)
  static func rotateColumns(
    _ m: UnsafeMutablePointer<Lanes>, _ P: Int, _ Q: Int, _ c: Lanes, _ sr: Lanes, _ si: Lanes
  ) {
    let pr = m[P], pi = m[P &+ 1], qr = m[Q], qi = m[Q &+ 1]
    m[P] = multiplyAdd(sr, qr, negativeMultiplyAdd(si, qi, c * pr))
    m[P &+ 1] = multiplyAdd(sr, qi, multiplyAdd(si, qr, c * pi))
    m[Q] = negativeMultiplyAdd(sr, pr, negativeMultiplyAdd(si, pi, c * qr))
    m[Q &+ 1] = negativeMultiplyAdd(sr, pi, multiplyAdd(si, pr, c * qi))
  }
}
