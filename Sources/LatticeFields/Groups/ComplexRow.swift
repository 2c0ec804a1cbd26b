import LaneMath

/// One row of a complex matrix in the lanes of one vector register: what the products of SU(N) are
/// made of.
///
/// A row, and the row of the next product in a chain, stay in registers; the entries of the other
/// factor come from memory as operands of the multiply-adds.
@frozen
@usableFromInline
struct ComplexRow<let N: Int> {
  @usableFromInline var re: InlineArray<N, RegisterLanes>
  @usableFromInline var im: InlineArray<N, RegisterLanes>

  @inlinable @inline(__always)
  init() {
    re = InlineArray(repeating: .zero)
    im = InlineArray(repeating: .zero)
  }

  /// The distance between a matrix entry and the next, in registers: a real and an imaginary part.
  @inlinable @inline(__always)
  static var entry: Int { 2 &* registersPerPacket }
  /// The distance between the real and the imaginary part.
  @inlinable @inline(__always)
  static var imaginary: Int { registersPerPacket }

  /// The row that begins at `p`.
  @inlinable @inline(__always)
  init(_ p: UnsafePointer<RegisterLanes>) {
    re = InlineArray { p[Self.entry &* $0] }
    im = InlineArray { p[Self.entry &* $0 &+ Self.imaginary] }
  }

  /// The conjugate of the column that begins at `p`: a row of the adjoint.
  @inlinable @inline(__always)
  init(conjugateColumn p: UnsafePointer<RegisterLanes>) {
    re = InlineArray { p[Self.entry &* N &* $0] }
    im = InlineArray { -p[Self.entry &* N &* $0 &+ Self.imaginary] }
  }

  /// The row times the matrix `b`.
  @inlinable @inline(__always)
  func times(_ b: UnsafePointer<RegisterLanes>) -> ComplexRow {
    var result = ComplexRow()
    let e = Self.entry, i = Self.imaginary
    for j in 0..<N {
      let column = b + e &* j
      var x = re[0] * column[0]
      var y = re[0] * column[i]
      for k in 1..<N {
        x = registerMultiplyAdd(re[k], column[e &* N &* k], x)
        y = registerMultiplyAdd(re[k], column[e &* N &* k &+ i], y)
      }
      for k in 0..<N {
        x = registerNegativeMultiplyAdd(im[k], column[e &* N &* k &+ i], x)
        y = registerMultiplyAdd(im[k], column[e &* N &* k], y)
      }
      result.re[j] = x
      result.im[j] = y
    }
    return result
  }

  /// The row times the adjoint of the matrix `b`.
  @inlinable @inline(__always)
  func timesAdjoint(_ b: UnsafePointer<RegisterLanes>) -> ComplexRow {
    var result = ComplexRow()
    let e = Self.entry, i = Self.imaginary
    for j in 0..<N {
      let row = b + e &* N &* j
      var x = re[0] * row[0]
      var y = im[0] * row[0]
      for k in 1..<N {
        x = registerMultiplyAdd(re[k], row[e &* k], x)
        y = registerMultiplyAdd(im[k], row[e &* k], y)
      }
      for k in 0..<N {
        x = registerMultiplyAdd(im[k], row[e &* k &+ i], x)
        y = registerNegativeMultiplyAdd(re[k], row[e &* k &+ i], y)
      }
      result.re[j] = x
      result.im[j] = y
    }
    return result
  }

  /// Writes the row to memory.
  @inlinable @inline(__always)
  func store(_ p: UnsafeMutablePointer<RegisterLanes>) {
    for j in 0..<N {
      p[Self.entry &* j] = re[j]
      p[Self.entry &* j &+ Self.imaginary] = im[j]
    }
  }

  /// Adds the row to memory.
  @inlinable @inline(__always)
  func add(_ p: UnsafeMutablePointer<RegisterLanes>) {
    for j in 0..<N {
      p[Self.entry &* j] += re[j]
      p[Self.entry &* j &+ Self.imaginary] += im[j]
    }
  }

  /// Adds a multiple of the row to memory.
  @inlinable @inline(__always)
  func add(scaledBy factor: RegisterLanes, _ p: UnsafeMutablePointer<RegisterLanes>) {
    for j in 0..<N {
      let x = Self.entry &* j, y = x &+ Self.imaginary
      p[x] = registerMultiplyAdd(factor, re[j], p[x])
      p[y] = registerMultiplyAdd(factor, im[j], p[y])
    }
  }
}
