import LaneMath

/// An element of the algebra of SU(N) in real coordinates.
///
///     X = Σ_a X_a T_a,   T_a = (i/2) λ_a,   tr(T_a T_b) = -δ_ab / 2
///
/// `λ_a` are Gell-Mann's matrices, and for any N their usual generalisation, in the usual order: for
/// `j = 1 .. N-1` come, for `i = 0 .. j-1`, the symmetric and the antisymmetric matrix of the entries
/// `(i, j)`, then the diagonal one `√(2/(j(j+1))) diag(1, .., 1, -j, 0, ..)`.
///
/// Shape: `N² - 1` coordinates; the memory has room for `N²`, of which the last is unused and zero.
@frozen
public struct SUNAlgebra<let N: Int>: LieAlgebra {
  @usableFromInline var storage: InlineArray<N, InlineArray<N, Lanes>>

  /// `N² - 1`.
  @inlinable public static var dimension: Int { N * N - 1 }

  /// The zero element.
  @inlinable @inline(__always)
  public init() { storage = InlineArray(repeating: InlineArray(repeating: .zero)) }

  /// The zero element.
  @inlinable @inline(__always) public static var zero: SUNAlgebra { SUNAlgebra() }

  /// One coordinate.
  @inlinable public subscript(coordinate: Int) -> Lanes {
    @inline(__always) get { storage[coordinate / N][coordinate % N] }
    @inline(__always) set { storage[coordinate / N][coordinate % N] = newValue }
  }

  /// The coordinate of the symmetric matrix of the entries `(i, j)`, `i < j`; the antisymmetric one
  /// follows.
  @inlinable @inline(__always)
  static func symmetric(_ i: Int, _ j: Int) -> Int { j &* j &- 1 &+ 2 &* i }

  /// The coordinate of the diagonal matrix number `j`, from 1.
  @inlinable @inline(__always)
  static func diagonal(_ j: Int) -> Int { (j &+ 1) &* (j &+ 1) &- 2 }

  /// `√(2/(j(j+1)))`, the entries of the diagonal matrix number `j` but the last, which is `-j` times
  /// that.
  @inlinable @inline(__always)
  static func diagonalEntry(_ j: Int) -> Double { (2 / Double(j &* (j &+ 1))).squareRoot() }

  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: SUNAlgebra, b: SUNAlgebra) -> SUNAlgebra {
    var result = a
    for i in 0..<N { for j in 0..<N { result.storage[i][j] += b.storage[i][j] } }
    return result
  }

  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: SUNAlgebra, b: SUNAlgebra) -> SUNAlgebra {
    var result = a
    for i in 0..<N { for j in 0..<N { result.storage[i][j] -= b.storage[i][j] } }
    return result
  }

  /// The multiple by a number that may differ between lanes.
  @inlinable @inline(__always)
  public static func * (factor: Lanes, X: SUNAlgebra) -> SUNAlgebra {
    var result = X
    for i in 0..<N { for j in 0..<N { result.storage[i][j] *= factor } }
    return result
  }

  /// `self + factor X`.
  @inlinable @inline(__always)
  public func adding(_ factor: Lanes, _ X: SUNAlgebra) -> SUNAlgebra {
    var result = self
    for i in 0..<N {
      for j in 0..<N {
        result.storage[i][j] = multiplyAdd(factor, X.storage[i][j], storage[i][j])
      }
    }
    return result
  }

  /// `Σ_a X_a Y_a = -2 tr(X Y)`.
  @inlinable @inline(__always)
  public func dot(_ other: SUNAlgebra) -> Lanes {
    var sum = Lanes.zero
    for i in 0..<N {
      for j in 0..<N { sum = multiplyAdd(storage[i][j], other.storage[i][j], sum) }
    }
    return sum
  }

  /// Independent standard normal coordinates.
  @inlinable
  public static func gaussian(using generator: inout LaneGenerator) -> SUNAlgebra {
    var result = SUNAlgebra()
    for a in 0..<dimension { result[a] = generator.normal() }
    return result
  }

  /// The anti-Hermitian traceless matrix `Σ_a X_a T_a`.
  @inlinable @inline(__always)
  public var matrix: ComplexMatrix<N> {
    var result = ComplexMatrix<N>()
    let half = Lanes(repeating: 0.5)
    for j in 1..<N {
      for i in 0..<j {
        let a = Self.symmetric(i, j)
        let x = half * self[a]
        let y = half * self[a &+ 1]
        result[i, j] = ComplexLanes(y, x)
        result[j, i] = ComplexLanes(-y, x)
      }
      let value = (0.5 * Self.diagonalEntry(j)) * self[Self.diagonal(j)]
      for k in 0..<j { result[k, k].im += value }
      result[j, j].im = negativeMultiplyAdd(Lanes(repeating: Double(j)), value, result[j, j].im)
    }
    return result
  }

  /// `-Re tr(T_a M)` for each generator: the coordinates of the traceless anti-Hermitian part of `M`.
  @inlinable @inline(__always)
  public init(projecting M: ComplexMatrix<N>) {
    self.init()
    var total = M[0, 0].im
    for j in 1..<N {
      for i in 0..<j {
        let a = Self.symmetric(i, j)
        self[a] = 0.5 * (M[i, j].im + M[j, i].im)
        self[a &+ 1] = 0.5 * (M[i, j].re - M[j, i].re)
      }
      let rest = negativeMultiplyAdd(Lanes(repeating: Double(j)), M[j, j].im, total)
      self[Self.diagonal(j)] = (0.5 * Self.diagonalEntry(j)) * rest
      total += M[j, j].im
    }
  }
}
