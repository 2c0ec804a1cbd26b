import LaneMath

/// A link variable of SU(N), a special unitary N x N matrix, for any `N` of 2 and more.
///
/// `SU3` is ``SU``<3>, and so on. For two colours ``SU2`` stores a quaternion, four numbers in place
/// of eight.
///
/// Accuracy: products of matrices with entries of order one, rounding of N ulp; `exp` to 1e-15 times
/// its condition at any argument. Nothing here divides by a difference of eigenvalues.
@frozen
public struct SU<let N: Int>: GaugeGroup {
  /// The algebra in `N² - 1` coordinates.
  public typealias Algebra = SUNAlgebra<N>
  /// Sums of staples.
  public typealias Matrix = ComplexMatrix<N>

  /// The matrix itself.
  public var matrix: ComplexMatrix<N>

  /// The link of a matrix, which is taken to be special unitary.
  @inlinable @inline(__always)
  public init(unchecked matrix: ComplexMatrix<N>) { self.matrix = matrix }

  /// `SU3` for three colours.
  @inlinable public static var name: String { "SU\(N)" }
  /// `N`.
  @inlinable @inline(__always) public static var colors: Int { N }
  /// False.
  @inlinable @inline(__always) public static var isAbelian: Bool { false }
  /// The unit matrix.
  @inlinable @inline(__always)
  public static var identity: SU {
    SU(unchecked: ComplexMatrix(diagonal: ComplexLanes(Lanes(repeating: 1), .zero)))
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: SU, b: SU) -> SU { SU(unchecked: a.matrix * b.matrix) }
  /// `U†`.
  @inlinable @inline(__always) public var adjoint: SU { SU(unchecked: matrix.adjoint) }
  /// `Re tr U`.
  @inlinable @inline(__always)
  public var realTrace: Lanes {
    var sum = matrix[0, 0].re
    for i in 1..<N { sum += matrix[i, i].re }
    return sum
  }
  /// `Im tr U`.
  @inlinable @inline(__always)
  public var imaginaryTrace: Lanes {
    var sum = matrix[0, 0].im
    for i in 1..<N { sum += matrix[i, i].im }
    return sum
  }

  /// `exp(Σ_a X_a T_a)`, by the polynomial of the characteristic equation for three colours and by
  /// Taylor's series with squaring otherwise.
  @inlinable @inline(__always)
  public static func exp(_ X: SUNAlgebra<N>) -> SU {
    N == 3 ? exponentialByCharacteristicEquation(X) : exponentialBySquaring(X)
  }

  /// `-Re tr(T_a U)`.
  @inlinable @inline(__always)
  public var algebraProjection: SUNAlgebra<N> { SUNAlgebra(projecting: matrix) }

  /// Draws from the Haar measure: a complex Gaussian matrix, orthonormalised row by row, with one row
  /// turned so that the determinant is 1.
  @inlinable
  public static func haar(using generator: inout LaneGenerator) -> SU {
    var M = ComplexMatrix<N>()
    for i in 0..<N {
      for j in 0..<N {
        let (x, y) = generator.normalPair()
        M[i, j] = ComplexLanes(x, y)
      }
    }
    return SU(orthonormalizing: M)
  }

  /// `max |U† U - 1|`, entry by entry.
  @inlinable
  public var unitarityDefect: Lanes {
    var rest = matrix.adjoint * matrix
    for i in 0..<N { rest[i, i].re -= 1 }
    var largest = Lanes.zero
    for i in 0..<N {
      for j in 0..<N { largest = max(largest, max(abs(rest[i, j].re), abs(rest[i, j].im))) }
    }
    return largest
  }

  /// The rows orthonormalised, from the first to the last, and the determinant made 1: as near as the
  /// nearest element up to the square of the defect.
  @inlinable
  public var reunitarized: SU {
    var result = self
    result.reunitarize()
    return result
  }

  /// Replaces the link by ``reunitarized``.
  @inlinable @inline(__always)
  public mutating func reunitarize() {
    if N == 3 {
      withUnsafeMutablePointer(to: &matrix) { matrix in
        let memory = ComplexMatrix<N>.registers(matrix)
        for part in 0..<registersPerPacket { SU3Plaquettes.reunitarize(memory + part) }
      }
    } else {
      self = SU(orthonormalizing: matrix, passes: 1)
    }
  }

  /// The zero matrix.
  @inlinable @inline(__always) public static var zeroMatrix: ComplexMatrix<N> { ComplexMatrix() }
  /// Adds a link to a sum.
  @inlinable @inline(__always)
  public static func add(_ element: SU, to sum: inout ComplexMatrix<N>) {
    sum.add(element.matrix, scaledBy: Lanes(repeating: 1))
  }
  /// Adds a real multiple of a sum.
  @inlinable @inline(__always)
  public static func add(
    _ other: ComplexMatrix<N>, scaledBy factor: Lanes, to sum: inout ComplexMatrix<N>
  ) { sum.add(other, scaledBy: factor) }
  /// `-Re tr(T_a U M)`.
  @inlinable @inline(__always)
  public static func algebraProjection(of U: SU, times M: ComplexMatrix<N>) -> SUNAlgebra<N> {
    SUNAlgebra(projecting: U.matrix * M)
  }
  /// `Re tr(U M)`.
  @inlinable @inline(__always)
  public static func realTrace(of U: SU, times M: ComplexMatrix<N>) -> Lanes {
    U.matrix.realTrace(times: M)
  }

  /// `2 N²`: the entries row by row, the real part before the imaginary one.
  @inlinable public static var scalarsPerLink: Int { 2 * N * N }
  /// Writes the entries of one lane.
  @inlinable
  public func store(lane: Int, to pointer: UnsafeMutablePointer<Double>) {
    for i in 0..<N {
      for j in 0..<N {
        pointer[2 * (N * i + j)] = matrix[i, j].re[lane]
        pointer[2 * (N * i + j) + 1] = matrix[i, j].im[lane]
      }
    }
  }
  /// Reads the entries of one lane.
  @inlinable
  public mutating func load(lane: Int, from pointer: UnsafePointer<Double>) {
    for i in 0..<N {
      for j in 0..<N {
        matrix[i, j].re[lane] = pointer[2 * (N * i + j)]
        matrix[i, j].im[lane] = pointer[2 * (N * i + j) + 1]
      }
    }
  }
}

/// A link variable of SU(3).
public typealias SU3 = SU<3>
/// A link variable of SU(4).
public typealias SU4 = SU<4>
/// A link variable of SU(5).
public typealias SU5 = SU<5>
/// A link variable of SU(6).
public typealias SU6 = SU<6>
