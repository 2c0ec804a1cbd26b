import LaneMath

/// A complex number in each of 8 configurations.
@frozen public struct ComplexLanes: BitwiseCopyable, Sendable {
  /// The real part.
  public var re: Lanes
  /// The imaginary part.
  public var im: Lanes
  /// `re + i im`.
  @inlinable @inline(__always) public init(_ re: Lanes, _ im: Lanes) {
    self.re = re
    self.im = im
  }
  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: ComplexLanes, b: ComplexLanes) -> ComplexLanes {
    ComplexLanes(a.re + b.re, a.im + b.im)
  }
  /// The product.
  @inlinable @inline(__always)
  public static func * (a: ComplexLanes, b: ComplexLanes) -> ComplexLanes {
    ComplexLanes(
      negativeMultiplyAdd(a.im, b.im, a.re * b.re), multiplyAdd(a.re, b.im, a.im * b.re))
  }
  /// The complex conjugate.
  @inlinable @inline(__always) public var conjugate: ComplexLanes { ComplexLanes(re, -im) }
  /// `re² + im²`.
  @inlinable @inline(__always) public var squaredMagnitude: Lanes { re * re + im * im }
}
