import LaneMath
import LatticeFields

/// What the derivatives of a step need beside its factors.
extension ResidualFrame {
  /// Writes `R = (τ + Σ)^{-1}`, and the rows `Σ_m λ_mk R_mb` of its extension to the diagonal entries.
  @inline(__always)
  func invert() {
    let d = Self.dimension, K = factors, R = inverse, scaled = diagonalRows
    for j in 0..<d {
      let row = K + j &* d
      for i in (j &+ 1)..<Swift.max(j &+ 1, d) {
        let other = K + i &* d
        var sum = other[j]
        for k in (j &+ 1)..<i { sum = multiplyAdd(other[k], row[k], sum) }
        row[i] = -sum
      }
    }
    for a in 0..<d {
      let row = K + a &* d
      for k in (a &+ 1)..<Swift.max(a &+ 1, d) { scaled[k] = row[k] * pivots[k] }
      for b in 0..<(a &+ 1) {
        let other = K + b &* d
        var sum = b == a ? pivots[a] : other[a] * pivots[a]
        for k in (a &+ 1)..<Swift.max(a &+ 1, d) { sum = multiplyAdd(scaled[k], other[k], sum) }
        R[a &* d &+ b] = sum
        R[b &* d &+ a] = sum
      }
    }
    for k in 0..<N {
      for b in 0..<d {
        var sum = Lanes.zero
        for m in Swift.max(k, 1)..<N {
          sum = multiplyAdd(weight(m, k), R[Self.diagonal(m) &* d &+ b], sum)
        }
        diagonalRows[k &* d &+ b] = sum
      }
    }
  }

  /// `-2 tr(E_kj R(E_lk))` for matrices with one entry of 1, less their trace: `E_kj` has the
  /// coordinates `-i` and `1` of the pair where `k < j`, `-i` and `-1` where `k > j`.
  @inline(__always)
  private func pairing(_ j: Int, _ l: Int, _ k: Int) -> ComplexLanes {
    let d = Self.dimension
    if k == j || k == l {
      if j == l {
        var sum = Lanes.zero
        for m in Swift.max(k, 1)..<N {
          let entry = diagonalRows[k &* d &+ Self.diagonal(m)]
          sum = negativeMultiplyAdd(weight(m, k), entry, sum)
        }
        return ComplexLanes(sum, .zero)
      }
      // E_lj, for both: j < l.
      let row = diagonalRows + (k &* d &+ Self.symmetric(j, l))
      return ComplexLanes(-row[0], row[1])
    }
    let first = k < j ? Self.symmetric(k, j) : Self.symmetric(j, k)
    let second = l < k ? Self.symmetric(l, k) : Self.symmetric(k, l)
    let x = k < j ? 1.0 : -1.0, y = l < k ? 1.0 : -1.0
    let upper = inverse + (first &* d &+ second), lower = upper + d
    return ComplexLanes((x * y) * lower[1] - upper[0], -(y * upper[1]) - x * lower[0])
  }

  /// Writes `∂ log det J/∂Ω` in the frame.
  ///
  ///     -Σ_ab R_ab T_a T_b + ½ G,   tr(R dτ) + d log det D = tr(G dZ)
  ///
  /// The first is the dependence through `Σ`, the second that through `Z`; with `ρ_jlk` for
  /// `-2 tr(E_kj R(E_lk))` and the divided difference of `τ` (Daletskii and Krein),
  ///
  ///     (R_ab T_a T_b)_jl = ¼ Σ_k ρ_jlk,   G_jl = i Σ_k τ[δ_jk, δ_lk] ρ_jlk + 2i δ_jl Σ_k δ_jk σ_jk,
  ///     τ[x, y] = -(x + y) p[x², y²],      p(u) = u σ(u)
  @inline(__always)
  func writeGradient() {
    let H = Self.entries(gradient)
    for j in 1..<N {
      for i in 0..<j {
        let delta = phases[i] - phases[j]
        let square = delta * delta
        pairs[5 &* Self.pair(i, j) &+ 4] = ResidualSeries.dividedDifference(square, square)
      }
    }
    let half = Lanes(repeating: 0.5), quarter = Lanes(repeating: -0.25)
    for l in 0..<N {
      for j in 0..<l {
        let sum = phases[j] + phases[l]
        var total = ComplexLanes(.zero, .zero), weighted = ComplexLanes(.zero, .zero)
        for k in 0..<N {
          let quotient: Lanes
          if k == j || k == l {
            quotient = pairs[5 &* Self.pair(j, l) &+ 3]
          } else {
            let x = phases[j] - phases[k], y = phases[l] - phases[k]
            quotient = ResidualSeries.dividedDifference(x * x, y * y)
          }
          let weight = (2 * phases[k] - sum) * quotient
          let rho = pairing(j, l, k)
          total = total + rho
          weighted.re = multiplyAdd(weight, rho.re, weighted.re)
          weighted.im = multiplyAdd(weight, rho.im, weighted.im)
        }
        let upper = H + 2 &* (N &* j &+ l), lower = H + 2 &* (N &* l &+ j)
        upper[0] = negativeMultiplyAdd(half, weighted.im, quarter * total.re)
        upper[1] = multiplyAdd(half, weighted.re, quarter * total.im)
        lower[0] = multiplyAdd(half, weighted.im, quarter * total.re)
        lower[1] = negativeMultiplyAdd(quarter, total.im, half * weighted.re)
      }
      var total = pairing(l, l, l).re, weighted = Lanes.zero
      for k in 0..<N where k != l {
        let pair = pairs + 5 &* (k < l ? Self.pair(k, l) : Self.pair(l, k))
        let delta = phases[l] - phases[k]
        let rho = pairing(l, l, k).re
        total += rho
        weighted = multiplyAdd(delta, negativeMultiplyAdd(pair[4], rho, pair[3]), weighted)
      }
      let own = H + 2 &* (N &+ 1) &* l
      own[0] = quarter * total
      own[1] = weighted
    }
  }

  /// `V† X V`.
  @inline(__always)
  func turnedIn(_ X: SUNAlgebra<N>) -> ComplexMatrix<N> {
    vectors.pointee.adjoint * (X.matrix * vectors.pointee)
  }

  /// `V M V†`.
  @inline(__always)
  func turnedOut(_ M: ComplexMatrix<N>) -> ComplexMatrix<N> {
    (vectors.pointee * M).timesAdjoint(of: vectors.pointee)
  }

  /// Multiplies the entries of an anti-Hermitian matrix by `τ + sign iδ/2`, and by `D²` where asked.
  @inline(__always)
  func scalePairs(of W: inout ComplexMatrix<N>, sign: Double, weightedBySine isWeighted: Bool) {
    withUnsafeMutablePointer(to: &W) { W in
      let W = Self.entries(W)
      for j in 1..<N {
        for i in 0..<j {
          let pair = pairs + 5 &* Self.pair(i, j)
          let upper = W + 2 &* (N &* i &+ j), lower = W + 2 &* (N &* j &+ i)
          let h = sign * pair[0]
          var factor = ComplexLanes(pair[1], h)
          if isWeighted { factor = ComplexLanes(factor.re * pair[2], factor.im * pair[2]) }
          let value = factor * ComplexLanes(upper[0], upper[1])
          upper[0] = value.re
          upper[1] = value.im
          lower[0] = -value.re
          lower[1] = value.im
        }
      }
    }
  }

  /// `(τ + Σ)^{-1} v` by the factors.
  @inline(__always)
  func solved(_ v: SUNAlgebra<N>) -> SUNAlgebra<N> {
    let d = Self.dimension, K = factors
    var result = v
    withUnsafeMutablePointer(to: &result) { result in
      let x = UnsafeMutableRawPointer(result).assumingMemoryBound(to: Lanes.self)
      for i in 0..<d {
        let row = K + i &* d
        var sum = x[i]
        for k in 0..<i { sum = negativeMultiplyAdd(row[k], x[k], sum) }
        x[i] = sum
      }
      for i in 0..<d { x[i] *= pivots[i] }
      for step in 1..<Swift.max(1, d) {
        let i = d &- step
        let row = K + i &* d
        // Column by column of the transpose.
        for k in 0..<i { x[k] = negativeMultiplyAdd(row[k], x[i], x[k]) }
      }
    }
    return result
  }
}
