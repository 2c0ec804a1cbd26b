import LaneMath
import LatticeFields

/// Complex matrices in which products and sums of links live.
public protocol FieldMatrix: BitwiseCopyable, Sendable {
  /// The zero matrix.
  static var zero: Self { get }
  /// The product.
  static func * (a: Self, b: Self) -> Self
  /// The sum.
  static func + (a: Self, b: Self) -> Self
  /// The difference.
  static func - (a: Self, b: Self) -> Self
  /// `self†`.
  var adjoint: Self { get }
  /// `self b†`.
  func timesAdjoint(of b: Self) -> Self
  /// Adds a real multiple.
  mutating func add(_ b: Self, scaledBy factor: Lanes)
  /// `i self`, or 0 where no trace and no projection to the algebra would see it.
  var turned: Self { get }
  /// `Re tr(self b†)`.
  func realTrace(timesAdjointOf b: Self) -> Lanes
  /// `Re tr`.
  var realTrace: Lanes { get }
  /// `Im tr`.
  var imaginaryTrace: Lanes { get }
}

/// A gauge group with what a ``LocalBasis`` needs of it: links as matrices that can be added and
/// multiplied.
public protocol LocalGroup: WalkGroup where Matrix: FieldMatrix {
  /// The link.
  var fieldMatrix: Matrix { get }
  /// `-Re tr(T_a M)` for each generator.
  static func algebraProjection(of M: Matrix) -> Algebra
  /// `Σ_a X_a T_a`.
  static func fieldMatrix(of X: Algebra) -> Matrix
}

extension Quaternion: FieldMatrix {
  /// 0.
  @inlinable @inline(__always)
  public static var zero: Quaternion { Quaternion(.zero, .zero, .zero, .zero) }
  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: Quaternion, b: Quaternion) -> Quaternion {
    Quaternion(a.a0 - b.a0, a.a1 - b.a1, a.a2 - b.a2, a.a3 - b.a3)
  }
  /// `self b†`.
  @inlinable @inline(__always)
  public func timesAdjoint(of b: Quaternion) -> Quaternion { self * b.adjoint }
  /// Adds a real multiple.
  @inlinable @inline(__always)
  public mutating func add(_ b: Quaternion, scaledBy factor: Lanes) {
    SU2.add(b, scaledBy: factor, to: &self)
  }
  /// 0: real traces and projections to the algebra do not see `i` times a quaternion.
  @inlinable @inline(__always) public var turned: Quaternion { .zero }
  /// Twice the product of the four numbers.
  @inlinable @inline(__always)
  public func realTrace(timesAdjointOf b: Quaternion) -> Lanes {
    2 * multiplyAdd(a0, b.a0, multiplyAdd(a1, b.a1, multiplyAdd(a2, b.a2, a3 * b.a3)))
  }
  /// `2 a_0`.
  @inlinable @inline(__always) public var realTrace: Lanes { 2 * a0 }
  /// 0.
  @inlinable @inline(__always) public var imaginaryTrace: Lanes { .zero }
}

extension SU2: LocalGroup {
  /// The quaternion.
  @inlinable @inline(__always) public var fieldMatrix: Quaternion { quaternion }
  /// The last three numbers.
  @inlinable @inline(__always)
  public static func algebraProjection(of M: Quaternion) -> SU2Algebra {
    SU2Algebra(projecting: M)
  }
  /// `(i/2) σ·X`.
  @inlinable @inline(__always)
  public static func fieldMatrix(of X: SU2Algebra) -> Quaternion {
    Quaternion(.zero, 0.5 * X.x, 0.5 * X.y, 0.5 * X.z)
  }
}

extension ComplexMatrix: FieldMatrix {
  /// 0.
  @inlinable @inline(__always) public static var zero: ComplexMatrix { ComplexMatrix() }
  /// `i self`.
  @inlinable @inline(__always)
  public var turned: ComplexMatrix {
    var result = ComplexMatrix()
    for i in 0..<N {
      for j in 0..<N { result[i, j] = ComplexLanes(-self[i, j].im, self[i, j].re) }
    }
    return result
  }
  /// The sum of products of entries.
  @inlinable @inline(__always)
  public func realTrace(timesAdjointOf b: ComplexMatrix) -> Lanes {
    var sum = Lanes.zero
    for i in 0..<N {
      for j in 0..<N {
        sum = multiplyAdd(self[i, j].re, b[i, j].re, sum)
        sum = multiplyAdd(self[i, j].im, b[i, j].im, sum)
      }
    }
    return sum
  }
  /// `Re tr`.
  @inlinable @inline(__always) public var realTrace: Lanes { trace.re }
  /// `Im tr`.
  @inlinable @inline(__always) public var imaginaryTrace: Lanes { trace.im }
}

extension SU: LocalGroup {
  /// The matrix itself.
  @inlinable @inline(__always) public var fieldMatrix: ComplexMatrix<N> { matrix }
  /// `-Re tr(T_a M)`.
  @inlinable @inline(__always)
  public static func algebraProjection(of M: ComplexMatrix<N>) -> SUNAlgebra<N> {
    SUNAlgebra(projecting: M)
  }
  /// `Σ_a X_a T_a`.
  @inlinable @inline(__always)
  public static func fieldMatrix(of X: SUNAlgebra<N>) -> ComplexMatrix<N> { X.matrix }
}
