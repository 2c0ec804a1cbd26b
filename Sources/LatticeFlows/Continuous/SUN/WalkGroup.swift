import LaneMath
import LatticeFields

/// A gauge group with what velocity fields made of transported plaquettes need of it.
///
/// With the coordinates `vec(M)_a = -2 Re tr(T_a M)` of the traceless anti-Hermitian part of a matrix,
/// transport along a link is an orthogonal matrix, `vec(U Y U†) = R(U) vec(Y)`.
public protocol WalkGroup: GaugeGroup {
  /// `-Re tr(T_a i U)` for each generator: the derivative of `Im tr U`, the traceless Hermitian part of
  /// the link. Zero for SU(2).
  var hermitianProjection: Algebra { get }
  /// Writes the adjoint representation of a link.
  ///
  ///     R_ab = -2 tr(T_a U T_b U†)
  ///
  /// Shape: rows of `Algebra.dimension` numbers.
  static func writeAdjointRepresentation(
    of U: UnsafePointer<Self>, to matrix: UnsafeMutablePointer<Lanes>)
  /// The constants `d_abc` that are not zero, `{λ_a, λ_b} = (4/N) δ_ab + 2 d_abc λ_c`.
  static var symmetricStructureConstants: [SymmetricStructureConstant] { get }
}

/// One of the totally symmetric structure constants of SU(N).
public struct SymmetricStructureConstant: BitwiseCopyable, Sendable, Hashable {
  /// The generators, in any order.
  public let a, b, c: Int
  /// `d_abc`.
  public let value: Double
}

extension SU2: WalkGroup {
  /// Zero: a link and its inverse have the same trace.
  @inlinable @inline(__always)
  public var hermitianProjection: SU2Algebra { .zero }

  /// The rotation `(a_0² - a²) v + 2 a (a·v) - 2 a_0 a × v`.
  @inlinable @inline(__always)
  public static func writeAdjointRepresentation(
    of U: UnsafePointer<SU2>, to matrix: UnsafeMutablePointer<Lanes>
  ) {
    let q = U.pointee.quaternion
    let x = q.a1 + q.a1, y = q.a2 + q.a2, z = q.a3 + q.a3
    var diagonal = q.a0 * q.a0
    diagonal = negativeMultiplyAdd(q.a1, q.a1, diagonal)
    diagonal = negativeMultiplyAdd(q.a2, q.a2, diagonal)
    diagonal = negativeMultiplyAdd(q.a3, q.a3, diagonal)
    let xy = x * q.a2, xz = x * q.a3, yz = y * q.a3
    matrix[0] = multiplyAdd(x, q.a1, diagonal)
    matrix[1] = multiplyAdd(z, q.a0, xy)
    matrix[2] = negativeMultiplyAdd(y, q.a0, xz)
    matrix[3] = negativeMultiplyAdd(z, q.a0, xy)
    matrix[4] = multiplyAdd(y, q.a2, diagonal)
    matrix[5] = multiplyAdd(x, q.a0, yz)
    matrix[6] = multiplyAdd(y, q.a0, xz)
    matrix[7] = negativeMultiplyAdd(x, q.a0, yz)
    matrix[8] = multiplyAdd(z, q.a3, diagonal)
  }

  /// None: `d_abc = 0`.
  public static var symmetricStructureConstants: [SymmetricStructureConstant] { [] }
}

extension SU: WalkGroup {
  /// `-Re tr(T_a i U)`.
  @inlinable @inline(__always)
  public var hermitianProjection: SUNAlgebra<N> { SUNAlgebra(projecting: matrix.turned) }

  /// Column after column, `½ tr(λ_a U λ_b U†)` from products of two columns of the link.
  @inlinable @inline(__always)
  public static func writeAdjointRepresentation(
    of U: UnsafePointer<SU>, to matrix: UnsafeMutablePointer<Lanes>
  ) {
    let U = UnsafeRawPointer(U).assumingMemoryBound(to: RegisterLanes.self)
    let matrix = UnsafeMutableRawPointer(matrix).assumingMemoryBound(to: RegisterLanes.self)
    for part in 0..<registersPerPacket {
      AdjointRepresentation<N>.writePairs(of: U + part, to: matrix + part)
      AdjointRepresentation<N>.writeDiagonals(of: U + part, to: matrix + part)
    }
  }

  /// `d_abc = -4 Im tr(T_a T_b T_c)`.
  public static var symmetricStructureConstants: [SymmetricStructureConstant] {
    let dimension = Algebra.dimension
    let generators = (0..<dimension).map { a in
      var X = Algebra.zero
      X[a] = Lanes(repeating: 1)
      return X.matrix
    }
    var constants: [SymmetricStructureConstant] = []
    for a in 0..<dimension {
      for b in 0..<dimension {
        let product = generators[a] * generators[b]
        for c in 0..<dimension {
          let value = -4 * (product * generators[c]).trace.im[0]
          if abs(value) > 1e-12 { constants.append(.init(a: a, b: b, c: c, value: value)) }
        }
      }
    }
    return constants
  }
}

/// The columns of the adjoint representation of SU(N) on one register.
@usableFromInline
enum AdjointRepresentation<let N: Int> {
  @inlinable @inline(__always) static var dimension: Int { N &* N &- 1 }
  @inlinable @inline(__always)
  static func entry(_ a: Int, _ b: Int) -> Int { (a &* dimension &+ b) &* registersPerPacket }
  @inlinable @inline(__always)
  static func symmetric(_ i: Int, _ j: Int) -> Int { j &* j &- 1 &+ 2 &* i }
  @inlinable @inline(__always)
  static func diagonal(_ j: Int) -> Int { (j &+ 1) &* (j &+ 1) &- 2 }
  @inlinable @inline(__always)
  static func diagonalEntry(_ j: Int) -> Double { (2 / Double(j &* (j &+ 1))).squareRoot() }

  /// `u_ki u_lj*` with the columns `u` of the link.
  @inlinable @inline(__always)
  static func product(
    _ U: UnsafePointer<RegisterLanes>, _ k: Int, _ i: Int, _ l: Int, _ j: Int
  ) -> (re: RegisterLanes, im: RegisterLanes) {
    let s = registersPerPacket
    let a = U + (N &* k &+ i) &* 2 &* s, b = U + (N &* l &+ j) &* 2 &* s
    return (
      registerMultiplyAdd(a[s], b[s], a[0] * b[0]),
      registerNegativeMultiplyAdd(a[0], b[s], a[s] * b[0])
    )
  }

  /// The columns of the symmetric and antisymmetric generators.
  @inlinable @inline(__always)
  static func writePairs(
    of U: UnsafePointer<RegisterLanes>, to R: UnsafeMutablePointer<RegisterLanes>
  ) {
    for j in 1..<N {
      for i in 0..<j {
        let b = symmetric(i, j)
        var totals = (re: RegisterLanes.zero, im: RegisterLanes.zero)
        for l in 0..<N {
          for k in 0..<l {
            let a = symmetric(k, l)
            let above = product(U, k, i, l, j), below = product(U, l, i, k, j)
            R[entry(a, b)] = above.re + below.re
            R[entry(a &+ 1, b)] = below.im - above.im
            R[entry(a, b &+ 1)] = above.im + below.im
            R[entry(a &+ 1, b &+ 1)] = above.re - below.re
          }
          // Half of the diagonal of the transported generator is the product with itself.
          let own = product(U, l, i, l, j)
          if l > 0 {
            let a = diagonal(l), scale = diagonalEntry(l), weight = Double(l)
            R[entry(a, b)] = scale * (totals.re - weight * own.re)
            R[entry(a, b &+ 1)] = scale * (totals.im - weight * own.im)
          }
          totals.re += own.re
          totals.im += own.im
        }
      }
    }
  }

  /// The columns of the diagonal generators.
  @inlinable @inline(__always)
  static func writeDiagonals(
    of U: UnsafePointer<RegisterLanes>, to R: UnsafeMutablePointer<RegisterLanes>
  ) {
    for m in 1..<N { for n in 1..<N { R[entry(diagonal(n), diagonal(m))] = .zero } }
    for l in 0..<N {
      for k in 0..<l {
        let a = symmetric(k, l)
        var total = product(U, k, 0, l, 0)
        for m in 1..<N {
          let own = product(U, k, m, l, m)
          let scale = diagonalEntry(m), weight = Double(m)
          R[entry(a, diagonal(m))] = scale * (total.re - weight * own.re)
          R[entry(a &+ 1, diagonal(m))] = scale * (weight * own.im - total.im)
          total.re += own.re
          total.im += own.im
        }
      }
      var total = product(U, l, 0, l, 0).re
      for m in 1..<N {
        let own = product(U, l, m, l, m).re
        let value = diagonalEntry(m) * (total - Double(m) * own)
        for n in 1..<N where n >= l {
          let weight = 0.5 * diagonalEntry(n) * (n == l ? -Double(n) : 1)
          R[entry(diagonal(n), diagonal(m))] += weight * value
        }
        total += own
      }
    }
  }
}
