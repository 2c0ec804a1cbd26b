import LaneMath
import LatticeFields

/// The working memory of a step of SU(N), in the frame of the eigenvectors `V` of `Z`.
///
/// There `ad_Z` multiplies the entry `(j, k)` of a matrix by `iδ_jk = i(θ_j - θ_k)`, and even functions
/// of it multiply the two coordinates of a pair `j < k` by one number.
struct ResidualFrame<let N: Int> {
  /// `V`, and `V† Ω V`.
  let vectors, rotated: UnsafeMutablePointer<ComplexMatrix<N>>
  /// `∂ log det J/∂Ω` in the frame.
  let gradient: UnsafeMutablePointer<ComplexMatrix<N>>
  /// `θ`.
  let phases: UnsafeMutablePointer<Lanes>
  /// Pair by pair `δ/2`, `τ`, `D²`, `σ`, and `d(u σ)/du` for the gradient.
  let pairs: UnsafeMutablePointer<Lanes>
  /// `τ + Σ = L d L^T`: `L` below the diagonal, row by row, the transpose of its inverse above.
  let factors: UnsafeMutablePointer<Lanes>
  /// `1/d`.
  let pivots: UnsafeMutablePointer<Lanes>
  /// `R = (τ + Σ)^{-1}`, and its rows in the direction of each diagonal entry.
  let inverse, diagonalRows: UnsafeMutablePointer<Lanes>
  /// The diagonal generators, `λ_m = √(2/(m(m+1))) diag(1, .., 1, -m, 0, ..)` for `m` from 1, row by row.
  let weights: UnsafeMutablePointer<Lanes>

  @inline(__always) static var dimension: Int { N &* N &- 1 }
  @inline(__always) static var pairCount: Int { N &* (N &- 1) / 2 }
  static var count: Int {
    let entries = 2 * N * N, d = dimension
    return 3 * entries + N + 5 * pairCount + 2 * d * d + d + N * d + N * N
  }

  @inline(__always)
  init(_ scratch: UnsafeMutablePointer<Lanes>) {
    let entries = 2 &* N &* N, d = Self.dimension
    @inline(__always)
    func matrix(_ k: Int) -> UnsafeMutablePointer<ComplexMatrix<N>> {
      UnsafeMutableRawPointer(scratch + k &* entries)
        .assumingMemoryBound(to: ComplexMatrix<N>.self)
    }
    vectors = matrix(0)
    rotated = matrix(1)
    gradient = matrix(2)
    phases = scratch + 3 &* entries
    pairs = phases + N
    factors = pairs + 5 &* Self.pairCount
    inverse = factors + d &* d
    pivots = inverse + d &* d
    diagonalRows = pivots + d
    weights = diagonalRows + N &* d
  }

  /// The number of the pair `i < j`.
  @inline(__always)
  static func pair(_ i: Int, _ j: Int) -> Int { j &* (j &- 1) / 2 &+ i }
  /// The coordinate of the symmetric generator of `i < j`; the antisymmetric one follows.
  @inline(__always)
  static func symmetric(_ i: Int, _ j: Int) -> Int { j &* j &- 1 &+ 2 &* i }
  /// The coordinate of the diagonal generator number `m`, from 1.
  @inline(__always)
  static func diagonal(_ m: Int) -> Int { (m &+ 1) &* (m &+ 1) &- 2 }
  /// The entry `j` of the diagonal matrix number `m`, once `prepare` has written it.
  @inline(__always)
  func weight(_ m: Int, _ j: Int) -> Lanes { weights[N &* m &+ j] }

  @inline(__always)
  static func entries(_ M: UnsafeMutablePointer<ComplexMatrix<N>>) -> UnsafeMutablePointer<Lanes> {
    UnsafeMutableRawPointer(M).assumingMemoryBound(to: Lanes.self)
  }

  /// Writes the frame and the factors of `τ + Σ`, and returns `log det J`.
  @inline(__always)
  func prepare(_ omega: ComplexMatrix<N>) -> Lanes {
    let system = SUNAlgebra<N>(projecting: omega).eigensystem
    vectors.pointee = system.vectors
    rotated.pointee = system.vectors.adjoint * (omega * system.vectors)
    for j in 0..<N { phases[j] = system.phases[j] }
    var determinant = Lanes(repeating: 1)
    for j in 1..<N {
      for i in 0..<j {
        let delta = phases[i] - phases[j]
        let square = delta * delta
        let sigma = ResidualSeries.sigma(square), sine = ResidualSeries.sine(square)
        let pair = pairs + 5 &* Self.pair(i, j)
        pair[0] = 0.5 * delta
        pair[1] = negativeMultiplyAdd(square, sigma, Lanes(repeating: 1))
        pair[2] = sine * sine
        pair[3] = sigma
        determinant *= pair[2]
      }
    }
    writeWeights()
    writeMatrix()
    return log(determinant * factorize())
  }

  @inline(__always)
  private func writeWeights() {
    for m in 1..<N {
      let first = (2 / Double(m &* (m &+ 1))).squareRoot()
      for j in 0..<N {
        weights[N &* m &+ j] = Lanes(repeating: j < m ? first : j == m ? -Double(m) * first : 0)
      }
    }
  }

  /// Writes `τ + Σ` below and on the diagonal, `Σ_ab = -½ Re tr({T_a, T_b} Ω)`.
  ///
  /// Only the Hermitian part `X` of `V† Ω V` enters. For matrices with one entry of 1,
  /// `-½ tr({E_jk, E_lm} X) = -½ (δ_kl X_mj + δ_mj X_kl)`.
  @inline(__always)
  private func writeMatrix() {
    let M = Self.entries(rotated)
    // X_jk; the diagonal of Ω, of which the real part is Hermitian, for j = k.
    @inline(__always)
    func real(_ j: Int, _ k: Int) -> Lanes {
      0.5 * (M[2 &* (N &* j &+ k)] + M[2 &* (N &* k &+ j)])
    }
    @inline(__always)
    func imaginary(_ j: Int, _ k: Int) -> Lanes {
      0.5 * (M[2 &* (N &* j &+ k) &+ 1] - M[2 &* (N &* k &+ j) &+ 1])
    }
    let d = Self.dimension, K = factors
    for k in 1..<N {
      for j in 0..<k {
        let a = Self.symmetric(j, k)
        for m in 1..<(k &+ 1) {
          for l in 0..<(m == k ? j &+ 1 : m) {
            let b = Self.symmetric(l, m)
            // c = -½ X_pq is the entry for E_jk and E_lm, or for E_jk and E_ml.
            let p: Int, q: Int
            let isStraight: Bool
            if j == l, k == m {
              let value = 0.25 * (real(j, j) + real(k, k))
              let tau = pairs[5 &* Self.pair(j, k) &+ 1]
              K[a &* d &+ b] = value + tau
              K[(a &+ 1) &* d &+ b] = .zero
              K[(a &+ 1) &* d &+ b &+ 1] = value + tau
              continue
            } else if m == j {
              (p, q, isStraight) = (k, l, true)
            } else if k == m {
              (p, q, isStraight) = (l, j, false)
            } else if j == l {
              (p, q, isStraight) = (k, m, false)
            } else {
              K[a &* d &+ b] = .zero
              K[a &* d &+ b &+ 1] = .zero
              K[(a &+ 1) &* d &+ b] = .zero
              K[(a &+ 1) &* d &+ b &+ 1] = .zero
              continue
            }
            let x = 0.25 * real(p, q), y = 0.25 * imaginary(p, q)
            let sign = isStraight ? 1.0 : -1.0
            K[a &* d &+ b] = x
            K[a &* d &+ b &+ 1] = sign * y
            K[(a &+ 1) &* d &+ b] = y
            K[(a &+ 1) &* d &+ b &+ 1] = -sign * x
          }
        }
        // ¼ (λ_j + λ_k) X_jk with the diagonal generators; those of a larger number are rows.
        let x = 0.25 * real(j, k), y = -0.25 * imaginary(j, k)
        for n in 1..<N {
          let weight = self.weight(n, j) + self.weight(n, k)
          let c = Self.diagonal(n)
          if n < k {
            K[a &* d &+ c] = weight * x
            K[(a &+ 1) &* d &+ c] = weight * y
          } else {
            K[c &* d &+ a] = weight * x
            K[c &* d &+ a &+ 1] = weight * y
          }
        }
      }
    }
    for n in 1..<N {
      for m in 1..<(n &+ 1) {
        var sum = Lanes(repeating: n == m ? 1 : 0)
        for j in 0..<(m &+ 1) {
          sum = multiplyAdd(0.25 * weight(n, j) * weight(m, j), real(j, j), sum)
        }
        K[Self.diagonal(n) &* d &+ Self.diagonal(m)] = sum
      }
    }
  }

  /// Replaces `τ + Σ` by its factors and returns its determinant.
  @inline(__always)
  private func factorize() -> Lanes {
    let d = Self.dimension, K = factors
    var determinant = Lanes(repeating: 1)
    for i in 0..<d {
      let row = K + i &* d
      // Row i of L d, and then of L.
      for j in 0..<i {
        let other = K + j &* d
        var sum = row[j]
        for k in 0..<j { sum = negativeMultiplyAdd(row[k], other[k], sum) }
        row[j] = sum
      }
      var pivot = row[i]
      for j in 0..<i {
        let value = row[j] * pivots[j]
        pivot = negativeMultiplyAdd(value, row[j], pivot)
        row[j] = value
      }
      row[i] = pivot
      pivots[i] = 1 / pivot
      determinant *= pivot
    }
    return determinant
  }
}
