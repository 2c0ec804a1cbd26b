import LaneMath

/// A link variable of SU(2), as a unit quaternion.
///
///     U = a_0 + i σ·a = ( a_0 + i a_3   a_2 + i a_1 )
///                       ( -a_2 + i a_1  a_0 - i a_3 ),   a_0² + a² = 1,   T_a = i σ_a / 2
///
/// Four numbers in place of the eight of a matrix; sums of staples are quaternions as well.
@frozen
public struct SU2: GaugeGroup {
  /// The algebra in three coordinates.
  public typealias Algebra = SU2Algebra
  /// Sums of staples.
  public typealias Matrix = Quaternion

  /// The quaternion.
  public var quaternion: Quaternion

  /// The link of a quaternion, which is taken to be of norm 1.
  @inlinable @inline(__always)
  public init(unchecked quaternion: Quaternion) { self.quaternion = quaternion }

  /// `SU2`.
  @inlinable public static var name: String { "SU2" }
  /// 2.
  @inlinable @inline(__always) public static var colors: Int { 2 }
  /// False.
  @inlinable @inline(__always) public static var isAbelian: Bool { false }
  /// The unit matrix.
  @inlinable @inline(__always)
  public static var identity: SU2 {
    SU2(unchecked: Quaternion(Lanes(repeating: 1), .zero, .zero, .zero))
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: SU2, b: SU2) -> SU2 { SU2(unchecked: a.quaternion * b.quaternion) }
  /// `U†`.
  @inlinable @inline(__always)
  public var adjoint: SU2 { SU2(unchecked: quaternion.adjoint) }
  /// `Re tr U = 2 a_0`.
  @inlinable @inline(__always) public var realTrace: Lanes { 2 * quaternion.a0 }
  /// 0.
  @inlinable @inline(__always) public var imaginaryTrace: Lanes { .zero }

  /// `exp(Σ_a X_a T_a) = cos(|X|/2) + i σ·X sin(|X|/2)/|X|`.
  @inlinable @inline(__always)
  public static func exp(_ X: SU2Algebra) -> SU2 {
    // Far below the smallest length whose square is not zero: the ratio is then 1/2 as it should.
    let length = sqrt(X.dot(X)) + 1e-300
    let (sine, cosine) = sincos(0.5 * length)
    let ratio = sine / length
    return SU2(unchecked: Quaternion(cosine, ratio * X.x, ratio * X.y, ratio * X.z))
  }

  /// `-Re tr(T_a U) = a_a`.
  @inlinable @inline(__always)
  public var algebraProjection: SU2Algebra { SU2Algebra(projecting: quaternion) }

  /// Draws from the Haar measure: four normal numbers, divided by their length.
  @inlinable
  public static func haar(using generator: inout LaneGenerator) -> SU2 {
    let (a0, a1) = generator.normalPair()
    let (a2, a3) = generator.normalPair()
    return SU2(unchecked: Quaternion(a0, a1, a2, a3)).reunitarized
  }

  /// `max |U† U - 1| = |a_0² + a² - 1|`.
  @inlinable public var unitarityDefect: Lanes { abs(quaternion.squaredNorm - 1) }
  /// The quaternion divided by its length: the nearest element.
  @inlinable @inline(__always)
  public var reunitarized: SU2 {
    SU2(unchecked: (1 / sqrt(quaternion.squaredNorm)) * quaternion)
  }

  /// The zero matrix.
  @inlinable @inline(__always)
  public static var zeroMatrix: Quaternion { Quaternion(.zero, .zero, .zero, .zero) }
  /// Adds a link to a sum.
  @inlinable @inline(__always)
  public static func add(_ element: SU2, to sum: inout Quaternion) {
    sum = sum + element.quaternion
  }
  /// Adds a real multiple of a sum.
  @inlinable @inline(__always)
  public static func add(_ other: Quaternion, scaledBy factor: Lanes, to sum: inout Quaternion) {
    sum = Quaternion(
      multiplyAdd(factor, other.a0, sum.a0), multiplyAdd(factor, other.a1, sum.a1),
      multiplyAdd(factor, other.a2, sum.a2), multiplyAdd(factor, other.a3, sum.a3))
  }
  /// `-Re tr(T_a U M)`.
  @inlinable @inline(__always)
  public static func algebraProjection(of U: SU2, times M: Quaternion) -> SU2Algebra {
    SU2Algebra(projecting: U.quaternion * M)
  }
  /// `Re tr(U M)`.
  @inlinable @inline(__always)
  public static func realTrace(of U: SU2, times M: Quaternion) -> Lanes {
    let a = U.quaternion
    var sum = a.a0 * M.a0
    sum = negativeMultiplyAdd(a.a1, M.a1, sum)
    sum = negativeMultiplyAdd(a.a2, M.a2, sum)
    sum = negativeMultiplyAdd(a.a3, M.a3, sum)
    return 2 * sum
  }

  /// 8: the entries of the matrix row by row, the real part before the imaginary one.
  @inlinable public static var scalarsPerLink: Int { 8 }
  /// Writes the matrix of one lane.
  @inlinable
  public func store(lane: Int, to pointer: UnsafeMutablePointer<Double>) {
    let q = quaternion
    pointer[0] = q.a0[lane]
    pointer[1] = q.a3[lane]
    pointer[2] = q.a2[lane]
    pointer[3] = q.a1[lane]
    pointer[4] = -q.a2[lane]
    pointer[5] = q.a1[lane]
    pointer[6] = q.a0[lane]
    pointer[7] = -q.a3[lane]
  }
  /// Reads the matrix of one lane; its first row decides.
  @inlinable
  public mutating func load(lane: Int, from pointer: UnsafePointer<Double>) {
    quaternion.a0[lane] = pointer[0]
    quaternion.a3[lane] = pointer[1]
    quaternion.a2[lane] = pointer[2]
    quaternion.a1[lane] = pointer[3]
  }
}

/// A quaternion `a_0 + i σ·a` of any length in each of 8 configurations.
@frozen
public struct Quaternion: BitwiseCopyable, Sendable {
  /// Half the trace.
  public var a0: Lanes
  /// The coefficient of `i σ_1`.
  public var a1: Lanes
  /// The coefficient of `i σ_2`.
  public var a2: Lanes
  /// The coefficient of `i σ_3`.
  public var a3: Lanes

  /// `a_0 + i σ·a`.
  @inlinable @inline(__always)
  public init(_ a0: Lanes, _ a1: Lanes, _ a2: Lanes, _ a3: Lanes) {
    self.a0 = a0
    self.a1 = a1
    self.a2 = a2
    self.a3 = a3
  }

  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: Quaternion, b: Quaternion) -> Quaternion {
    Quaternion(a.a0 + b.a0, a.a1 + b.a1, a.a2 + b.a2, a.a3 + b.a3)
  }

  /// A real multiple.
  @inlinable @inline(__always)
  public static func * (factor: Lanes, a: Quaternion) -> Quaternion {
    Quaternion(factor * a.a0, factor * a.a1, factor * a.a2, factor * a.a3)
  }

  /// The product, `(a_0 b_0 - a·b) + i σ·(a_0 b + b_0 a - a × b)`.
  @inlinable @inline(__always)
  public static func * (a: Quaternion, b: Quaternion) -> Quaternion {
    var x0 = a.a0 * b.a0
    var x1 = a.a0 * b.a1
    var x2 = a.a0 * b.a2
    var x3 = a.a0 * b.a3
    x0 = negativeMultiplyAdd(a.a1, b.a1, x0)
    x1 = multiplyAdd(a.a1, b.a0, x1)
    x2 = multiplyAdd(a.a1, b.a3, x2)
    x3 = negativeMultiplyAdd(a.a1, b.a2, x3)
    x0 = negativeMultiplyAdd(a.a2, b.a2, x0)
    x1 = negativeMultiplyAdd(a.a2, b.a3, x1)
    x2 = multiplyAdd(a.a2, b.a0, x2)
    x3 = multiplyAdd(a.a2, b.a1, x3)
    x0 = negativeMultiplyAdd(a.a3, b.a3, x0)
    x1 = multiplyAdd(a.a3, b.a2, x1)
    x2 = negativeMultiplyAdd(a.a3, b.a1, x2)
    x3 = multiplyAdd(a.a3, b.a0, x3)
    return Quaternion(x0, x1, x2, x3)
  }

  /// `a_0 - i σ·a`.
  @inlinable @inline(__always)
  public var adjoint: Quaternion { Quaternion(a0, -a1, -a2, -a3) }

  /// `a_0² + a²`: the determinant.
  @inlinable @inline(__always)
  public var squaredNorm: Lanes {
    multiplyAdd(a0, a0, multiplyAdd(a1, a1, multiplyAdd(a2, a2, a3 * a3)))
  }

  /// The quaternion divided by its length, and the length; where that is zero, the direction is 1.
  @inlinable @inline(__always)
  public var directionAndNorm: (direction: Quaternion, norm: Lanes) {
    let square = squaredNorm
    let isZero = square .< 1e-290
    let norm = sqrt(select(isZero, Lanes(repeating: 1), square))
    let inverse = 1 / norm
    let unit = select(isZero, Lanes(repeating: 1), inverse * a0)
    let direction = Quaternion(unit, inverse * a1, inverse * a2, inverse * a3)
    return (direction, select(isZero, .zero, norm))
  }
}

/// An element of the algebra of SU(2), `(i/2) σ·X`.
@frozen
public struct SU2Algebra: LieAlgebra {
  /// The coordinate of `i σ_1 / 2`.
  public var x: Lanes
  /// The coordinate of `i σ_2 / 2`.
  public var y: Lanes
  /// The coordinate of `i σ_3 / 2`.
  public var z: Lanes

  /// `(i/2) σ·X`.
  @inlinable @inline(__always)
  public init(x: Lanes, y: Lanes, z: Lanes) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// `-Re tr(T_a M)` for each generator.
  @inlinable @inline(__always)
  public init(projecting M: Quaternion) { self.init(x: M.a1, y: M.a2, z: M.a3) }

  /// 3.
  @inlinable public static var dimension: Int { 3 }
  /// The zero element.
  @inlinable @inline(__always)
  public static var zero: SU2Algebra { SU2Algebra(x: .zero, y: .zero, z: .zero) }
  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: SU2Algebra, b: SU2Algebra) -> SU2Algebra {
    SU2Algebra(x: a.x + b.x, y: a.y + b.y, z: a.z + b.z)
  }
  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: SU2Algebra, b: SU2Algebra) -> SU2Algebra {
    SU2Algebra(x: a.x - b.x, y: a.y - b.y, z: a.z - b.z)
  }
  /// The multiple by a number that may differ between lanes.
  @inlinable @inline(__always)
  public static func * (factor: Lanes, X: SU2Algebra) -> SU2Algebra {
    SU2Algebra(x: factor * X.x, y: factor * X.y, z: factor * X.z)
  }
  /// `X·Y`.
  @inlinable @inline(__always)
  public func dot(_ other: SU2Algebra) -> Lanes {
    multiplyAdd(x, other.x, multiplyAdd(y, other.y, z * other.z))
  }
  /// Independent standard normal coordinates.
  @inlinable
  public static func gaussian(using generator: inout LaneGenerator) -> SU2Algebra {
    let x = generator.normal()
    let y = generator.normal()
    return SU2Algebra(x: x, y: y, z: generator.normal())
  }
  /// One coordinate.
  @inlinable public subscript(coordinate: Int) -> Lanes {
    @inline(__always) get { coordinate == 0 ? x : coordinate == 1 ? y : z }
    @inline(__always) set {
      switch coordinate {
      case 0: x = newValue
      case 1: y = newValue
      default: z = newValue
      }
    }
  }
}
