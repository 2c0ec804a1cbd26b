import LaneMath

/// A complex N x N matrix in each of 8 configurations: a sum of group elements, where staples live.
///
/// Shape: `N²` complex numbers, row after row, the real part before the imaginary one.
@frozen
public struct ComplexMatrix<let N: Int>: BitwiseCopyable, Sendable {
  /// The rows.
  public var rows: InlineArray<N, InlineArray<N, ComplexLanes>>

  /// The matrix of the given rows.
  @inlinable @inline(__always)
  public init(rows: InlineArray<N, InlineArray<N, ComplexLanes>>) { self.rows = rows }

  /// The zero matrix.
  @inlinable @inline(__always)
  public init() {
    rows = InlineArray(repeating: InlineArray(repeating: ComplexLanes(.zero, .zero)))
  }

  /// A multiple of the unit matrix.
  @inlinable @inline(__always)
  public init(diagonal value: ComplexLanes) {
    self.init()
    for i in 0..<N { rows[i][i] = value }
  }

  /// An entry.
  @inlinable public subscript(row: Int, column: Int) -> ComplexLanes {
    @inline(__always) get { rows[row][column] }
    @inline(__always) set { rows[row][column] = newValue }
  }

  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: ComplexMatrix, b: ComplexMatrix) -> ComplexMatrix {
    var result = a
    result.add(b, scaledBy: Lanes(repeating: 1))
    return result
  }

  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: ComplexMatrix, b: ComplexMatrix) -> ComplexMatrix {
    var result = a
    result.add(b, scaledBy: Lanes(repeating: -1))
    return result
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: ComplexMatrix, b: ComplexMatrix) -> ComplexMatrix {
    var result = ComplexMatrix()
    withKernel(a, b, &result) { a, b, c in
      ComplexRow<N>(a).times(b).store(c)
    }
    return result
  }

  /// A real multiple.
  @inlinable @inline(__always)
  public static func * (factor: Lanes, a: ComplexMatrix) -> ComplexMatrix {
    var result = ComplexMatrix()
    result.add(a, scaledBy: factor)
    return result
  }

  /// `self b†`.
  @inlinable @inline(__always)
  public func timesAdjoint(of b: ComplexMatrix) -> ComplexMatrix {
    var result = ComplexMatrix()
    Self.withKernel(self, b, &result) { a, b, c in
      ComplexRow<N>(a).timesAdjoint(b).store(c)
    }
    return result
  }

  /// Adds a real multiple of a matrix.
  @inlinable @inline(__always)
  public mutating func add(_ b: ComplexMatrix, scaledBy factor: Lanes) {
    for i in 0..<N {
      for j in 0..<N {
        rows[i][j].re = multiplyAdd(factor, b.rows[i][j].re, rows[i][j].re)
        rows[i][j].im = multiplyAdd(factor, b.rows[i][j].im, rows[i][j].im)
      }
    }
  }

  /// The adjoint, `self†`.
  @inlinable @inline(__always)
  public var adjoint: ComplexMatrix {
    var result = ComplexMatrix()
    for i in 0..<N {
      for j in 0..<N { result.rows[i][j] = rows[j][i].conjugate }
    }
    return result
  }

  /// The trace.
  @inlinable @inline(__always)
  public var trace: ComplexLanes {
    var sum = rows[0][0]
    for i in 1..<N { sum = sum + rows[i][i] }
    return sum
  }

  /// `Re tr(self b)`.
  @inlinable @inline(__always)
  public func realTrace(times b: ComplexMatrix) -> Lanes {
    var sum = Lanes.zero
    for i in 0..<N {
      for k in 0..<N {
        sum = multiplyAdd(rows[i][k].re, b.rows[k][i].re, sum)
        sum = negativeMultiplyAdd(rows[i][k].im, b.rows[k][i].im, sum)
      }
    }
    return sum
  }

  /// Runs a kernel for every row of `a` and every register of a packet.
  @inlinable @inline(__always)
  static func withKernel(
    _ a: ComplexMatrix, _ b: ComplexMatrix, _ c: inout ComplexMatrix,
    _ body: (
      UnsafePointer<RegisterLanes>, UnsafePointer<RegisterLanes>,
      UnsafeMutablePointer<RegisterLanes>
    ) -> Void
  ) {
    withUnsafePointer(to: a) { a in
      withUnsafePointer(to: b) { b in
        withUnsafeMutablePointer(to: &c) { c in
          let a = Self.registers(a), b = Self.registers(b), c = Self.registers(c)
          for part in 0..<registersPerPacket {
            for i in 0..<N {
              let row = ComplexRow<N>.Layout.lanes.entry &* N &* i &+ part
              body(a + row, b + part, c + row)
            }
          }
        }
      }
    }
  }

  /// The memory of a matrix, register by register.
  @inlinable @inline(__always)
  static func registers(_ a: UnsafePointer<ComplexMatrix>) -> UnsafePointer<RegisterLanes> {
    UnsafeRawPointer(a).assumingMemoryBound(to: RegisterLanes.self)
  }

  /// The memory of a matrix, register by register.
  @inlinable @inline(__always)
  static func registers(_ a: UnsafeMutablePointer<ComplexMatrix>)
    -> UnsafeMutablePointer<RegisterLanes>
  { UnsafeMutableRawPointer(a).assumingMemoryBound(to: RegisterLanes.self) }
}
