import LaneMath

/// A U(1) link variable `exp(i angle)`.
///
/// The angle itself is stored: products are sums, an ensemble file holds the same number, and no
/// rounding can lead away from the group. The angle is defined modulo 2π and is not kept in
/// `(-π, π]` by the operations; `reunitarized` wraps it.
@frozen public struct U1: GaugeGroup {
  /// The phase in radians.
  public var angle: Lanes

  /// A link with the given phase.
  @inlinable @inline(__always) public init(angle: Lanes) { self.angle = angle }

  /// `U1`.
  @inlinable public static var name: String { "U1" }
  /// 1.
  @inlinable public static var colors: Int { 1 }
  /// True.
  @inlinable public static var isAbelian: Bool { true }
  /// The link of phase 0.
  @inlinable public static var identity: U1 { U1(angle: .zero) }

  /// The sum of the phases.
  @inlinable @inline(__always) public static func * (a: U1, b: U1) -> U1 {
    U1(angle: a.angle + b.angle)
  }
  /// The opposite phase.
  @inlinable @inline(__always) public var adjoint: U1 { U1(angle: -angle) }
  /// `cos φ`.
  @inlinable @inline(__always) public var realTrace: Lanes { cos(angle) }
  /// `sin φ`.
  @inlinable @inline(__always) public var imaginaryTrace: Lanes { sin(angle) }
  /// The link of phase `X`.
  @inlinable @inline(__always) public static func exp(_ X: U1Algebra) -> U1 { U1(angle: X.value) }
  /// `sin φ`.
  @inlinable @inline(__always) public var algebraProjection: U1Algebra {
    U1Algebra(value: sin(angle))
  }
  /// A phase uniform in `(-π, π]`.
  @inlinable public static func haar(using generator: inout LaneGenerator) -> U1 {
    U1(angle: (1 - 2 * generator.uniform()) * Double.pi)
  }
  /// 0 where the phase is finite, infinity elsewhere.
  @inlinable public var unitarityDefect: Lanes {
    select((angle - angle) .== .zero, .zero, Lanes(repeating: .infinity))
  }
  /// The same link with its phase in `(-π, π]`.
  @inlinable @inline(__always) public var reunitarized: U1 { U1(angle: wrapAngle(angle)) }

  /// `0 + 0 i`.
  @inlinable public static var zeroMatrix: ComplexLanes { ComplexLanes(.zero, .zero) }
  /// Adds `exp(i φ)`.
  @inlinable @inline(__always)
  public static func add(_ element: U1, to sum: inout ComplexLanes) {
    let (sine, cosine) = sincos(element.angle)
    sum.re += cosine
    sum.im += sine
  }
  /// Adds a real multiple of a sum.
  @inlinable @inline(__always)
  public static func add(
    _ other: ComplexLanes, scaledBy factor: Lanes, to sum: inout ComplexLanes
  ) {
    sum.re = multiplyAdd(factor, other.re, sum.re)
    sum.im = multiplyAdd(factor, other.im, sum.im)
  }
  /// `Im(exp(i φ) M)`.
  @inlinable @inline(__always)
  public static func algebraProjection(of U: U1, times M: ComplexLanes) -> U1Algebra {
    let (sine, cosine) = sincos(U.angle)
    return U1Algebra(value: sine * M.re + cosine * M.im)
  }
  /// `Re(exp(i φ) M)`.
  @inlinable @inline(__always)
  public static func realTrace(of U: U1, times M: ComplexLanes) -> Lanes {
    let (sine, cosine) = sincos(U.angle)
    return cosine * M.re - sine * M.im
  }

  /// 1: the phase.
  @inlinable public static var scalarsPerLink: Int { 1 }
  /// Writes the phase.
  @inlinable public func store(lane: Int, to pointer: UnsafeMutablePointer<Double>) {
    pointer[0] = angle[lane]
  }
  /// Reads the phase.
  @inlinable public mutating func load(lane: Int, from pointer: UnsafePointer<Double>) {
    angle[lane] = pointer[0]
  }
}

/// The algebra of U(1): one real coordinate, the derivative with respect to the phase.
@frozen public struct U1Algebra: LieAlgebra {
  /// The coordinate.
  public var value: Lanes
  /// An element with the given coordinate.
  @inlinable @inline(__always) public init(value: Lanes) { self.value = value }
  /// 1.
  @inlinable public static var dimension: Int { 1 }
  /// 0.
  @inlinable public static var zero: U1Algebra { U1Algebra(value: .zero) }
  /// The sum.
  @inlinable @inline(__always) public static func + (a: U1Algebra, b: U1Algebra) -> U1Algebra {
    U1Algebra(value: a.value + b.value)
  }
  /// The difference.
  @inlinable @inline(__always) public static func - (a: U1Algebra, b: U1Algebra) -> U1Algebra {
    U1Algebra(value: a.value - b.value)
  }
  /// The multiple.
  @inlinable @inline(__always) public static func * (factor: Lanes, X: U1Algebra) -> U1Algebra {
    U1Algebra(value: factor * X.value)
  }
  /// `X Y`.
  @inlinable @inline(__always) public func dot(_ other: U1Algebra) -> Lanes { value * other.value }
  /// A standard normal number.
  @inlinable public static func gaussian(using generator: inout LaneGenerator) -> U1Algebra {
    U1Algebra(value: generator.normal())
  }
  /// The coordinate, for every index.
  @inlinable public subscript(coordinate: Int) -> Lanes {
    get { value }
    set { value = newValue }
  }
}
